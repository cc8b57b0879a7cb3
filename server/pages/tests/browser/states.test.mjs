// Every state of every page: in English with scripts, in German (whose words are
// the longest) without.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { check } from './lib/checks.mjs';
import { picture, tree } from './lib/output.mjs';
import { site, stopSites } from './lib/sites.mjs';
import { STATES } from './lib/states.mjs';
import { Visitor, launch } from './lib/visitor.mjs';

const AT_ONCE = 3;
/** No test waits for ever, in milliseconds. */
const timeout = 120_000;

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser.close();
  await stopSites();
});

describe('states', { concurrency: AT_ONCE }, () => {
  for (const state of STATES) {
    it(state.name, { timeout }, async () => {
      const visitor = await arrive(state, { language: 'en-GB' });
      assert.equal(await visitor.heading(), state.heading);
      await picture(visitor, state.name);
      await tree(visitor, state.name);
      await leave(visitor, 'en');
    });
    it(`${state.name}, in German without scripts`, { timeout }, async () => {
      const visitor = await arrive(state, { language: 'de-DE', script: false });
      assert.notEqual(await visitor.heading(), state.heading);
      await leave(visitor, 'de');
    });
  }
});

async function arrive(state, who) {
  const program = await site(state.site);
  const visitor = await Visitor.at(browser, program, who);
  await program.alone(() => state.reach(visitor));
  assert.equal(visitor.answer.status(), state.status);
  return visitor;
}

async function leave(visitor, language) {
  visitor.complaints.push(...(await check(visitor, language)));
  await visitor.farewell();
}
