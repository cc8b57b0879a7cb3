// A page of our own, where axe stands ready and may run. What a visitor sees is
// copied there: a page of the site lets no foreign script in, and a visitor may
// have scripts off.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Every rule, and the one that is off by default because its criterion is young. */
const RULES = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations', 'incomplete'] };

/** Loading axe takes longer than running it, so a lab is used again. */
const idle = [];

/** What axe finds in the visitor's page, and what it could not decide, light and dark, as sentences. */
export async function axe(visitor) {
  const lab = idle.pop() ?? (await open(visitor.context.browser()));
  await lab.setViewportSize(visitor.page.viewportSize());
  await lab.evaluate(show, (await visitor.page.content()).replace(/<script>.*?<\/script>/gs, ''));
  const found = [];
  for (const colorScheme of ['light', 'dark']) {
    await lab.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const { violations, incomplete } = await lab.evaluate((rules) => globalThis.axe.run(rules), RULES);
    found.push(...[...violations, ...incomplete].flatMap(sentences).map((one) => `${colorScheme}: ${one}`));
  }
  idle.push(lab);
  return found;
}

async function open(browser) {
  const lab = await browser.newPage();
  await lab.evaluate(`${AXE};0`);
  return lab;
}

function sentences({ id, help, nodes }) {
  return nodes.map(({ html, failureSummary = '' }) => `${id} (${help}): ${html} ${failureSummary.replace(/\s+/g, ' ')}`);
}

/** Runs in the lab: puts this document in the place of the one before, and keeps axe. */
function show(html) {
  document.open();
  document.write(`<!doctype html>${html.replace(/^<!doctype html>/i, '')}`);
  document.close();
}
