// What people look at after a run: target/browser/.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ROOT } from './program.mjs';
import { DESKTOP, PHONE } from './visitor.mjs';

const FOLDER = join(ROOT, 'target/browser');

/** Pictures of a state: phone and desktop, light and dark. */
export async function picture(visitor, name) {
  const { page } = visitor;
  const folder = join(FOLDER, 'screens');
  await mkdir(folder, { recursive: true });
  for (const [device, size] of Object.entries({ phone: PHONE, desktop: DESKTOP })) {
    await page.setViewportSize(size);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: join(folder, `${name}.${device}.${colorScheme}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: null });
}

/** What a screen reader is told. */
export async function tree(visitor, name) {
  await keep(`trees/${name}.yml`, await visitor.page.locator('body').ariaSnapshot());
}

/** Writes a file below the folder of this run's output. */
export async function keep(name, text) {
  const path = join(FOLDER, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `${text}\n`);
}
