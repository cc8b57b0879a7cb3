// Every state of every page, and how a visitor comes to it.
//
// `site` is one of sites.mjs; `reach` leads a visitor there; `heading` is what
// stands there in English, and `status` what it came with.

import { account } from './sites.mjs';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
/** Wrong guesses that one client has (core's AttemptPolicy). */
const GUESSES = 5;
/** Readers of one secret at once, beside the one who loses. */
const RIVALS = 3;
const PASSPHRASE = 'horse battery';

/** A passphrase that is wrong, so often that the next one is not heard. */
async function lockOut(visitor, tries = GUESSES) {
  for (let guess = 0; guess < tries; guess += 1) await visitor.send({ passphrase: `wrong ${guess}` });
}

/** Opens the page of a secret that was shared just now; yields its paths. */
async function front(visitor, fields = {}) {
  const paths = await visitor.program.share(fields);
  await visitor.go(paths.front);
  return paths;
}

async function burnPage(visitor, fields = {}) {
  const paths = await visitor.program.share(fields);
  await visitor.go(`${paths.receipt}/burn`);
  return paths;
}

/** What `share` made is opened by someone else. */
async function openElsewhere(visitor, { link }, fields = {}) {
  const opened = await visitor.program.call(`/secret/${link}`, fields);
  if (opened.value === undefined) throw new Error(`not opened: ${JSON.stringify(opened)}`);
}

const creating = [
  { name: 'create', heading: 'Share a secret', reach: (visitor) => visitor.go('/') },
  {
    name: 'create-branded',
    site: 'branded',
    heading: 'Share a secret',
    reach: (visitor) => visitor.go('/'),
  },
  {
    name: 'create-strict',
    site: 'strict',
    heading: 'Share a secret',
    reach: (visitor) => visitor.go('/'),
  },
  {
    name: 'create-nothing-typed',
    heading: 'Share a secret',
    status: 422,
    reach: async (visitor) => (await visitor.go('/')).send(),
  },
  {
    name: 'create-all-wrong',
    site: 'strict',
    heading: 'Share a secret',
    status: 422,
    reach: async (visitor) => (await visitor.go('/')).send({ secret: 'x'.repeat(1001), passphrase: 'short' }),
  },
  {
    name: 'create-typed-and-generate',
    heading: 'Share a secret',
    status: 422,
    reach: async (visitor) => (await visitor.go('/')).send({ secret: 'mine' }, '[name=generate]'),
  },
  {
    name: 'create-form-too-old',
    site: 'later',
    heading: 'Share a secret',
    status: 422,
    reach: async (visitor) => {
      await visitor.go('/');
      await visitor.program.forward(13 * HOUR);
      await visitor.send({ secret: 'typed long ago' });
    },
  },
  {
    name: 'create-closed',
    site: 'closed',
    heading: 'New secrets are not taken here',
    reach: (visitor) => visitor.go('/'),
  },
  {
    name: 'generated',
    heading: 'Your password and its link',
    reach: async (visitor) => (await visitor.go('/')).send({}, '[name=generate]'),
  },
];

