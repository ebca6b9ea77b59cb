// node screenshots.js FOLDER [PATTERN]: the pictures of docs/DASHBOARD.md, from real runs on an instance of its own, the agents against
// the tests' model endpoint. 1440 and 390 px, light and dark, WebP. RUNSPOOL_BUILD and RUNSPOOL_TEST_MODULES as in the tests.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { launch } from './browser.js';
import { startModel } from './model.js';
import { startRunspool } from './runspool.js';
import { call as rest } from './stage.js';

const folder = process.argv[2] ?? 'docs/img';
const only = new RegExp(process.argv[3] ?? '');
const SIZES = { 1440: 900, 390: 844 };
const PATIENCE_MS = 120000;
const QUALITY = 0.8;

const model = await startModel();
const runspool = await startRunspool([...model.settings, 'runner.http_private=allow']);
const browser = await launch();
const call = (...request) => rest(runspool, ...request);

async function run(id, input) {
  const { runId } = await call('POST', `api/workflows/${id}/run`, { input });
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 200)))
    if (['success', 'error', 'cancelled'].includes((await call('GET', `api/runs/${runId}`)).status)) break;
  return runId;
}

const node = (id, type, label, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label, ...data } });
const chain = (...ids) => ids.slice(1).map((target, i) => ({ id: `e${i}`, source: ids[i], target }));
const release = {
  id: 'release', name: 'Release', params: [{ name: 'version', type: 'string', required: true }, { name: 'errors', type: 'integer', default: 0 }],
  nodes: [node('start', 'trigger', 'Start', { kind: 'manual' }),
    node('build', 'tool', 'Build', { kind: 'shell', command: ['sh', '-c', 'for f in main router fold graph log; do printf "\\033[2mcc\\033[0m %s.o\\n" $f; sleep 0.05; done; printf "\\033[32mbuilt\\033[0m\\n"'] }),
    node('test', 'tool', 'Test', { kind: 'shell', command: ['sh', '-c', 'for i in 1 2 3 4 5 6 7 8; do echo "ok $i - checks part $i"; sleep 0.05; done; if [ "$0" -gt 0 ]; then echo "not ok 9 - the last part" >&2; exit 1; fi', '{{ .input.errors }}'] }),
    node('notes', 'agent', 'Write the notes', { kind: 'agent', prompt: 'Write release notes for {{ .input.version }}', tools: ['shell'] }),
    node('ask', 'control', 'Ask the release manager', { kind: 'approval', message: 'Publish {{ .input.version }}?' }),
    node('done', 'output', 'Published', { kind: 'result', value: '{{ .nodes.notes.output.text }}' })],
  edges: [{ id: 'a', source: 'start', target: 'build' }, { id: 'b', source: 'build', target: 'test' }, { id: 'c', source: 'test', target: 'notes' },
    { id: 'e', source: 'notes', target: 'ask' }, { id: 'f', source: 'ask', target: 'done', sourceHandle: 'approved' }],
};
const nightly = { id: 'nightly', name: 'Nightly checks', nodes: [node('start', 'trigger', 'Start', { kind: 'manual' }), node('look', 'tool', 'Look', { kind: 'shell', command: ['echo', 'all is well'] })], edges: chain('start', 'look') };

for (const definition of [release, nightly]) await call('PUT', `api/workflows/${definition.id}`, definition);
await runspool.import('repo-health');
for (let i = 0; i < 6; i++) await run('nightly', {});
const notes = (version) => model.say({ tool_calls: [{ name: 'shell', arguments: { command: ['echo', '14 commits since the last release'] } }], usage: { prompt_tokens: 640, completion_tokens: 48 } },
  { text: `Runspool ${version}\n\nRuns can be exported as one file, replayed in time and compared.\nFourteen changes, none of them breaks what worked.`, usage: { prompt_tokens: 720, completion_tokens: 96 } });
const failed = await run('release', { version: '2.4', errors: 1 });
const health = await run('repo-health', { repo: '.' });
await notes('2.5');
const { runId: asking } = await call('POST', 'api/workflows/release/run', { input: { version: '2.5' } });
const other = await run('repo-health', { repo: '.', largeBytes: 20000 });

for (const [i, name] of ['nightly', 'release', 'repo-health'].entries())
  await call('POST', 'api/queue', { issue_number: 41 + i, phase: i + 1, priority: 5 * i, ...(i ? {} : { workflowId: name }) });

/** A conversation, asked as a person would: its address. */
async function talk() {
  await model.say({ text: '{"intent": "chat", "confidence": 0.9}' },
    { text: '**Two things changed** between the runs:\n\n1. `Links` took 1.2 s, it took 0.4 s before.\n2. The report lists three large files more.\n\n```sh\nrunspool export r_1 > run.html\n```\n\nBoth ended well, so nothing needs to be done.', usage: { prompt_tokens: 812, completion_tokens: 74 } });
  const page = await browser.newPage();
  await page.goto(`${runspool.url}#/assistant`);
  await page.getByPlaceholder('Ask something').fill('What is different between the last two checks of the repository?');
  await page.getByPlaceholder('Ask something').press('Enter');
  await page.locator('.turn[data-status="success"]').waitFor({ timeout: PATIENCE_MS });
  const { hash } = new URL(page.url());
  await page.close();
  return hash;
}

const PAGES = [
  ['workflows', '#/workflows'], ['run', `#/runs/${health}`], ['asking', `#/runs/${asking}?tab=results`], ['timeline', `#/runs/${health}?tab=timeline&at=400`],
  ['compare', `#/compare/${other}/${health}`], ['editor', '#/workflows/release/edit'], ['history', '#/history'], ['assistant', await talk()],
  ['metrics', '#/monitor/metrics'], ['queue', '#/monitor/queue'], ['doctor', '#/doctor'], ['export', `export of ${failed}`],
];

/** PNG to WebP, by the browser: so no other program is needed. */
const webp = (page, png) => page.evaluate(async ([data, quality]) => {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext('2d').drawImage(image, 0, 0);
  const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality })).arrayBuffer());
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}, [png.toString('base64'), QUALITY]);

await mkdir(folder, { recursive: true });
const blank = await browser.newPage();
const exported = await (await fetch(new URL(`api/runs/${failed}/export.html`, runspool.url))).text();
for (const colorScheme of ['light', 'dark'])
  for (const [width, height] of Object.entries(SIZES))
    for (const [name, hash] of PAGES.filter(([one]) => only.test(one))) {
      const page = await browser.newPage({ viewport: { width: Number(width), height }, colorScheme });
      if (name === 'export') await page.setContent(exported);
      else await page.goto(`${runspool.url}${hash}`);
      await page.waitForTimeout(1500); // let pictures settle: nothing is asserted here
      await writeFile(join(folder, `${name}-${width}-${colorScheme}.webp`), Buffer.from(await webp(blank, await page.screenshot()), 'base64'));
      await page.close();
    }
await browser.close();
await runspool.close();
model.close();
