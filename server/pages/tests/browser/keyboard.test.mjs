// Hands that never leave the keyboard: from the secret to its reader, with and
// without scripts.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { site, stopSites } from './lib/sites.mjs';
import { Visitor, launch } from './lib/visitor.mjs';

/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
/** More than any page has stops. */
const STOPS = 40;

let browser;
let program;
before(async () => {
  [browser, program] = await Promise.all([launch(), site('plain')]);
});
after(async () => {
  await browser.close();
  await stopSites();
});

for (const script of [true, false]) {
  describe(script ? 'by keyboard' : 'by keyboard, without scripts', () => {
    it('a secret is shared and opened', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      await visitor.go('/');
      await type(visitor, '[name=secret]', 'typed by hand');
      await choose(visitor, '[name=ttl]');
      await type(visitor, '[name=passphrase]', 'horse battery');
      await press(visitor, 'form button:not([type=button])');
      await startsAt(visitor, 'h1');
      await tabTo(visitor, '#link');
      await visitor.go(await visitor.value('link'));
      await type(visitor, '[name=passphrase]', 'horse battery');
      await press(visitor, 'form button:not([type=button])');
      await startsAt(visitor, 'h1');
      await tabTo(visitor, '#value');
      assert.equal(await visitor.value('value'), 'typed by hand');
      await visitor.farewell();
    });

    it('the way from an error leads to its field', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      await visitor.go('/');
      await press(visitor, 'form button:not([type=button])');
      await startsAt(visitor, '[role=alert]');
      await tabTo(visitor, '[role=alert] a');
      await visitor.page.keyboard.press('Enter');
      await visitor.page.keyboard.type('typed after all');
      assert.equal(await visitor.value('secret'), 'typed after all');
      await visitor.farewell();
    });

    it('a wrong passphrase is told first, and its field comes next', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      const { front } = await program.share({ passphrase: 'horse battery' });
      await visitor.go(front);
      await type(visitor, '[name=passphrase]', 'wrong');
      await visitor.leave(() => visitor.page.keyboard.press('Enter'));
      await startsAt(visitor, '[role=alert]');
      await visitor.page.keyboard.press('Tab');
      assert.ok(await isAt(visitor, '[name=passphrase]'));
      await visitor.farewell();
    });

    it('a secret is deleted unopened', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      const { receipt } = await program.share({});
      await visitor.go(receipt);
      await press(visitor, 'a[href*="/burn"]');
      await press(visitor, 'form button:not([type=button])');
      assert.equal(await visitor.heading(), 'The secret was deleted unopened');
      await startsAt(visitor, 'h1');
      await visitor.farewell();
    });
  });
}

/** Tabs on until this has the focus. Every stop on the way can be seen, and follows the one before. */
async function tabTo(visitor, selector) {
  for (let stop = 0; stop < STOPS; stop += 1) {
    const before = await visitor.page.evaluateHandle(() => document.activeElement);
    await visitor.page.keyboard.press('Tab');
    assert.deepEqual(await visitor.page.evaluate(unfit, before), []);
    if (await isAt(visitor, selector)) return;
  }
  assert.fail(`no way leads to ${selector}`);
}

async function type(visitor, selector, text) {
  await tabTo(visitor, selector);
  await visitor.page.keyboard.type(text);
}

async function choose(visitor, selector) {
  await tabTo(visitor, selector);
  await visitor.page.keyboard.press('Home');
}

async function press(visitor, selector) {
  await tabTo(visitor, selector);
  await visitor.leave(() => visitor.page.keyboard.press('Enter'));
}

/** The reader begins where the news is. */
async function startsAt(visitor, selector) {
  assert.ok(await isAt(visitor, selector), `the focus is not at ${selector}`);
}

function isAt({ page }, selector) {
  return page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
}

/** Runs in the page: what is wrong with the stop that the focus has come to. */
function unfit(before) {
  const stop = document.activeElement;
  const wrong = [];
  const { outlineStyle, outlineWidth } = getComputedStyle(stop);
  if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) wrong.push(`not seen: ${stop.outerHTML}`);
  const { left, top, right, bottom } = stop.getBoundingClientRect();
  if (right <= 0 || bottom <= 0 || left >= innerWidth || top >= innerHeight) wrong.push(`off the screen: ${stop.outerHTML}`);
  const follows = before.compareDocumentPosition(stop) & (Node.DOCUMENT_POSITION_FOLLOWING | Node.DOCUMENT_POSITION_CONTAINED_BY);
  if (!follows && before !== document.body) wrong.push(`out of order: ${stop.outerHTML}`);
  return wrong;
}