const receipts = [
  {
    name: 'receipt-ready',
    heading: 'Your link is ready',
    reach: async (visitor) => (await visitor.go('/')).send({ secret: 'correct horse' }),
  },
  {
    name: 'receipt-ready-branded',
    site: 'branded',
    heading: 'Your link is ready',
    reach: async (visitor) =>
      (await visitor.go('/')).send({ secret: 'correct horse', passphrase: PASSPHRASE, ttl: '86400' }),
  },
  {
    name: 'receipt-waiting',
    site: 'later',
    heading: 'Not opened yet',
    reach: async (visitor) => {
      const { receipt: path } = await visitor.program.share({ passphrase: PASSPHRASE });
      await visitor.program.forward(10 * MINUTE);
      await visitor.go(path.replace('/receipt/', '/private/'));
    },
  },
  {
    name: 'receipt-opened',
    heading: 'The secret was opened',
    reach: async (visitor) => {
      const paths = await visitor.program.share({});
      await openElsewhere(visitor, paths);
      await visitor.go(paths.receipt);
    },
  },
  {
    name: 'receipt-burned',
    heading: 'The secret was deleted unopened',
    reach: async (visitor) => {
      await burnPage(visitor);
      await visitor.send();
    },
  },
  {
    name: 'receipt-expired',
    site: 'later',
    heading: 'The secret expired unopened',
    reach: async (visitor) => {
      const { receipt: path } = await visitor.program.share({ ttl: 2 * HOUR });
      await visitor.program.forward(2 * HOUR + 1);
      await visitor.go(path);
    },
  },
  {
    name: 'receipt-locked',
    heading: 'Your link is ready',
    reach: async (visitor) => {
      const paths = await front(visitor, { passphrase: PASSPHRASE });
      await lockOut(visitor);
      await visitor.go(paths.receipt);
    },
  },
  {
    name: 'receipt-lost',
    site: 'damaged',
    heading: 'The secret was lost',
    reach: async (visitor) => {
      const { receipt: path } = await visitor.program.share({});
      await visitor.program.damage('DELETE FROM bodies WHERE slot = (SELECT max(slot) FROM bodies)');
      await visitor.go(path);
    },
  },
  {
    name: 'receipt-without-mail',
    site: 'branded',
    heading: 'Your link is ready',
    reach: async (visitor) => {
      const token = await account(visitor.program);
      const paths = await visitor.program.share({ recipient: 'reader@example.net' }, token);
      await visitor.go(paths.receipt);
    },
  },
];

/** What became of the message to this address is on the receipt, sooner or later. */
function mailed(name, address, told) {
  return {
    name: `receipt-mail-${name}`,
    site: 'mailing',
    heading: 'Your link is ready',
    reach: async (visitor) => {
      const token = await account(visitor.program);
      const { receipt } = await visitor.program.share({ recipient: address }, token);
      do await visitor.go(`${receipt}?locale=en`);
      while (!(await visitor.page.locator('dl').innerText()).includes(told));
      await visitor.go(receipt);
    },
  };
}

const mails = [
  mailed('queued', 'later@example.net', 'waiting to be sent'),
  mailed('sent', 'reader@example.net', 'handed to'),
  mailed('failed', 'never@example.net', 'not delivered'),
];

const burning = [
  { name: 'burn', heading: 'Delete the secret unopened?', reach: (visitor) => burnPage(visitor) },
  {
    name: 'burn-passphrase',
    heading: 'Delete the secret unopened?',
    reach: (visitor) => burnPage(visitor, { passphrase: PASSPHRASE }),
  },
  {
    name: 'burn-wrong-passphrase',
    heading: 'Delete the secret unopened?',
    status: 422,
    reach: async (visitor) => {
      await burnPage(visitor, { passphrase: PASSPHRASE });
      await visitor.send({ passphrase: 'wrong' });
    },
  },
  {
    name: 'burn-locked',
    heading: 'Delete the secret unopened?',
    status: 429,
    reach: async (visitor) => {
      await burnPage(visitor, { passphrase: PASSPHRASE });
      await lockOut(visitor);
    },
  },
];

