// axe-core on every page of the dashboard: wide in each theme, on a phone in one of them by turns, without a serious finding.
// A new page is a row in PAGES.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { axe } from './modules.js';
import { call, onStage } from './stage.js';

const [WIDE, PHONE] = [1280, 390];
const THEMES = ['light', 'dark', 'dracula'];
const GRAVE = ['serious', 'critical'];

const script = axe();
let runspool, page, seeded;
const runs = {};

onStage((now) => ({ runspool = runspool, page = page } = now));

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const shell = (id, script_) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script_] });
const start = node('start', 'trigger', { kind: 'manual' });

const WORKFLOWS = {
  good: {
    params: [{ name: 'who', type: 'string', required: true, description: 'Whom to greet' }, { name: 'loud', type: 'boolean' }, { name: 'how', type: 'string', enum: ['plain', 'fancy'] }],
    nodes: [start, shell('say', 'printf "\\033[31mred\\033[32m green\\033[0m\\n"; echo "to stderr" >&2; echo report > report.txt'), node('done', 'output', { kind: 'result', value: '{{ {a: [1, null, true, "text"]} }}' })],
    edges: chain('start', 'say', 'done'),
  },
  bad: { nodes: [start, shell('fails', 'echo before; exit 3'), shell('never', 'true')], edges: chain('start', 'fails', 'never') },
  asks: { nodes: [start, node('ask', 'control', { kind: 'approval', message: 'Go on?' })], edges: chain('start', 'ask') },
};

async function seed() {
  for (const [id, definition] of [...Object.entries(WORKFLOWS), ['good', WORKFLOWS.good]]) {
    await call(runspool, 'PUT', `api/workflows/${id}`, { id, name: `Workflow ${id}`, description: `What ${id} does`, ...definition });
    const { runId } = await call(runspool, 'POST', `api/workflows/${id}/run`, { input: id === 'good' ? { who: 'Ada' } : {} });
    runs[id] = runId;
  }
  await call(runspool, 'PUT', 'api/sessions/axe', { name: 'Talk', messages: [{ role: 'user', content: 'Hello' }, { role: 'assistant', content: '# Hello\n\n| a | b |\n| --- | --- |\n| 1 | [2](https://example.org/) |\n\n```sh\nls\n```' }] });
  await call(runspool, 'POST', 'api/workflows/assistant/run', { input: { input: 'Thanks, bye' }, sessionId: 'axe' });
  await call(runspool, 'PUT', 'api/adws/axe', { status: 'running', issue: 7 });
  await call(runspool, 'POST', 'api/queue/pause', {});
  await call(runspool, 'POST', 'api/queue', { issue_number: 7, workflowId: 'good', input: { who: 'later' } });
}

const ended = (status) => (view) => view.locator(`.run-state[data-status="${status}"]`).waitFor();
const heading = (name) => (view) => view.getByRole('heading', { level: 1, name }).waitFor();

