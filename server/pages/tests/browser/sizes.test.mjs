// What a whole flow costs a reader on a slow line.

import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';

import { keep } from './lib/output.mjs';
import { site, stopSites } from './lib/sites.mjs';
import { Visitor, launch } from './lib/visitor.mjs';

/** No test waits for ever, in milliseconds. */
const timeout = 120_000;
/** From the form to the secret, with every header, in bytes. */
const MOST = 20_000;

let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser.close();
  await stopSites();
});

for (const name of ['plain', 'branded']) {
  it(`the whole flow stays under ${MOST} bytes (${name})`, { timeout }, async () => {
    const program = await site(name);
    const visitor = await Visitor.at(browser, program, { language: 'de-DE' });
    await visitor.go('/');
    await visitor.send({ secret: 'correct horse battery staple', passphrase: 'horse battery' });
    await visitor.go(await visitor.value('link'));
    await visitor.send({ passphrase: 'horse battery' });
    const costs = await Promise.all(visitor.requests.map(cost));
    const sum = costs.reduce((all, one) => all + one.bytes, 0);
    const table = [...costs.map(({ what, bytes }) => `${bytes} ${what}`), `${sum} in all`].join('\n');
    await keep(`sizes.${name}.txt`, table);
    console.log(`bytes received (${name}):\n${table}`);
    assert.ok(sum < MOST, `${sum} bytes`);
    await visitor.farewell();
  });
}

async function cost(request) {
  const { responseBodySize, responseHeadersSize } = await request.sizes();
  const path = new URL(request.url()).pathname.replace(/[0-9a-z]{31}/, 'KEY');
  const response = await request.response();
  return { what: `${request.method()} ${path} ${response.status()}`, bytes: responseBodySize + responseHeadersSize };
}
