// The assistant's page, and the notes that tell what was done, against a real instance and a model endpoint that does what
// the test tells it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onStage } from './stage.js';

let runspool, page;

onStage((now) => ({ runspool = runspool, page = page } = now));

/** Show a note from within the page. */
const note = (what) => page.evaluate(async (one) => {
  const { toast } = await import(new URL('app/components/toast.js', document.baseURI).href);
  toast(one);
}, what);
const notes = () => page.locator('.toast').evaluateAll((all) => all.map((one) => one.querySelector('.toast-text').textContent));

test('notes: announced, three at most, dismissed, followed; they stay while the pointer or the focus is there', async () => {
  await page.clock.install();
  await page.goto(runspool.url);
  const region = page.getByRole('status', { name: 'Notes' });
  await region.waitFor({ state: 'attached' });
  for (const text of ['one', 'two', 'three', 'four']) await note({ text });
  assert.deepEqual(await notes(), ['two', 'three', 'four']);
  await note({ text: 'four, again', key: 'same' });
  await note({ text: 'four, at last', key: 'same' });
  assert.deepEqual(await notes(), ['three', 'four', 'four, at last']);
  await page.locator('.toast', { hasText: 'three' }).getByRole('button', { name: 'Dismiss this note' }).click();
  assert.deepEqual(await notes(), ['four', 'four, at last']);
  await page.locator('.toast').first().hover();
  await page.clock.runFor(20000);
  assert.equal((await notes()).length, 2);
  await page.mouse.move(0, 0);
  await page.locator('.toast').first().getByRole('button').focus();
  await page.clock.runFor(20000);
  assert.equal((await notes()).length, 2);
  await page.locator('.brand').focus();
  await page.clock.runFor(20000);
  await page.locator('.toast').first().waitFor({ state: 'detached' });
  await note({ text: 'It failed', kind: 'error', href: '#/runs', label: 'Show runs' });
  await page.getByRole('link', { name: 'Show runs' }).click();
  await page.waitForURL(/#\/runs$/);
  assert.deepEqual(await notes(), []);
});
