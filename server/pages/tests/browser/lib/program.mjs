// A deployment of the real program: its folder, its clock, its log.

import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The repository's root. */
export const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
/** The program under test. */
export const WAXSEAL = process.env.WAXSEAL_BIN ?? join(TARGET, 'debug/waxseal');
/** The browsers that visit it: Debian's. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const LYNX = '/usr/bin/lynx';
/** Longer than a start takes on a busy machine, in milliseconds. */
const PATIENCE = 60_000;

export class Program {
  #child;
  #folder;
  #skew = 0;
  #turn = Promise.resolve();

  /** Sets a deployment up with this configuration and serves it on a free port. */
  static async start({ config = '', store = 'memory:' } = {}) {
    const program = new Program();
    program.#folder = await mkdtemp(join(tmpdir(), 'waxseal-browser-'));
    const head = `listen = "127.0.0.1:0"\nstore = "${store}"\n`;
    await writeFile(program.path('waxseal.toml'), head + config);
    await writeFile(program.path('clock'), '+0');
    await program.waxseal('init');
    await program.#serve();
    return program;
  }

  path(name) {
    return join(this.#folder, name);
  }

  /** Runs the program beside the server, as an operator would: what it prints. */
  async waxseal(...words) {
    const { stdout } = await run(WAXSEAL, words, { cwd: this.#folder });
    return stdout.trim();
  }

  /** Moves the server's clock. It never goes back. */
  async forward(seconds) {
    this.#skew += seconds;
    await writeFile(this.path('clock'), `+${this.#skew}`);
  }

  /** Does what must not meet others' doings, such as a move of the clock, one after another. */
  alone(work) {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** What it has logged so far. */
  async log() {
    return readFile(this.path('err'), 'utf8');
  }

  /** Calls the API: a form's fields in, JSON out. */
  async call(path, fields = {}, token = null) {
    const headers = token ? { authorization: `Basic ${btoa(token)}` } : {};
    const body = new URLSearchParams(fields);
    const answer = await fetch(`${this.origin}/api/v1${path}`, { method: 'POST', headers, body });
    return answer.json();
  }

  /** Shares a secret by the API: the paths of its two pages. */
  async share(fields, token = null) {
    const made = await this.call('/share', { secret: 'correct horse', ...fields }, token);
    if (!made.metadata_key) throw new Error(`not shared: ${JSON.stringify(made)}`);
    const { metadata_key: key, secret_key: link } = made;
    return { key, link, receipt: `/receipt/${key}`, front: `/secret/${link}` };
  }

  /** Changes the store's file behind the server's back, as a failing disk would. */
  async damage(statement) {
    const script = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()';
    await run('/usr/bin/python3', ['-c', script, this.path('data/waxseal.db'), statement]);
  }

  async stop() {
    if (this.#child.exitCode === null) {
      const ended = new Promise((resolve) => this.#child.once('exit', resolve));
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.#folder, { recursive: true });
  }

  async #serve() {
    const err = await open(this.path('err'), 'a');
    const clock = {
      LD_PRELOAD: fakeClock(),
      FAKETIME_TIMESTAMP_FILE: this.path('clock'),
      FAKETIME_NO_CACHE: '1',
      // Timers go on as they are: only what time it is changes.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
    this.#child = spawn(WAXSEAL, ['serve'], {
      cwd: this.#folder,
      env: { ...process.env, ...clock },
      stdio: ['ignore', 'pipe', err.fd],
    });
    // No server outlives the tests, however they end.
    process.once('exit', () => this.#child.kill());
    this.origin = await listening(this.#child);
    await err.close();
  }
}

/** Where libfaketime stands; undefined where it does not. */
export function fakeClock() {
  const folders = readdirSync('/usr/lib').map((name) => `/usr/lib/${name}/faketime`);
  return folders.map((folder) => `${folder}/libfaketime.so.1`).find(existsSync);
}

function listening(child) {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => reject(new Error(`no server within a minute: ${said}`)), PATIENCE);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const address = /listening on (http:\/\/\S+)/.exec(said);
      if (!address) return;
      clearTimeout(late);
      resolve(address[1]);
    });
  });
}
