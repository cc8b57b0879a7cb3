// Every language: it is chosen, it stays, and its words fit on a narrow screen.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { fits } from './lib/checks.mjs';
import { site, stopSites } from './lib/sites.mjs';
import { PHONE, Visitor, launch } from './lib/visitor.mjs';

/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
const LANGUAGES = ['en', 'es', 'fr', 'de', 'pt'];

let browser;
let program;
before(async () => {
  [browser, program] = await Promise.all([launch(), site('strict')]);
});
after(async () => {
  await browser.close();
  await stopSites();
});

describe('languages', { concurrency: 2 }, () => {
  for (const language of LANGUAGES) {
    it(`${language} stays from page to page once it is chosen, and fits`, { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { size: PHONE, language: 'ja-JP' });
      await visitor.go('/');
      assert.equal(await visitor.page.locator('html').getAttribute('lang'), 'en');
      await visitor.leave(() => visitor.page.locator(`nav a[lang=${language}]`).click());
      await is(visitor, language);
      await visitor.send({ secret: '', passphrase: 'short' });
      await is(visitor, language);
      await visitor.send({ secret: 'correct horse', passphrase: 'horse battery' });
      await is(visitor, language);
      const link = await visitor.value('link');
      await visitor.leave(() => visitor.page.locator('a[href*="/burn"]').click());
      await is(visitor, language);
      // The link is for someone else, who is asked anew.
      assert.doesNotMatch(link, /locale/);
      await visitor.go(`${link}?locale=${language}`);
      await visitor.send({ passphrase: 'wrong' });
      await is(visitor, language);
      await visitor.send({ passphrase: 'horse battery' });
      await is(visitor, language);
      await visitor.farewell();
    });
  }
});

async function is(visitor, language) {
  assert.equal(await visitor.page.locator('html').getAttribute('lang'), language);
  assert.deepEqual(await fits(visitor), []);
}
