// What must hold for every page, in any state. Each check yields what it found
// wrong, as sentences.

import { axe } from './lab.mjs';

/** WCAG 1.4.10: the narrowest width, in CSS pixels. */
const NARROW = { width: 320, height: 640 };
/** A screen of 1280 × 900 at 200 %. */
const ZOOMED = { width: 640, height: 450 };
/** A key of ours, or the value that the tests share. */
const TELLING = /[0-9a-z]{31}|correct horse/;

/** All checks. */
export async function check(visitor, language) {
  const found = [];
  for (const one of [form, fits, stillness, forcedColours, axe]) {
    found.push(...(await one(visitor, language)));
  }
  return found;
}

/** Nothing has to be scrolled sideways, and nothing is cut off. */
export async function fits({ page }) {
  const before = page.viewportSize();
  const found = [];
  for (const size of [NARROW, ZOOMED]) {
    await page.setViewportSize(size);
    found.push(...(await page.evaluate(beyond)).map((part) => `at ${size.width} px: ${part}`));
  }
  await page.setViewportSize(before);
  return found;
}

/** One heading, one main part, its language; and a title that tells nothing of the secret. */
async function form({ page }, language) {
  const found = await page.evaluate(() => {
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    return {
      lang: document.documentElement.lang,
      dir: document.documentElement.dir,
      headings: document.querySelectorAll('h1').length,
      mains: document.querySelectorAll('main').length,
      mode: document.compatMode,
      doubled: ids.length - new Set(ids).size,
    };
  });
  const wanted = { lang: language, dir: 'ltr', headings: 1, mains: 1, mode: 'CSS1Compat', doubled: 0 };
  const wrong = Object.keys(wanted).filter((name) => found[name] !== wanted[name]);
  const title = await page.title();
  if (title === '' || TELLING.test(title)) wrong.push('title');
  return wrong.map((name) => `${name} is ${found[name] ?? title}`);
}

/** Nothing moves for those who asked for that. */
async function stillness({ page }) {
  return page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .filter((element) => {
        const { transitionDuration, animationName } = getComputedStyle(element);
        return animationName !== 'none' || transitionDuration.split(',').some((one) => parseFloat(one) > 0.01);
      })
      .map((element) => `moves: ${element.outerHTML.slice(0, 120)}`),
  );
}

/** In colours that the reader's system chose, every control still has an edge to be seen. */
async function forcedColours({ page }) {
  await page.emulateMedia({ forcedColors: 'active' });
  const found = await page.evaluate(() =>
    [...document.querySelectorAll('button, input:not([type=hidden]), textarea, select')]
      .filter((control) => {
        const { borderTopStyle, borderTopWidth } = getComputedStyle(control);
        return borderTopStyle === 'none' || parseFloat(borderTopWidth) < 1;
      })
      .map((control) => `no edge in forced colours: ${control.outerHTML}`),
  );
  await page.emulateMedia({ forcedColors: null });
  return found;
}

/** Runs in the page: what reaches beyond the window. */
function beyond() {
  const width = document.documentElement.clientWidth;
  const out = [...document.querySelectorAll('body *')].filter((element) => {
    const { left, right, height } = element.getBoundingClientRect();
    return height > 0 && (right > width + 0.5 || left < -0.5);
  });
  const scrolls = document.documentElement.scrollWidth > width ? ['the page scrolls sideways'] : [];
  return scrolls.concat(out.map((element) => element.outerHTML.slice(0, 120)));
}
