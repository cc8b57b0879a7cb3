// Runs all browser tests, if what they need is here. Without that it says so and
// passes, unless WAXSEAL_REQUIRE_ALL=1: then nothing may be left out.

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

import { CHROMIUM, LYNX, WAXSEAL, fakeClock } from './lib/program.mjs';

const NEEDS = [
  ['the program (cargo build -p waxseal)', existsSync(WAXSEAL)],
  ['the packages of package-lock.json (npm ci)', existsSync(new URL('node_modules', import.meta.url))],
  ['Chromium', existsSync(CHROMIUM)],
  ['lynx', existsSync(LYNX)],
  ['libfaketime', fakeClock() !== undefined],
];

const missing = NEEDS.filter(([, isHere]) => !isHere).map(([what]) => what);
if (missing.length > 0) {
  console.error(`SKIPPED: the browser tests need ${missing.join(', ')}`);
  process.exit(process.env.WAXSEAL_REQUIRE_ALL === '1' ? 1 : 0);
}
const folder = new URL('.', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.test.mjs'));
const tests = spawn(process.execPath, ['--test', '--test-reporter=spec', ...files], { cwd: folder, stdio: 'inherit' });
tests.once('exit', (code) => process.exit(code ?? 1));
