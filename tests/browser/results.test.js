// What a run leaves beside its log, against a real instance: long texts of agents, JSON, files.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startModel } from './model.js';
import { call, onStage, soon } from './stage.js';

let runspool, page, model;
onStage((now) => ({ runspool = runspool, page = page } = now), async () => {
  model = await startModel();
  return model.settings;
});
after(() => model?.close());

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const begin = async (...nodes) => {
  const all = [node('start', 'trigger', { kind: 'manual' }), ...nodes];
  const edges = all.slice(1).map(({ id }, i) => ({ id: `e${i}`, source: all[i].id, target: id }));
  return (await call(runspool, 'POST', 'api/workflows/leaves/run', { nodes: all, edges })).runId;
};
const open = async (run, tail) => {
  await page.goto(`${runspool.url}#/runs/${run}${tail}`);
  await page.getByText(/^Complete, /).waitFor();
};

test('JSON: opened on demand, searched, with paths as templates write them', async () => {
  const run = await begin(node('done', 'output', { kind: 'result', value: '{{ {"odd key": {deep: [1, {name: "needle"}]}, list: [range(300)]} }}' }));
  await open(run, '?tab=io&node=done');
  const block = page.locator('.block', { has: page.getByRole('heading', { name: 'Output' }) });
  await block.getByRole('button', { name: 'Entries of list' }).click();
  await block.getByText('Show 200 more entries').waitFor();
  await block.getByPlaceholder('Search keys and values').fill('NEEDLE');
  await block.getByText('1 match', { exact: true }).waitFor();
  await block.locator('.j-entry').getByRole('button').click();
  await soon(() => block.locator('.j-path').textContent(), '.nodes.done.output["odd key"].deep[1].name');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await block.getByRole('button', { name: 'Copy path' }).click();
  await soon(() => page.evaluate(() => navigator.clipboard.readText()), '.nodes.done.output["odd key"].deep[1].name');
  await block.getByRole('button', { name: 'Copy value' }).click();
  await soon(() => page.evaluate(() => navigator.clipboard.readText()), 'needle');
});

test('files: JSON as a tree, a page without its scripts, an image; each to save', async () => {
  const file = (id, path, content) => node(id, 'output', { kind: 'file', path, content });
  const run = await begin(
    file('json', 'found.json', '{"count": 12}'),
    file('page', 'report.html', '<h1>All is well</h1><script>parent.document.title = "taken"; document.body.textContent = "taken"</script>'),
    file('image', 'dot.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"><rect width="30" height="20" fill="red"/></svg>'),
  );
  await open(run, '?tab=artifacts');
  const show = (name) => page.getByRole('button', { name, exact: true }).click();
  await show('found.json');
  await page.locator('.artifact .j-number', { hasText: '12' }).waitFor();
  await page.waitForURL(/artifact=found\.json/);
  await show('report.html');
  const framed = page.frameLocator('.artifact-page');
  await framed.getByRole('heading', { name: 'All is well' }).waitFor();
  await soon(() => page.locator('.artifact-page').getAttribute('sandbox'), '');
  assert.notEqual(await page.title(), 'taken');
  await show('dot.svg');
  await page.waitForFunction(() => document.querySelector('.artifact img')?.naturalWidth === 30);
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download found.json' }).click();
  assert.equal((await saved).suggestedFilename(), 'found.json');
});

test('a long text is laid out in blocks, whole and in order; who has scrolled to its end stays there', async () => {
  const words = Array.from({ length: 2800 }, (_, i) => `Sentence ${i} of a text of twenty thousand words.${i % 5 ? '' : '\n'}`).join(' ').trim();
  await model.say({ text: words, chunks: 1000, hold: 900 });
  const run = await begin(node('think', 'agent', { kind: 'agent', prompt: 'Write' }));
  await page.goto(`${runspool.url}#/runs/${run}?tab=results`);
  const box = page.locator('.panel-scroll');
  await page.locator('.work-block').nth(10).waitFor();
  await box.evaluate((element) => (element.scrollTop = element.scrollHeight));
  await fetch(new URL('/control/release', model.url), { method: 'POST' });
  await page.getByText(/^Complete, /).waitFor();
  await page.locator('.work-text:not(.work-writing)').waitFor();
  const blocks = page.locator('.work-block');
  const shown = (await blocks.allTextContents()).join('\n').trim();
  const at = [...words].findIndex((letter, i) => letter !== shown[i]);
  assert(shown === words, `the text differs at ${at}: ${shown.slice(at - 60, at + 60)}, not ${words.slice(at - 60, at + 60)}`);
  await page.waitForFunction(() => {
    const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.panel-scroll');
    return scrollHeight - scrollTop - clientHeight < 2;
  });
});
