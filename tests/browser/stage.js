// What tests of pages against a real instance share: a browser, the instance, a page for each test that must not complain.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { launch } from './browser.js';
import { startRunspool } from './runspool.js';

/** How long something may take on a slow or busy machine. */
export const PATIENCE_MS = 60000;

/** Hooks for the file's tests. set({runspool}) before the first, set({page}) before each; settings: () => more for `up`. */
export function onStage(set, settings = async () => []) {
  let browser, runspool, page, broken;
  before(async () => {
    [browser, runspool] = await Promise.all([launch(), settings().then(startRunspool)]);
    set({ runspool });
  });
  after(async () => {
    await browser?.close();
    await runspool?.close();
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.setDefaultTimeout(PATIENCE_MS);
    broken = [];
    page.on('pageerror', (error) => broken.push(error.message));
    page.on('console', (message) => /Content Security Policy/.test(message.text()) && broken.push(message.text()));
    set({ page });
  });
  afterEach(async () => {
    await page.close();
    assert.deepEqual(broken, []);
  });
}

/**
 * Until read() gives what is wanted: an equal value, a text that fits a pattern, one of which a function says yes; gives it.
 * For what a page shows a moment after it knows; that something does not change is asserted instead.
 */
export async function soon(read, wanted, message) {
  const fits = typeof wanted === 'function' ? wanted : wanted instanceof RegExp ? (seen) => wanted.test(seen) : (seen) => isDeepStrictEqual(seen, wanted);
  for (const deadline = Date.now() + PATIENCE_MS; ; ) {
    const seen = await read();
    if (fits(seen)) return seen;
    if (Date.now() > deadline) assert.deepEqual(seen, wanted, message);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** What read() gives once the page has drawn it twice over: for a place from which movement is measured. */
export async function settled(page, read) {
  let last;
  return soon(async () => {
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(drawn)))));
    return read();
  }, (now) => isDeepStrictEqual(last, (last = now)));
}

/** Until the effects of what was just drawn have run: from then on the page listens for its keys. */
export const listening = (page) =>
  page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => setTimeout(done, 0), 0)))));

/** Move the slider of a finished run until wanted() says yes: how far into a run something happens differs by machine. */
export async function scrub(slider, wanted) {
  for (let place = 0.02; place < 1; place += 0.02) {
    await slider.evaluate(async (input, at) => {
      input.value = input.max * at;
      for (const type of ['input', 'change']) input.dispatchEvent(new Event(type, { bubbles: true }));
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    }, place);
    if (await wanted()) return;
  }
  assert.fail('at no moment of the run it was so');
}

/** Are all edges of a drawing within it? */
export const edgesInside = (drawing, paths) =>
  drawing.evaluate((one, wanted) => {
    const [box, all] = [one.getBoundingClientRect(), [...one.querySelectorAll(wanted)]];
    const inside = ({ left, right, top, bottom }) => left >= box.left && right <= box.right && top >= box.top && bottom <= box.bottom;
    return all.length > 0 && all.every((path) => inside(path.getBoundingClientRect()));
  }, paths);

/** One REST call that must succeed; its answer. */
export async function call(runspool, method, path, body) {
  const response = await fetch(new URL(path, runspool.url), { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  assert(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
