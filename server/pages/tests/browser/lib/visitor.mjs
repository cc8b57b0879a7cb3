// A person with a browser, who notices whatever should not happen.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import { chromium } from 'playwright-core';

import { CHROMIUM } from './program.mjs';

const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** How the console says that a page came with an error's status; pages of errors do. */
const STATUS = /^Failed to load resource: the server responded with a status of \d+/;
/** Between two looks at what the browser does, in milliseconds. */
const POLL = 20;
/** What every page must be sent with. */
const HEADERS = {
  'cache-control': /^no-store$/,
  'referrer-policy': /^no-referrer$/,
  'x-robots-tag': /noindex/,
  'x-content-type-options': /^nosniff$/,
  'content-security-policy':
    /^default-src 'none';(?!.*unsafe).*form-action 'self';.*base-uri 'none';.*frame-ancestors 'none'/,
};

/** Phone and desktop, in CSS pixels. */
export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };

/** Debian's Chromium. Pages stay in its back/forward cache as they do for people. */
export function launch() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: QUIET,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

export class Visitor {
  /** All that was wrong so far, as sentences. */
  complaints = [];
  /** Every request that left the browser, in order. */
  requests = [];
  /** The answer that the page on show came with. */
  answer = null;
  #origin;

  /** Someone new at a site. The language is sent as `Accept-Language`. */
  static async at(browser, program, { script = true, language = 'en-GB', size = DESKTOP, ...more } = {}) {
    const visitor = new Visitor();
    visitor.#origin = program.origin;
    visitor.program = program;
    visitor.script = script;
    visitor.context = await browser.newContext({
      javaScriptEnabled: script,
      locale: language,
      viewport: size,
      baseURL: program.origin,
      reducedMotion: 'reduce',
      ...more,
    });
    visitor.page = await visitor.context.newPage();
    visitor.#watch();
    return visitor;
  }

  /** Opens a path of the site. */
  async go(path) {
    await this.page.goto(path);
    return this;
  }

  /** Types into the fields of these names. */
  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) {
      const field = this.page.locator(`[name=${name}]`);
      if (name === 'ttl') await field.selectOption(value);
      else await field.fill(value);
    }
    return this;
  }

  /** Presses the form's own button, or the one of this name, and waits for the page behind it. */
  async send(fields = {}, button = 'form button:not([type=button]):not([name])') {
    await this.fill(fields);
    await this.leave(() => this.page.locator(button).first().click());
    return this;
  }

  /** Does what leads to another page, and waits for that. */
  async leave(act) {
    const arrived = this.page.waitForNavigation({ waitUntil: 'load' });
    await act();
    await arrived;
  }

  /**
   * Goes back (-1) or forward (1) in the tab's history as its buttons do, also into
   * a page that the browser kept whole: all that stands there then.
   */
  async travel(steps) {
    const { page } = this;
    const { currentIndex, entries } = await ask(page, 'Page.getNavigationHistory');
    const wanted = currentIndex + steps;
    await ask(page, 'Page.navigateToHistoryEntry', { entryId: entries[wanted].id });
    // Nothing announces all of these arrivals: a page loads, is taken out of the
    // browser's memory, or is the browser's own about what it can't load.
    for (;;) {
      const at = await ask(page, 'Page.getNavigationHistory').catch(between);
      const found = await ask(page, 'Runtime.evaluate', { expression: `(${everything})()` }).catch(between);
      if (at?.currentIndex === wanted && found?.result.value) return found.result.value;
      await setTimeout(POLL);
    }
  }

  /** What the field of this id holds. */
  value(id) {
    return this.page.locator(`#${id}`).inputValue();
  }

  /** How the server's log says that the answer on show came about. */
  async outcome() {
    const id = this.answer.headers()['x-request-id'];
    const line = (await this.program.log()).split('\n').find((one) => one.includes(`request="${id}"`));
    return /outcome="([^"]+)"/.exec(line)?.[1];
  }

  heading() {
    return this.page.locator('h1').innerText();
  }

  /** Ends the visit: nothing may have been wrong, and nothing may have been kept. */
  async farewell() {
    await this.#lookForTraces();
    await this.context.close();
    if (this.complaints.length > 0) assert.fail(`\n- ${this.complaints.join('\n- ')}`);
  }

  #watch() {
    const { context, page } = this;
    page.on('pageerror', (error) => this.complaints.push(`script failed: ${error.message}`));
    page.on('console', (message) => this.#hear(message));
    page.on('crash', () => this.complaints.push('the page crashed'));
    page.on('dialog', (dialog) => this.complaints.push(`dialog: ${dialog.message()}`));
    context.on('page', () => this.complaints.push('another window was opened'));
    context.on('request', (request) => this.#count(request));
    context.on('response', (response) => this.#inspect(response));
  }

  #hear(message) {
    if (!['error', 'warning'].includes(message.type())) return;
    if (STATUS.test(message.text()) && message.location().url === this.answer?.url()) return;
    this.complaints.push(`console: ${message.text()}`);
  }

  #count(request) {
    if (request.url().startsWith('data:')) return;
    this.requests.push(request);
    if (new URL(request.url()).origin !== this.#origin) this.complaints.push(`asked ${request.url()}`);
    if (request.resourceType() !== 'document') this.complaints.push(`also loaded ${request.url()}`);
  }

  #inspect(response) {
    if (response.url().startsWith('data:')) return;
    const { url, headers } = { url: response.url(), headers: response.headers() };
    if (headers['set-cookie']) this.complaints.push(`a cookie came from ${url}`);
    if (response.status() === 303) return;
    this.answer = response;
    for (const [name, wanted] of Object.entries(HEADERS)) {
      if (!wanted.test(headers[name] ?? '')) this.complaints.push(`${url} came with ${name}: ${headers[name]}`);
    }
  }

  async #lookForTraces() {
    if ((await this.context.cookies()).length > 0) this.complaints.push('a cookie was kept');
    // A page of the browser's own, such as for what it can't show again, has no storage.
    if (!this.page.url().startsWith(this.#origin)) await this.page.goto('/');
    const kept = await this.page.evaluate('localStorage.length + sessionStorage.length');
    if (kept > 0) this.complaints.push('something was stored in the browser');
  }
}

/** One question to the tab, by the browser's own protocol. */
async function ask(page, question, details = {}) {
  const tab = await page.context().newCDPSession(page);
  try {
    return await tab.send(question, details);
  } finally {
    await tab.detach().catch(between);
  }
}

/** A tab that is between two pages answers nothing. */
function between(error) {
  if (!/Protocol error|closed|detached/i.test(error.message)) throw error;
}

/** Runs in the page: its source and what its fields hold; nothing while it is loading. */
function everything() {
  if (document.readyState !== 'complete') return '';
  const fields = [...document.querySelectorAll('textarea, input')].map((field) => field.value);
  return [document.documentElement.outerHTML, ...fields].join('\n');
}
