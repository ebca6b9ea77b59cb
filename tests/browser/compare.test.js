// A run in time and beside another, on the real stack: what was followed live is what history shows, the replay, two runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { call as rest, edgesInside, listening, onStage, scrub, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);
const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const begin = async (workflow, definition, input) => (await call('POST', `api/workflows/${workflow}/run`, { ...definition, input })).runId;
const open = (run, tail = '') => page.goto(`${runspool.url}#/runs/${run}${tail}`);
const state = (status, on = page) => on.locator(`.run-state[data-status="${status}"]`).waitFor();

const mixed = {
  nodes: [node('start', 'trigger', { kind: 'manual' }), node('talk', 'tool', { kind: 'shell', command: ['sh', '-c', 'for i in 1 2 3 4 5; do echo "line $i"; sleep 0.1; done; echo wrong >&2'] }),
    node('ask', 'control', { kind: 'approval', message: 'Go on?' }), node('choose', 'control', { kind: 'condition', expression: '.input.yes' }),
    node('left', 'output', { kind: 'result', value: 'left' }), node('right', 'tool', { kind: 'shell', command: ['false'] })],
  edges: [{ id: 'z', source: 'start', target: 'ask' }, { id: 'a', source: 'ask', target: 'talk', sourceHandle: 'approved' }, { id: 'y', source: 'talk', target: 'choose' },
    { id: 'b', source: 'choose', target: 'left', sourceHandle: 'true' }, { id: 'c', source: 'choose', target: 'right', sourceHandle: 'false' }],
};

/** What a person sees of a run, without what tells the time of looking. */
async function seen(on) {
  await on.getByText(/^Complete, \d+ events$/).waitFor();
  const shown = { head: await on.locator('.run-head').evaluate((head) => {
    const copy = head.cloneNode(true);
    for (const time of copy.querySelectorAll('time')) time.remove();
    return copy.textContent.replace(/\s+/g, ' ').trim();
  }) };
  shown.graph = await on.locator('.node').evaluateAll((nodes) => nodes.map((one) => [one.dataset.node, one.dataset.status, one.textContent, one.className]));
  shown.edges = await on.locator('path.edge').evaluateAll((edges) => edges.map((edge) => edge.getAttribute('class')));
  const tabs = ['Log', 'Timeline', 'Results', 'Input and output', 'Artifacts', 'Attempts'];
  for (const tab of tabs) await on.getByRole('tab', { name: tab }).click(); // what they need is fetched once
  await on.waitForLoadState('networkidle');
  const read = async () => {
    for (const tab of tabs) {
      await on.getByRole('tab', { name: tab }).click();
      await on.locator('#panel').evaluate((panel) => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
      shown[tab] = await on.locator('#panel').evaluate((panel) => panel.innerText.replace(/Follow|just now|\d+ \w+ ago|\s+/g, ' ').trim());
    }
    return { ...shown };
  };
  let last; // all of it is there when a second look finds no more
  return soon(read, (now) => isDeepStrictEqual(last, (last = now)));
}

for (const [how, yes, end] of [['succeeds', true, 'success'], ['fails', false, 'error']])
  test(`a run that ${how} looks the same followed live and opened from history`, async () => {
    const run = await begin('mixed', mixed, { yes });
    await open(run);
    await page.getByRole('button', { name: 'Approve' }).click();
    await state(end);
    const live = await seen(page);
    assert(live.Log.includes('line 5') && live.graph.length === 6);
    await open(run, '?tab=attempts'); // the same page, read anew
    await page.reload();
    await state(end);
    assert.deepEqual(await seen(page), live);
  });

test('a finished run in time: graph, log and timeline as they were, the moment in the address, by keyboard, back to the end', async () => {
  const run = await begin('played', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('first', 'tool', { kind: 'shell', command: ['sh', '-c', 'echo one; sleep 1; echo two'] }), node('last', 'tool', { kind: 'shell', command: ['sh', '-c', 'sleep 0.1; echo three'] })],
    edges: chain('start', 'first', 'last'),
  });
  await open(run);
  await state('success');
  await page.getByText(/^Complete/).waitFor();
  await soon(() => page.locator('.scrubber').count(), 0);
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Replay' }).click();
  const slider = page.getByRole('slider', { name: 'Time in the run' });
  const has = (id, status) => page.locator(`.node[data-node="${id}"][data-status="${status}"]`).waitFor();
  await scrub(slider, async () => await page.locator('.line', { hasText: 'one' }).isVisible() && page.locator('.node[data-node="first"][data-status="running"]').isVisible());
  await has('last', 'pending');
  await soon(() => page.locator('.line', { hasText: /two|three/ }).count(), 0);
  await page.getByRole('tab', { name: 'Timeline' }).click();
  await page.locator('.timeline-bar').nth(1).waitFor();
  await soon(() => page.locator('.timeline-bar').count(), 2);
  await page.waitForURL(/at=\d+/);
  await page.reload();
  await has('first', 'running');
  await has('last', 'pending');
  await slider.focus();
  await page.keyboard.press('PageDown');
  await has('first', 'success');
  await page.keyboard.press('Home');
  await has('last', 'pending');
  await page.waitForURL(/at=0(&|$)/);
  await page.getByLabel('Speed').selectOption('60');
  await slider.focus();
  await page.keyboard.press(' ');
  await has('last', 'success');
  await page.waitForURL((url) => !/at=/.test(url.href));
  await page.locator('.timeline-bar').nth(2).waitFor();
  await soon(() => page.locator('.scrubber-mark').count(), (n) => n > 2);
  await page.keyboard.press('Home');
  await has('last', 'pending');
  await page.keyboard.press('Escape');
  await has('last', 'success');
});

