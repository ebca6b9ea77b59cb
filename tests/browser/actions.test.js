// What one does about a run, against a real instance: answer a node that asks, go on at a failure, run again with other
// input, pause; and the timeline.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startModel } from './model.js';
import { call as rest, onStage, scrub, soon } from './stage.js';

let runspool, page, folder, model;

onStage((now) => ({ runspool = runspool, page = page } = now), async () => {
  model = await startModel();
  return [...model.settings, 'runner.http_private=allow'];
});
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'runspool-actions-'));
});
after(async () => {
  model?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});
const call = (...request) => rest(runspool, ...request);

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const begin = async (workflow, definition, input) => (await call('POST', `api/workflows/${workflow}/run`, { ...definition, input })).runId;
const open = (run, tail = '') => page.goto(`${runspool.url}#/runs/${run}${tail}`);
const state = (status) => page.locator(`.run-state[data-status="${status}"]`).waitFor();

const asking = {
  nodes: [node('start', 'trigger', { kind: 'manual' }), node('ask', 'control', { kind: 'approval', message: 'Deploy {{ .input.what }} now?' }),
    node('done', 'output', { kind: 'result', value: '{{ .nodes.ask.output.comment }}' })],
  edges: [{ id: 'e1', source: 'start', target: 'ask' }, { id: 'e2', source: 'ask', target: 'done', sourceHandle: 'approved' }],
};

test('a node that asks is answered on the page, with a comment, and the run goes on', async () => {
  const run = await begin('asking', asking, { what: 'version 7' });
  await open(run);
  const ask = page.locator('[data-ask="ask"]');
  await ask.getByText('Deploy version 7 now?').waitFor();
  await page.locator('.node[data-node="ask"][data-status="waiting"]').waitFor();
  await ask.getByPlaceholder('Comment').fill('go ahead');
  await ask.getByRole('button', { name: 'Approve' }).click();
  await state('success');
  await ask.waitFor({ state: 'detached' });
  await page.getByText('approved').first().waitFor();
  assert.equal((await call('GET', `api/runs/${run}`)).output, 'go ahead');
});

test('what one asks for shows at once, and is taken back when it is refused', async () => {
  const run = await begin('asking', asking, { what: 'x' });
  await open(run);
  const ask = page.locator('[data-ask="ask"]');
  const answers = [];
  const hold = (pattern) => page.route(pattern, (route) => new Promise((done) => answers.push(() => done(route.fulfill({ status: 409, contentType: 'application/problem+json', body: '{"title":"No","detail":"somebody was quicker"}' })))));
  const refuse = async (at) => {
    while (answers.length <= at) await page.evaluate(() => new Promise(requestAnimationFrame));
    answers[at]();
  };
  await hold('**/api/runs/*/nodes/*/approve');
  await ask.getByPlaceholder('Comment').fill('mine');
  await ask.getByRole('button', { name: 'Approve' }).click();
  await ask.getByText('ask: approved').waitFor();
  await refuse(0);
  await ask.getByText('somebody was quicker').waitFor();
  assert.equal(await ask.getByPlaceholder('Comment').inputValue(), 'mine'); // what was written is not lost

  await hold('**/api/runs/*/cancel');
  const cancel = page.locator('[data-action="cancel"]');
  const words = await cancel.textContent();
  await cancel.click();
  await page.waitForFunction((was) => document.querySelector('[data-action="cancel"]')?.textContent !== was, words);
  assert(await cancel.isDisabled());
  await refuse(1);
  await page.getByRole('alert').getByText('somebody was quicker').last().waitFor();
  await page.waitForFunction((was) => document.querySelector('[data-action="cancel"]:enabled')?.textContent === was, words);
  await page.unrouteAll();
  await page.getByRole('button', { name: 'Reject' }).click();
  await state('success');
});

