// What a browser keeps, repeats, gives away or changes of a secret: nothing.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import { site, stopSites } from './lib/sites.mjs';
import { Visitor, launch } from './lib/visitor.mjs';

const MARKUP = '</textarea></main><script>document.title = "taken"</script><b>&amp;</b> "quoted" \'twice\' {{ 7 * 7 }}';
/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
const EXACT = {
  markup: MARKUP,
  'a newline first and last': '\n\nkey: value\n\n',
  'blanks and tabs': '  two blanks\tand a tab  ',
  'many languages': 'пароль 密码 كلمة السر 🔑 e\u0301 \u202eright to left\u202c',
  'an address': 'https://example.com/?a=b&c=d#e',
  'one long line': 'x'.repeat(9_000),
};

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
  describe(script ? 'a secret' : 'a secret, without scripts', () => {
    for (const [what, secret] of Object.entries(EXACT)) {
      it(`is shown exactly: ${what}`, { timeout }, async () => {
        const visitor = await Visitor.at(browser, program, { script });
        await visitor.go('/');
        await visitor.send({ secret });
        await visitor.go(await visitor.value('link'));
        await visitor.send();
        assert.equal(await visitor.value('value'), secret);
        assert.equal(await visitor.page.locator('main b, main script, main a').count(), 0);
        await visitor.farewell();
      });
    }

    it('does not come back by going back and forward', { timeout }, async () => {
      const visitor = await shown(script, 'only once');
      assert.match(await visitor.travel(-1), /There is nothing to open here/);
      assert.doesNotMatch(await visitor.travel(1), /only once/);
      await visitor.farewell();
    });

    it('does not come back to a reader who went on to another page', { timeout }, async () => {
      const visitor = await shown(script, 'only once');
      await visitor.go('/');
      assert.doesNotMatch(await visitor.travel(-1), /only once/);
      await visitor.farewell();
    });

    it('is generated once, however often its page is loaded again', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      await visitor.go('/');
      await visitor.send({}, '[name=generate]');
      const value = await visitor.value('value');
      await visitor.page.reload();
      assert.doesNotMatch(await visitor.page.content(), new RegExp(value.replace(/\W/g, '\\$&')));
      assert.equal(await visitor.heading(), 'Your link is ready');
      await visitor.farewell();
    });

    it('is made once by a double click', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      const log = await program.logOf(async () => {
        await visitor.go('/');
        await visitor.fill({ secret: 'only once' });
        // No wait for a navigation: the second click may end the first one's.
        await visitor.page.locator('form button:not([type=button])').first().dblclick({ noWaitAfter: true });
        await visitor.page.waitForSelector('#link');
      });
      assert.equal(log.filter((line) => line.includes('outcome="shared"')).length, 1);
      await visitor.farewell();
    });

    it('is not opened by a form on another site', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      const { front } = await program.share({});
      await visitor.go(front);
      const token = await visitor.page.locator('[name=token]').inputValue();
      await visitor.go('about:blank');
      const form = `<form method=post action="${program.origin}${front}"><input name=token value="${token}"><button>Win a prize</button></form>`;
      await visitor.page.setContent(form);
      await visitor.leave(() => visitor.page.locator('button').click());
      assert.equal(await visitor.heading(), 'Someone shared a secret with you');
      await visitor.send();
      assert.equal(await visitor.value('value'), 'correct horse');
      await visitor.farewell();
    });

    it('takes one request a page', { timeout }, async () => {
      const visitor = await Visitor.at(browser, program, { script });
      const log = await program.logOf(async () => {
        await visitor.go('/');
        await visitor.send({ secret: 'counted' });
        await visitor.go(await visitor.value('link'));
        await visitor.send();
      });
      // The server's own count: a browser asks for some things, such as icons, behind the page's back.
      const routes = log.map((line) => /route="([^"]+)"/.exec(line)?.[1]);
      assert.deepEqual(routes, ['create page', 'create page', 'receipt page', 'secret page', 'secret page']);
      await visitor.farewell();
    });
  });
}

// A browser may keep a page whole, with what was typed, for a few minutes. Only a
// script can empty its fields then.
it('a secret does not come back into the form it was typed into', { timeout }, async () => {
  const visitor = await Visitor.at(browser, program);
  await visitor.go('/');
  await visitor.send({ secret: 'only once', passphrase: 'only mine' });
  const form = await visitor.travel(-1);
  assert.match(form, /Share a secret/);
  assert.doesNotMatch(form, /only once|only mine/);
  await visitor.farewell();
});

// The length of what is compressed tells of its content.
it('no page with a secret, a link or something typed is compressed', { timeout }, async () => {
  const visitor = await Visitor.at(browser, program);
  const coding = () => visitor.answer.headers()['content-encoding'];
  await visitor.go('/');
  assert.equal(coding(), 'gzip', 'the empty form');
  await visitor.send({ secret: 'typed' }, '[name=generate]');
  assert.equal(coding(), undefined, 'a form that keeps what was typed');
  await visitor.send({ secret: 'typed' });
  assert.equal(coding(), undefined, 'the receipt');
  const link = await visitor.value('link');
  await visitor.leave(() => visitor.page.locator('a[href*="/burn"]').click());
  assert.equal(coding(), undefined, 'the page before deleting');
  await visitor.go(link);
  assert.equal(coding(), 'gzip', 'the page before opening');
  await visitor.send();
  assert.equal(coding(), undefined, 'the secret');
  await visitor.go('/');
  await visitor.send({}, '[name=generate]');
  assert.equal(coding(), undefined, 'a generated secret');
  await visitor.farewell();
});

/** Someone who has just read this secret. */
async function shown(script, secret) {
  const visitor = await Visitor.at(browser, program, { script });
  const { front } = await program.share({ secret });
  await visitor.go(front);
  await visitor.send();
  assert.equal(await visitor.value('value'), secret);
  return visitor;
}
