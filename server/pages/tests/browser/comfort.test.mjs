// What scripts add: copying, showing a passphrase, counting down. And the QR code,
// which needs none.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import jsqr from 'jsqr';
import { PNG } from 'pngjs';

import { site, stopSites } from './lib/sites.mjs';
import { PHONE, Visitor, launch } from './lib/visitor.mjs';

/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
const SECRET = '\n<b>two</b>\n  lines & more\n';
const MODES = [
  { colorScheme: 'light' },
  { colorScheme: 'dark' },
  { colorScheme: 'dark', forcedColors: 'active' },
];

let browser;
let program;
before(async () => {
  [browser, program] = await Promise.all([launch(), site('plain')]);
});
after(async () => {
  await browser.close();
  await stopSites();
});

describe('with scripts', () => {
  it('the secret is copied exactly, and that is said', { timeout }, async () => {
    const visitor = await Visitor.at(browser, program, { permissions: ['clipboard-read', 'clipboard-write'] });
    const { front } = await program.share({ secret: SECRET });
    await visitor.go(front);
    await visitor.send();
    assert.equal(await copied(visitor), SECRET);
    await visitor.farewell();
  });

  it('the link is copied', { timeout }, async () => {
    const visitor = await Visitor.at(browser, program, { permissions: ['clipboard-read', 'clipboard-write'] });
    const paths = await program.share({});
    await visitor.go(paths.receipt);
    assert.equal(await copied(visitor), program.origin + paths.front);
    await visitor.farewell();
  });

  it('it is copied also where the browser forbids the clipboard to scripts', { timeout }, async () => {
    const visitor = await Visitor.at(browser, program);
    // As on a site without TLS, where there is no such thing.
    await visitor.page.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    const { front } = await program.share({ secret: SECRET });
    await visitor.go(front);
    await visitor.send();
    await visitor.page.locator('button[type=button]').click();
    assert.equal(await visitor.page.locator('[role=status]').innerText(), 'Copied');
    await visitor.go('/');
    await visitor.page.locator('[name=secret]').focus();
    await visitor.page.keyboard.press('Control+V');
    assert.equal(await visitor.value('secret'), SECRET);
    await visitor.farewell();
  });

  it('a passphrase can be looked at, and is hidden again', { timeout }, async () => {
    const visitor = await Visitor.at(browser, program);
    await visitor.go('/');
    const field = visitor.page.locator('[name=passphrase]');
    const button = visitor.page.getByRole('button', { name: /^Show/ });
    const looks = async () => [await field.getAttribute('type'), await button.getAttribute('aria-pressed')];
    assert.deepEqual(await looks(), ['password', 'false']);
    await button.click();
    assert.deepEqual(await looks(), ['text', 'true']);
    await button.click();
    assert.deepEqual(await looks(), ['password', 'false']);
    await visitor.farewell();
  });

  it('the time that is left is told beside the time', { timeout }, async () => {
    const visitor = await Visitor.at(browser, program);
    const { receipt } = await program.share({ ttl: 3 * 86_400 });
    await visitor.go(receipt);
    assert.match(await visitor.page.locator('dl').innerText(), /UTC \(in 3 days\)/);
    await visitor.farewell();
  });
});

it('without scripts, no button is dead', { timeout }, async () => {
  const visitor = await Visitor.at(browser, program, { script: false });
  const paths = await program.share({ passphrase: 'horse battery' });
  for (const path of ['/', paths.receipt, `${paths.receipt}/burn`, paths.front]) {
    await visitor.go(path);
    assert.equal(await visitor.page.locator('button[type=button], button:not(form button)').count(), 0, path);
  }
  await visitor.farewell();
});

it('the QR code leads to the link, in every scheme of colours', { timeout }, async () => {
  const visitor = await Visitor.at(browser, program, { size: PHONE });
  const paths = await program.share({});
  await visitor.go(paths.receipt);
  for (const mode of MODES) {
    await visitor.page.emulateMedia(mode);
    const picture = PNG.sync.read(await visitor.page.locator('svg[role=img]').screenshot());
    const read = jsqr(new Uint8ClampedArray(picture.data), picture.width, picture.height);
    assert.equal(read?.data, program.origin + paths.front, JSON.stringify(mode));
  }
  await visitor.farewell();
});

/** Presses the button beside the field; what stands on the clipboard then. */
async function copied(visitor) {
  await visitor.page.getByRole('button', { name: 'Copy' }).click();
  await visitor.page.getByRole('status').filter({ hasText: 'Copied' }).waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}