test('a refusal skips what waits for a yes; from history nothing asks any more', async () => {
  const run = await begin('asking', asking, { what: 'x' });
  await open(run);
  await page.getByRole('button', { name: 'Reject' }).click();
  await state('success');
  await page.locator('.node[data-node="done"][data-status="skipped"]').waitFor();
  await page.reload();
  await state('success');
  await page.locator('.line', { hasText: 'ask rejected' }).waitFor();
  await soon(() => page.locator('.ask').count(), 0);
});

test('a failed run goes on at the failure: what succeeded is kept, the same run ends well', async () => {
  const marker = join(folder, 'there');
  const run = await begin('fails', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('first', 'tool', { kind: 'shell', command: ['echo', 'once'] }),
      node('check', 'tool', { kind: 'shell', command: ['test', '-e', '{{ .input.marker }}'] })],
    edges: chain('start', 'first', 'check'),
  }, { marker });
  await open(run);
  await state('error');
  const first = (await call('GET', `api/runs/${run}`)).nodes.first;
  await writeFile(marker, '');
  await page.getByRole('button', { name: 'Go on at the failure' }).click();
  await state('success');
  await page.getByText('Attempt 2').first().waitFor();
  const record = await call('GET', `api/runs/${run}`);
  assert.equal(record.attempt, 2);
  assert.equal(record.nodes.first.finishedAt, first.finishedAt);
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Start over' }).click();
  await page.getByText('Attempt 3').first().waitFor();
  await state('success');
});

test('run again with other input: a form of the workflow, filled with what this run had', async () => {
  await call('PUT', 'api/workflows/greet', {
    id: 'greet', name: 'Greet', params: [{ name: 'who', type: 'string', required: true }, { name: 'times', type: 'integer', default: 1 }],
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('done', 'output', { kind: 'result', value: '{{ [.input.who, .input.times] }}' })],
    edges: chain('start', 'done'),
  });
  const run = await begin('greet', {}, { who: 'Ann', times: 3 });
  await open(run);
  await state('success');
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Escape');
  await soon(() => page.getByRole('menu').count(), 0);
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Run again with other input' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('who').waitFor();
  await soon(() => Promise.all(['who', 'times'].map((name) => dialog.getByLabel(name).inputValue())), ['Ann', '3']);
  await dialog.getByLabel('who').fill('Bob');
  await dialog.getByRole('button', { name: 'Run workflow' }).click();
  await page.waitForURL((url) => !url.href.includes(run));
  await state('success');
  const other = page.url().match(/runs\/([\w.-]+)/)[1];
  assert.deepEqual((await call('GET', `api/runs/${other}`)).output, ['Bob', 3]);
});

test('a run that was never saved takes its input as JSON; what is no object is refused beside the field', async () => {
  const run = await begin('adhoc', { nodes: [node('start', 'trigger', { kind: 'manual' }), node('done', 'output', { kind: 'result', value: '{{ .input }}' })], edges: chain('start', 'done') }, { a: 1 });
  await open(run);
  await state('success');
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Run again with other input' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Input as JSON').fill('[1]');
  await dialog.getByRole('button', { name: 'Run again' }).click();
  await dialog.getByText('This is no JSON object.').waitFor();
  await dialog.getByLabel('Input as JSON').fill('{"a": 2}');
  await dialog.getByRole('button', { name: 'Run again' }).click();
  await page.waitForURL((url) => !url.href.includes(run));
  await state('success');
});

test('the timeline: a bar for every node that began, one click shows the node', async () => {
  const run = await begin('lines', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('slow', 'control', { kind: 'delay', ms: 300 }), node('bad', 'tool', { kind: 'shell', command: ['false'] }), node('never', 'output', { kind: 'result', value: 1 })],
    edges: chain('start', 'slow', 'bad', 'never'),
  });
  await open(run, '?tab=timeline');
  await state('error');
  const rows = page.locator('.timeline-row');
  await rows.nth(2).waitFor();
  await soon(() => rows.count(), 3);
  const { nodes } = await call('GET', `api/runs/${run}`);
  const took = ['start', 'slow', 'bad'].map((id) => Date.parse(nodes[id].finishedAt) - Date.parse(nodes[id].startedAt));
  assert(took[1] >= 300, `${took}`);
  // The longest bar is that of the node that took longest, which need not be the delay on a busy machine.
  const widths = () => rows.evaluateAll((all) => all.map((row) => Math.max(...[...row.querySelectorAll('.timeline-bar')].map((bar) => bar.getBoundingClientRect().width))));
  await soon(widths, (all) => all.indexOf(Math.max(...all)) === took.indexOf(Math.max(...took)));
  await rows.getByRole('button', { name: /Failed bad after/ }).click();
  await page.waitForURL(/node=bad/);
});