const opening = [
  { name: 'front', heading: 'Someone shared a secret with you', reach: (visitor) => front(visitor) },
  {
    name: 'front-branded',
    site: 'branded',
    heading: 'Someone shared a secret with you',
    reach: (visitor) => front(visitor, { passphrase: PASSPHRASE }),
  },
  {
    name: 'front-passphrase',
    heading: 'Someone shared a secret with you',
    reach: (visitor) => front(visitor, { passphrase: PASSPHRASE }),
  },
  {
    name: 'front-wrong-passphrase',
    heading: 'Someone shared a secret with you',
    status: 422,
    reach: async (visitor) => {
      await front(visitor, { passphrase: PASSPHRASE });
      await lockOut(visitor, 2);
    },
  },
  {
    name: 'front-locked',
    heading: 'Someone shared a secret with you',
    status: 429,
    reach: async (visitor) => {
      await front(visitor, { passphrase: PASSPHRASE });
      await lockOut(visitor);
    },
  },
  {
    name: 'front-typed-check',
    site: 'typed',
    heading: 'Someone shared a secret with you',
    reach: (visitor) => front(visitor, { passphrase: PASSPHRASE }),
  },
  {
    name: 'front-wrong-check',
    site: 'typed',
    heading: 'Someone shared a secret with you',
    status: 422,
    reach: async (visitor) => {
      await front(visitor);
      await visitor.send({ check: '???' });
    },
  },
  {
    name: 'front-too-old',
    site: 'later',
    heading: 'Someone shared a secret with you',
    status: 422,
    reach: async (visitor) => {
      await front(visitor);
      await visitor.program.forward(13 * HOUR);
      await visitor.send();
    },
  },
  {
    name: 'shown',
    heading: 'This is the secret',
    reach: async (visitor) => {
      await front(visitor, { secret: 'correct horse battery staple' });
      await visitor.send();
    },
  },
  {
    name: 'shown-long',
    site: 'branded',
    heading: 'This is the secret',
    reach: async (visitor) => {
      await front(visitor, { secret: `${'x'.repeat(500)}\n${'a line of a note\n'.repeat(60)}` });
      await visitor.send();
    },
  },
  {
    name: 'lost-race',
    heading: 'Opened a moment ago',
    status: 404,
    reach: async (visitor) => {
      do {
        const { link } = await front(visitor, { passphrase: PASSPHRASE });
        // Others begin just when the browser does: each has to stretch the passphrase first.
        const sent = visitor.page.waitForRequest((request) => request.method() === 'POST');
        const reveal = () => visitor.program.call(`/secret/${link}`, { passphrase: PASSPHRASE });
        const others = sent.then(() => Promise.all(Array.from({ length: RIVALS }, reveal)));
        await visitor.send({ passphrase: PASSPHRASE });
        await others;
        // Who comes too late to take part finds it gone.
      } while (visitor.answer.status() === 200 || (await visitor.outcome()) !== 'lost the race');
    },
  },
  {
    name: 'gone',
    heading: 'There is nothing to open here',
    status: 404,
    reach: (visitor) => visitor.go(`/secret/${'0'.repeat(31)}`),
  },
];

const troubles = [
  {
    name: '400-bad-request',
    heading: 'That request was not understood',
    status: 400,
    reach: async (visitor) => {
      await visitor.go('/');
      // Not a form of ours, but one that a broken extension could make of it.
      await visitor.page.locator('[name=secret]').evaluate((field) => field.setAttribute('name', 'passphrase[]'));
      await visitor.page.locator('[name="passphrase[]"]').fill('x');
      await visitor.send();
    },
  },
  {
    name: '404-no-page',
    heading: 'There is no such page',
    status: 404,
    reach: (visitor) => visitor.go('/about'),
  },
  {
    name: '413-too-large',
    heading: 'That was too much',
    status: 413,
    reach: async (visitor) => (await visitor.go('/')).send({ secret: 'x'.repeat(100_000) }),
  },
  {
    name: '429-opening',
    site: 'slow',
    heading: 'Too many requests',
    status: 429,
    reach: async (visitor) => {
      const { front: path } = await visitor.program.share();
      await visitor.program.call('/secret/the-only-one');
      await (await visitor.go(path)).send();
    },
  },
  {
    name: '429-making',
    site: 'narrow',
    heading: 'Share a secret',
    status: 429,
    reach: async (visitor) => {
      await visitor.program.call('/share', { secret: 'the only one' });
      await visitor.go('/');
      await visitor.send({ secret: 'one too many' });
    },
  },
  {
    name: '503-full',
    site: 'full',
    heading: 'Share a secret',
    status: 503,
    reach: async (visitor) => (await visitor.go('/')).send({ secret: 'no room' }),
  },
  {
    name: '503-cannot-be-decrypted',
    site: 'damaged',
    heading: 'This secret cannot be opened at present',
    status: 503,
    reach: async (visitor) => {
      await front(visitor);
      await visitor.program.damage(
        'UPDATE bodies SET body = zeroblob(length(body)) WHERE slot = (SELECT max(slot) FROM bodies)',
      );
      await visitor.send();
    },
  },
];

/** All of them. */
export const STATES = [...creating, ...receipts, ...mails, ...burning, ...opening, ...troubles].map((state) => ({
  site: 'plain',
  status: 200,
  ...state,
}));
