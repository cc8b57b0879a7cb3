// The same pages in a text browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';

import { keep } from './lib/output.mjs';
import { LYNX } from './lib/program.mjs';
import { site, stopSites } from './lib/sites.mjs';

/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
let program;
before(async () => {
  program = await site('plain');
});
after(stopSites);

describe('in lynx', () => {
  it('the form has labels before its fields, and its buttons', { timeout }, async () => {
    const page = await lynx('create', '/');
    inOrder(page, ['Share a secret', 'opens once', 'Secret', '____', 'Delete unopened after', '[7 days', 'Passphrase', 'Create link', 'Generate a password', 'English']);
  });

  it('the receipt has the link', { timeout }, async () => {
    const paths = await program.share({});
    const page = await lynx('receipt', paths.receipt);
    inOrder(page, ['Your link is ready', 'Link to send', paths.front.slice(0, 20), 'This page is yours', 'Created', 'UTC', 'Delete the secret']);
  });

  it('the warning comes before the button', { timeout }, async () => {
    const { front } = await program.share({ passphrase: 'horse battery' });
    const page = await lynx('front', front);
    inOrder(page, ['Someone shared a secret with you', 'only once', 'Passphrase', '____', 'Show the secret']);
  });

  it('the secret is shown', { timeout }, async () => {
    const { front } = await program.share({ secret: 'first line\nsecond line' });
    const token = /name="?token"? value="([^"]+)"/.exec(await (await fetch(program.origin + front)).text())[1];
    const page = await lynx('shown', front, `token=${token}`);
    inOrder(page, ['This is the secret', 'now deleted', 'first line', 'second line']);
  });

  it('what is gone says what to do', { timeout }, async () => {
    const page = await lynx('gone', `/secret/${'0'.repeat(31)}`);
    inOrder(page, ['There is nothing to open here', 'ask the sender']);
  });
});

/** What lynx makes of a page; with a form's data, of the answer to that. */
async function lynx(name, path, data = null) {
  const send = data === null ? [] : ['-post_data'];
  const lynx = spawn(LYNX, ['-dump', '-width=80', '-display_charset=utf-8', ...send, program.origin + path]);
  lynx.stdin.end(data === null ? '' : `${data}\n---\n`);
  let page = '';
  lynx.stdout.on('data', (chunk) => {
    page += chunk;
  });
  await new Promise((resolve, reject) => lynx.once('error', reject).once('close', resolve));
  await keep(`lynx/${name}.txt`, page);
  return page;
}

/** All of these stand in the page, each after the one before. */
function inOrder(page, texts) {
  let from = 0;
  for (const text of texts) {
    const at = page.indexOf(text, from);
    assert.notEqual(at, -1, `no “${text}” from there on:\n${page.slice(from)}`);
    from = at + text.length;
  }
}
