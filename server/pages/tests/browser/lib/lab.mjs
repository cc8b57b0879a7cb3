// The same page where scripts of ours may run, whether the visitor's may or not.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const AXE = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
/** Every rule, and the one that is off by default because its criterion is young. */
const RULES = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations', 'incomplete'] };

/** Lends the visitor's page to `work`. Without scripts, a copy of it as it stands there, less its script. */
export async function inLab(visitor, work) {
  if (visitor.script) return work(visitor.page);
  const body = (await visitor.page.content()).replace(/<script>.*?<\/script>/s, '');
  const context = await visitor.context.browser().newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.setViewportSize(visitor.page.viewportSize());
  await page.route('**', (route) => route.fulfill({ body, contentType: 'text/html; charset=utf-8' }));
  await page.goto(visitor.page.url());
  const found = await work(page);
  await context.close();
  return found;
}

/** What axe finds, and what it could not decide, as sentences. */
export async function axe(page) {
  const is = await page.evaluate("typeof axe === 'object'");
  if (!is) await page.evaluate(`${AXE};0`);
  const { violations, incomplete } = await page.evaluate((rules) => globalThis.axe.run(rules), RULES);
  return [...violations, ...incomplete].flatMap(({ id, help, nodes }) =>
    nodes.map(({ html, failureSummary = '' }) => `${id} (${help}): ${html} ${failureSummary.replace(/\s+/g, ' ')}`),
  );
}
