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

/** One REST call that must succeed; its answer. */
export async function call(runspool, method, path, body) {
  const response = await fetch(new URL(path, runspool.url), { method, headers: { 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? null : await response.json();
  assert(response.ok, `${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}