test('an agent: its text as it is written, its tool calls and what they gave, tokens and cost', async () => {
  await model.say(
    { tool_calls: [{ name: 'shell', arguments: { command: ['echo', 'forty-two'] } }], usage: { prompt_tokens: 100, completion_tokens: 20 } },
    { text: 'The answer is forty-two, as the tool says.', chunks: 8, hold: 4, usage: { prompt_tokens: 200, completion_tokens: 30 } },
  );
  const run = await begin('asks', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('think', 'agent', { kind: 'agent', prompt: 'What is the answer?', tools: ['shell'] })],
    edges: chain('start', 'think'),
  });
  await open(run, '?tab=results');
  const work = page.locator('[data-agent="think"]');
  await work.locator('.work-writing', { hasText: 'The answer is' }).waitFor();
  await fetch(new URL('/control/release', model.url), { method: 'POST' });
  await work.getByText('The answer is forty-two, as the tool says.').waitFor();
  await work.getByText('350 tokens').waitFor();
  await work.getByText('$0.0004').waitFor();
  await work.locator('summary').click();
  await work.getByText('forty-two\n').first().waitFor();
  await state('success');
  await page.getByText(/^Complete, \d+ events$/).waitFor();
  await page.reload();
  await work.getByText('The answer is forty-two, as the tool says.').waitFor();
});

test('attempts: each with how it began and ended; the log by level, and as a file', async () => {
  const run = await begin('twice', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('bad', 'tool', { kind: 'shell', command: ['sh', '-c', 'echo plain; echo worse >&2; exit 3'] })],
    edges: chain('start', 'bad'),
  });
  await open(run);
  await state('error');
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Start over' }).click();
  await page.getByText('Attempt 2').first().waitFor();
  await state('error');
  await page.getByRole('tab', { name: /Attempts/ }).click();
  const rows = page.locator('.panel tbody tr');
  await rows.nth(1).waitFor();
  await soon(() => rows.locator('td:nth-child(3)').allTextContents(), ['Started over', 'Start']);
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.locator('.line', { hasText: 'plain' }).first().waitFor();
  await page.getByLabel('Level').selectOption('error');
  await page.locator('.line', { hasText: 'plain' }).first().waitFor({ state: 'detached' });
  await page.waitForURL(/level=error/);
  await page.getByLabel('Level').selectOption('all');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const file = await saved;
  assert.equal(file.suggestedFilename(), `${run}.log`);
  assert.equal((await readFile(await file.path(), 'utf8')).split('\n').filter((line) => line.endsWith('\tworse')).length, 2);
});

test('the workflows by their last results: sorted by success, filtered by name, kept in the address', async () => {
  for (const [id, code] of [['always', 0], ['never', 1]]) {
    await call('PUT', `api/workflows/${id}`, { id, name: `It ${id} works`, nodes: [node('start', 'trigger', { kind: 'manual' }), node('work', 'tool', { kind: 'shell', command: ['sh', '-c', `exit ${code}`] })], edges: chain('start', 'work') });
    for (let i = 0; i < 2; i++) {
      const run = await begin(id, {});
      await open(run);
      await state(code ? 'error' : 'success');
    }
  }
  for (let i = 0; i < 8; i++) await call('PUT', `api/workflows/other-${i}`, { id: `other-${i}`, name: `Other ${i}`, nodes: [node('start', 'trigger', { kind: 'manual' })], edges: [] });
  await page.goto(`${runspool.url}#/workflows?q=works`);
  const rows = page.locator('tbody tr');
  await rows.nth(1).waitFor();
  await soon(() => rows.locator('td:nth-child(4)').allTextContents(), ['100 %', '0 %']);
  await soon(() => page.locator('.spark', { hasText: 'Of the last 2 runs 2 failed' }).locator('.s-error').count(), 2);
  await page.getByRole('button', { name: 'Success' }).click();
  await page.locator('tbody tr:first-child', { hasText: 'It never works' }).waitFor();
  await page.waitForURL(/q=works&sort=rate/);
  await page.getByPlaceholder('Filter workflows').fill('nothing like it');
  await page.getByRole('button', { name: 'Show all workflows' }).click();
  await rows.nth(9).waitFor();
});