/** name, address, and what has to be there before it is looked at. */
const PAGES = [
  ['workflows', () => '#/workflows', (view) => view.locator('tbody tr').nth(2).waitFor()],
  ['a workflow', () => '#/workflows/good', heading('Workflow good')],
  ['versions', () => '#/workflows/good/versions', heading('Versions of Workflow good')],
  ['the editor', () => '#/workflows/good/edit', async (view) => {
    await view.locator('[data-node-button="say"]').click();
    if (view.viewportSize().width < 760) await view.getByRole('button', { name: 'Settings', exact: true }).click();
    await view.locator('.settings').waitFor();
  }],
  ['the editor, adding', () => '#/workflows/new', async (view) => {
    await view.locator('.first').waitFor();
    await view.getByRole('button', { name: 'Add node', exact: true }).click();
    await view.locator('.choice').first().waitFor();
  }],
  ['runs', () => '#/runs', (view) => view.locator('tbody tr').nth(2).waitFor()],
  ['runs, none', () => '#/runs?workflow=nothing', (view) => view.locator('.notice').waitFor()],
  ['a run', () => `#/runs/${runs.good}`, ended('success')],
  ['a run, timeline', () => `#/runs/${runs.good}?tab=timeline`, ended('success')],
  ['a run, results', () => `#/runs/${runs.good}?tab=results`, ended('success')],
  ['a run, input and output', () => `#/runs/${runs.good}?tab=io&node=say`, ended('success')],
  ['a run, artifacts', () => `#/runs/${runs.good}?tab=artifacts`, ended('success')],
  ['a run, attempts', () => `#/runs/${runs.good}?tab=attempts`, ended('success')],
  ['a run that failed', () => `#/runs/${runs.bad}?node=fails&tab=log`, ended('error')],
  ['a run that asks', () => `#/runs/${runs.asks}`, (view) => view.locator('[data-ask]').waitFor()],
  ['no such run', () => '#/runs/r_nowhere', (view) => view.getByRole('alert').waitFor()],
  ['comparison', () => `#/compare/${runs.good}`, (view) => view.locator('.compare-verdict').waitFor()],
  ['history', () => '#/history', (view) => view.locator('tbody tr[data-run]').first().waitFor()],
  ...['active', 'queue', 'schedules', 'crews', 'scraping', 'webhooks', 'adws', 'routes', 'metrics', 'system'].map((view) => [
    `monitor, ${view}`, () => `#/monitor/${view}`, (on) => on.locator('.monitor-view').locator('table, .notice, .board').first().waitFor(),
  ]),
  ['assistant', () => '#/assistant', (view) => view.locator('.assistant-notice').waitFor()],
  ['a conversation', () => '#/assistant/axe', (view) => view.locator('.turn[data-status="success"] .steps').waitFor()],
  ['doctor', () => '#/doctor?silence=1', (view) => view.getByRole('button', { name: 'Measure again' }).waitFor()],
  ['no such page', () => '#/nowhere', (view) => view.locator('.notice').waitFor()],
];

/** What axe finds; only: names of rules, else all. Of a long table the first rows will do: the others are made alike. */
const findings = (only) =>
  page.evaluate(async (rules) => {
    const found = await axe.run({ exclude: [['tbody tr:nth-child(n+9)']] }, { resultTypes: ['violations'], ...(rules && { runOnly: { type: 'rule', values: rules } }) });
    return found.violations.flatMap(({ id, impact, help, nodes }) => nodes.map(({ target, html, failureSummary }) => ({ id, impact, help, target: target.join(' '), html: html.slice(0, 200), why: failureSummary })));
  }, only);

for (const width of [WIDE, PHONE]) {
  test(`no serious finding, ${width} px`, async () => {
    const grave = [];
    await (seeded ??= seed());
    await page.emulateMedia({ reducedMotion: 'reduce' }); // colours at rest
    await page.setViewportSize({ width, height: 800 });
    await page.goto(runspool.url);
    await page.evaluate(script);
    for (const [i, [name, address, ready]] of PAGES.entries()) {
      await page.evaluate((hash) => (location.hash = hash), address());
      await ready(page).catch((error) => assert.fail(`${name}: ${error.message}`));
      const themes = width === WIDE ? THEMES : [THEMES[i % THEMES.length]];
      for (const theme of themes) {
        await page.evaluate((chosen) => (document.documentElement.dataset.theme = chosen), theme);
        // Themes differ in colours alone.
        const found = await findings(theme === themes[0] ? undefined : ['color-contrast']);
        for (const one of found) if (GRAVE.includes(one.impact)) grave.push({ name, theme, ...one });
      }
    }
    assert.deepEqual(grave, []);
  });
}

test('what is serious is found', async () => {
  await page.goto(runspool.url);
  await page.evaluate(script);
  await page.evaluate(() => document.getElementById('main').append(document.createElement('button')));
  assert((await findings()).some(({ id, impact }) => id === 'button-name' && GRAVE.includes(impact)));
});
