// The deployments that the tests visit, each started when it is first needed.

import { SMTPServer } from 'smtp-server';

import { Program } from './program.mjs';

/** An account that may name recipients. */
const ACCOUNT = 'ops@example.com';
// Each allowance is far above what the tests of one run take.
const ROOMY = '[limits]\nguest_creates_per_20m = 0\nguest_reveals_per_20m = 0\n';
/** A store that others than the server can reach, too. */
const FILE = 'sqlite:data/waxseal.db';

const SITES = {
  /** As it comes. */
  plain: { config: ROOMY },
  /** Its clock is moved; no other test minds when it is. */
  later: { config: ROOMY },
  /** Everything that a brand and a region add, with names that want escaping. */
  branded: {
    store: FILE,
    config: `
[site]
name = "Jo & Söhne <Tresor>"
accent = "#0b6e4f"
footer = "Run by the operations team: ops@example.com"
region = "EU"
[[site.regions]]
code = "EU"
label = "European Union"
host = "eu.example.com"
[[site.regions]]
code = "US"
label = "United States"
host = "us.example.com"
${ROOMY}`,
  },
  /** Guests may open, but not create. */
  closed: { config: `[pages]\nguests_may_create = false\n${ROOMY}` },
  /** Readers also type what they see. */
  typed: { config: `[pages]\ntyped_check = true\n${ROOMY}` },
  /** Every secret needs a passphrase of some length, and may be short itself. */
  strict: {
    config: `
[api.v1]
passphrase_required = true
passphrase_min = 8
[plans.anonymous]
max_secret_bytes = 1000
${ROOMY}`,
  },
  /** Takes one secret in twenty minutes. */
  narrow: { config: '[limits]\nguest_creates_per_20m = 1\n' },
  /** Opens one secret, or none, for a guest. */
  slow: { config: '[limits]\nguest_reveals_per_20m = 1\n' },
  /** Has no room for any secret. */
  full: { config: `${ROOMY}stored_bytes = 1\n` },
  /** Its store is damaged. */
  damaged: { config: ROOMY, store: FILE },
};

/** Whom the mail server of the site `mailing` does not take: by name, what it says. */
const REFUSALS = { later: [451, 'come back later'], never: [550, 'no such person'] };

const started = new Map();
const mailServers = [];

/** The site of this name, running. */
export function site(name) {
  if (!started.has(name)) started.set(name, start(name));
  return started.get(name);
}

async function start(name) {
  if (name !== 'mailing') return Program.start(SITES[name]);
  const mail = new SMTPServer({ authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], onRcptTo });
  mailServers.push(mail);
  await new Promise((resolve) => mail.listen(0, '127.0.0.1', resolve));
  const url = `smtp://127.0.0.1:${mail.server.address().port}`;
  const smtp = `[smtp]\nurl = "${url}"\nfrom = "no-reply@example.com"\ntls = "none"\n`;
  return Program.start({ config: smtp + ROOMY, store: FILE });
}

function onRcptTo({ address }, session, done) {
  const [responseCode, text] = REFUSALS[address.split('@')[0]] ?? [];
  done(text && Object.assign(new Error(text), { responseCode }));
}

/** The token of the account on this site, made when it is first needed. */
export async function account(program) {
  program.account ??= program.waxseal('account', 'add', ACCOUNT);
  return `${ACCOUNT}:${await program.account}`;
}

/** Ends all that were started. */
export async function stopSites() {
  const all = await Promise.allSettled(started.values());
  await Promise.all(all.filter((one) => one.value).map((one) => one.value.stop()));
  await Promise.all(mailServers.map((one) => new Promise((resolve) => one.close(resolve))));
}