test('two runs side by side: the first node that differs, what differs in its output, another run to compare with', async () => {
  const definition = { nodes: [node('start', 'trigger', { kind: 'manual' }), node('same', 'control', { kind: 'transform', expression: '{a: 1}' }),
    node('other', 'control', { kind: 'transform', expression: '{size: .input.size, list: [1, .input.size]}' }), node('last', 'output', { kind: 'result', value: '{{ .nodes.other.output.size }}' })], edges: chain('start', 'same', 'other', 'last') };
  const runs = [];
  for (const size of [5, 5, 7]) {
    runs.push(await begin('compared', definition, { size }));
    await open(runs.at(-1));
    await state('success');
  }
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Compare' }).click();
  await page.getByText('They first differ at other.').waitFor();
  const places = page.locator('.places-row');
  await soon(() => places.locator('tbody td').allTextContents(), ['.size', '5', '7', '.list[1]', '5', '7']);
  await soon(() => page.locator('.compare tr.differs').evaluateAll((rows) => rows.map((row) => row.dataset.node)), ['other', 'last']);
  await page.getByLabel('Run B').selectOption(runs[0]);
  await page.getByText('States and outputs of all nodes are the same.').waitFor();
  await page.waitForURL((url) => url.href.endsWith(`#/compare/${runs[0]}/${runs[1]}`));
});

test('a finished run in time: the graph as it was then, played to its end', async () => {
  const run = await begin('played', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('long', 'control', { kind: 'delay', ms: 1000 }), node('last', 'output', { kind: 'result', value: 1 })],
    edges: chain('start', 'long', 'last'),
  });
  await open(run, '?tab=timeline');
  await state('success');
  const slider = page.getByRole('slider', { name: 'Time in the run' });
  const max = Number(await slider.getAttribute('max'));
  assert(max > 900, `the run took ${max} ms`);
  await scrub(slider, () => page.locator('.node[data-node="long"][data-status="waiting"]').isVisible());
  await page.locator('.node[data-node="last"][data-status="pending"]').waitFor();
  await page.getByRole('button', { name: 'Play' }).click();
  await page.locator('.node[data-node="last"][data-status="success"]').waitFor();
  await page.getByRole('button', { name: 'Show the end' }).waitFor({ state: 'detached' });
});

test('history: figures, charts and the list of what the filters select, page by page', async () => {
  const figures = await call('GET', 'api/workflow-history?workflow=twice');
  await page.goto(`${runspool.url}#/history?workflow=twice`);
  await page.locator('.figure', { hasText: 'Runs' }).first().getByText(String(figures.total_count), { exact: true }).waitFor();
  await page.locator('tbody tr[data-run]').first().waitFor();
  await soon(() => page.locator('tbody tr[data-run]').count(), figures.workflows.length);
  await page.locator('.chart canvas').nth(2).waitFor();
  await page.getByRole('button', { name: 'Success', exact: true }).click();
  await page.getByText('No run matches.').waitFor();
  await page.waitForURL(/workflow=twice&status=success/);
  await page.getByRole('link', { name: 'Show all runs' }).click();
  await page.getByPlaceholder('Find a run').fill('compared');
  await page.locator('.figure', { hasText: 'Runs' }).first().getByText('3', { exact: true }).waitFor();
});
