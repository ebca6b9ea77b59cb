// node screenshots.js FOLDER: every page in every state and width, for looking at. Needs the staged web root.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.js';
import { Instance } from './mock/instance.js';
import { addRun, byName } from './mock/sample.js';

const folder = process.argv[2] ?? process.env.RUNSPOOL_SHOTS ?? 'shots';
const only = process.argv[3];
const webroot = process.env.RUNSPOOL_WEBROOT ?? new URL('../../build/webroot', import.meta.url).pathname;
const WIDTHS = { 1440: 900, 1024: 768, 390: 844 };
const THEMES = ['light', 'dark'];

await mkdir(folder, { recursive: true });
const full = await new Instance({ webroot }).start();
const empty = await new Instance({ webroot }).start();
const broken = await new Instance({ webroot }).start();
broken.failure = 503;
for (const workflow of Object.values(byName)) full.workflows.set(workflow.id, workflow);
addRun(full, byName.health, { id: 'r_old', age: 90000 });
addRun(full, byName.long, { id: 'r_long', age: 7200 });
addRun(full, byName.rtl, { id: 'r_rtl', age: 4000 });
addRun(full, byName.health, { id: 'r_cancelled', age: 3000, until: 6, cancel: true });
addRun(full, byName.health, { id: 'r_failed', age: 1800, fail: 'scripts', input: { repo: 'https://example.org/project.git' } });
addRun(full, byName.wide, { id: 'r_wide', age: 300, until: 120, lines: 50000 });
addRun(full, byName.health, { id: 'r_done', age: 65, input: { repo: 'https://example.org/project.git', level: 'quick', strict: true } });
addRun(full, byName.health, { id: 'r_running', age: 8, until: 7 });
full.runs = new Map([...full.runs].reverse());
for (const run of full.runs.values()) {
  const workflow = full.workflows.get(run.workflowId);
  full.workflows.set(workflow.id, { ...workflow, recent: [...(workflow.recent ?? []), ...['success', 'error', 'cancelled'].includes(run.status) ? [{ id: run.id, status: run.status, durationMs: run.durationMs }] : []], lastRun: workflow.lastRun ?? { id: run.id, status: run.status, startedAt: run.startedAt, finishedAt: run.finishedAt } });
}

const PAGES = [
  ['workflows', full, '#/workflows'],
  ['workflows-empty', empty, '#/workflows'],
  ['workflows-failure', broken, '#/workflows'],
  ['workflow', full, '#/workflows/repo-health'],
  ['runs', full, '#/runs'],
  ['runs-empty', empty, '#/runs?status=error'],
  ['run-done', full, '#/runs/r_done'],
  ['run-results', full, '#/runs/r_done?tab=results'],
  ['run-io', full, '#/runs/r_done?tab=io&node=good'],
  ['run-artifacts', full, '#/runs/r_done?tab=artifacts'],
  ['run-running', full, '#/runs/r_running'],
  ['run-node', full, '#/runs/r_running?node=clone'],
  ['run-failed', full, '#/runs/r_failed?node=scripts'],
  ['run-failed-results', full, '#/runs/r_failed?tab=results'],
  ['run-wide', full, '#/runs/r_wide'],
  ['run-long', full, '#/runs/r_long'],
  ['run-rtl', full, '#/runs/r_rtl'],
  ['run-missing', full, '#/runs/r_nowhere'],
];

const browser = await launch();
for (const theme of THEMES) {
  for (const [width, height] of Object.entries(WIDTHS)) {
    const context = await browser.newContext({ viewport: { width: Number(width), height }, colorScheme: theme });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.log(`${theme} ${width}: ${message.text()}`));
    page.on('pageerror', (error) => console.log(`${theme} ${width}: ${error.stack}`));
    for (const [name, instance, hash] of PAGES) {
      if (only && !name.match(only)) continue;
      await page.goto('about:blank');
      await page.goto(`${instance.url}${hash}`);
      await page.waitForLoadState('networkidle');
      await page.waitForTimeout(600); // let pictures settle: nothing is asserted here
      await page.screenshot({ path: join(folder, `${name}-${width}-${theme}.png`) });
    }
    await context.close();
  }
}
await browser.close();
await Promise.all([full, empty, broken].map((instance) => instance.close()));