test('moments that come before the one before is on the screen: none of them is taken back', async () => {
  const run = await begin('played', {
    nodes: [node('start', 'trigger', { kind: 'manual' }), node('first', 'tool', { kind: 'shell', command: ['sleep', '0.5'] }), node('last', 'tool', { kind: 'shell', command: ['true'] })],
    edges: chain('start', 'first', 'last'),
  });
  await open(run);
  await state('success');
  await page.getByText(/^Complete/).waitFor();
  await page.getByRole('tab', { name: 'Timeline' }).click();
  const slider = page.getByRole('slider', { name: 'Time in the run' });
  await slider.waitFor();
  await listening(page);
  // As a browser does it with a key that is held: after each event the page computes anew, but draws nothing yet.
  const asked = await slider.evaluate(async (input) => {
    const computed = () => new Promise((done) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(done))));
    for (const place of [0.8, 0.2]) {
      input.value = input.max * place;
      for (const type of ['input', 'change']) {
        input.dispatchEvent(new Event(type, { bubbles: true }));
        await computed();
      }
    }
    return Math.round(input.max * 0.2);
  });
  await soon(() => page.evaluate(() => /at=(\d+)/.exec(location.href)?.[1]).then(Number), (at) => Math.abs(at - asked) <= 1);
  await soon(() => slider.inputValue().then(Number), (at) => Math.abs(at - asked) <= 1);
  await slider.focus();
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !/at=/.test(url.href));
  await listening(page);
  await slider.evaluate(async (input) => { // played for some frames, then stopped just before the next
    const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
    const press = (key) => input.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
    press(' ');
    while (Number(input.value) === 0 || input.value === input.max) await frame();
    press('Escape');
    await frame();
    await frame();
  });
  await listening(page);
  assert.equal(await slider.inputValue(), await slider.getAttribute('max'));
});

const both = (last) => ({
  id: 'both', name: 'Both', params: [{ name: 'size', type: 'integer' }],
  nodes: [node('start', 'trigger', { kind: 'manual' }), node('make', 'control', { kind: 'transform', expression: '{size: .input.size, text: "one\\ntwo\\n\\(.input.size)"}' }), node('wait', 'control', { kind: 'delay', ms: 300 }),
    node('check', 'tool', { kind: 'shell', command: ['sh', '-c', 'test "$0" -lt 5', '{{ .input.size }}'] }), ...last],
  edges: chain('start', 'make', 'wait', 'check', ...last.map(({ id }) => id)),
});

test('two runs: compared with the last that succeeded; graph with both states, inputs, definitions, errors, bars; on a phone', async () => {
  const ends = [];
  const start = async (size, expected) => {
    const run = await begin('both', {}, { size });
    await open(run);
    await state(expected);
    ends.push(run);
  };
  await call('PUT', 'api/workflows/both', both([]));
  await start(1, 'success');
  await start(9, 'error');
  await call('PUT', 'api/workflows/both', both([node('added', 'output', { kind: 'result', value: 1 })]));
  await start(8, 'error');
  await page.getByRole('button', { name: 'More to do with this run' }).click();
  await page.getByRole('menuitem', { name: 'Compare' }).click();
  await page.getByText('They first differ at make.').waitFor();
  await soon(() => page.getByLabel('Run A').inputValue(), ends[0]);
  await soon(() => page.getByLabel('Run B').locator('option').nth(1).textContent(), /the last that succeeded/);
  const graph = page.locator('.compare-graph');
  await soon(() => graph.locator('.node').evaluateAll((nodes) => nodes.map((one) => [one.dataset.node, one.querySelector('.compare-states').textContent.replace(/\s+/g, ' ').trim()])),
    [['start', 'A SuccessB Success'], ['make', 'A SuccessB Success'], ['wait', 'A SuccessB Success'], ['check', 'A SuccessB Failed'], ['added', 'A –B Skipped']]);
  await soon(() => edgesInside(graph.locator('> div'), 'path.edge'), true);
  await soon(() => graph.locator('.node.first').getAttribute('data-node'), 'make');
  await page.getByText('A ran version 1 of the workflow, B 2.').waitFor();
  const made = page.locator('.places-row .place-lines').first();
  await made.locator('.diff-removed', { hasText: '1' }).waitFor();
  assert.deepEqual(await made.locator('tr').evaluateAll((lines) => lines.map((line) => line.lastChild.textContent)), ['one', 'two', '1', '8']);
  await page.locator('.compare-part summary').click();
  await page.locator('.compare-part .mono', { hasText: '.added' }).waitFor();
  await graph.locator('.node[data-node="check"]').click();
  const row = page.locator('.compare tr[data-node="check"]');
  await soon(() => row.evaluate((one) => one === document.activeElement), true);
  await row.getByRole('button').click();
  await page.locator('.places-row .mono', { hasText: /^error/ }).first().waitFor();
  await soon(() => page.locator('.compare tr[data-node="wait"] .compare-bar').count(), 2);
  await page.setViewportSize({ width: 390, height: 844 });
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, 'nothing sticks out');
  await page.getByLabel('Run A').selectOption(ends[1]);
  await page.waitForURL((url) => url.href.endsWith(`#/compare/${ends[2]}/${ends[1]}`));
});
