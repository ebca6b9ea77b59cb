// What tests of pages against a real instance share: a browser, the instance, a page for each test that must not complain.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach } from 'node:test';
import { launch } from './browser.js';
import { startRunspool } from './runspool.js';

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
    page.setDefaultTimeout(20000);
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
