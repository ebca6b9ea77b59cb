// Forms made from the schema of a node type: pure parts alone, then each control in the browser with a real instance's schemas.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completions, contextOf } from '../../htdocs/app/forms/complete.js';
import { fieldsOf, fittingUnit, labelOf, placeOf, problemsOf, readAny, within, withMember, writeAny } from '../../htdocs/app/forms/schema.js';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page;
onStage((now) => ({ runspool = runspool, page = page } = now));
const call = (...request) => rest(runspool, ...request);

const template = { $ref: '#/$defs/template' };
const schema = {
  type: 'object',
  required: ['kind', 'command'],
  properties: {
    kind: { const: 'x' },
    command: { anyOf: [{ type: 'array', items: { type: 'string' }, minItems: 1 }, template], 'x-template': true },
    size: { type: 'integer', minimum: 1, maximum: 10 },
    cases: { type: 'array', items: { type: 'object', required: ['handle'], properties: { handle: { type: 'string' } } } },
    statuses: { anyOf: [{ type: 'integer', minimum: 100, maximum: 599 }, { type: 'array', items: { type: 'integer' } }] },
  },
};

test('what a value lacks is said at its place, in the words of the server for places', () => {
  const paths = (value) => problemsOf(schema, { kind: 'x', ...value }).map(({ path }) => path);
  assert.deepEqual(paths({ command: ['a'], more: 1 }), []);
  assert.deepEqual(paths({}), ['command']);
  assert.deepEqual(paths({ command: [] }), ['command']);
  assert.deepEqual(paths({ command: '{{ .input.argv }}' }), []);
  assert.deepEqual(paths({ command: 'sh' }), ['command']);
  assert.deepEqual(paths({ command: ['a'], size: 11, cases: [{ handle: 'a' }, {}], statuses: 'x' }), ['size', 'cases[1].handle', 'statuses']);
  assert.deepEqual(paths({ command: ['a'], size: '3', statuses: [200, 'x'] }), ['size', 'statuses']);
  assert.equal(placeOf({ message: 'the setting `retry.attempts` must be a whole number' }), 'retry.attempts');
  assert.equal(placeOf({ message: 'expression: jq: syntax error' }), 'expression');
  assert.equal(placeOf({ message: 'a delay needs either `ms` or `until`' }), '');
  assert(within('cases', 'cases[1].handle') && within('retry', 'retry.on') && !within('re', 'retry'));
});

test('names, units and JSON as people read and write them', () => {
  assert.deepEqual(['maxTotalTokens', 'timeoutMs', 'url', 'ms', 'sshKey'].map(labelOf), ['Max total tokens', 'Timeout', 'URL', 'Time', 'SSH key']);
  const [{ units }] = fieldsOf({ properties: { timeoutMs: { type: 'integer' } } });
  assert.deepEqual([300000, 1500, 0, undefined].map((value) => fittingUnit(units, value)[0]), ['min', 'ms', 'ms', 's']);
  for (const value of ['plain', '5', '"x"', 'true', '{{ .a }}', 5, null, { a: [1] }, '']) if (value !== '') assert.deepEqual(readAny(writeAny(value)), value);
  assert.deepEqual(Object.keys(withMember({ a: 1, b: 2 }, 'a', 3)), ['a', 'b']);
  assert.deepEqual(withMember({ a: 1, b: 2 }, 'a', undefined), { b: 2 });
});

test('what is at hand where the caret is', () => {
  const context = {
    params: [{ name: 'repo', type: 'string' }], secrets: ['TOKEN', 'OTHER'],
    nodes: [{ id: 'clone', label: 'Clone', outputs: [{ name: 'path', help: 'Where it is' }] }, { id: 'a-b', label: 'Odd', outputs: [] }],
    lastRun: { input: { repo: 'x', extra: 1 }, nodes: { clone: { output: { path: '/w', commit: { id: 'c0ffee' } } } } },
  };
  const at = (line, jq = false) => {
    const caret = line.indexOf('|');
    const found = completions(line.replace('|', ''), caret, context, jq);
    return found && found.items.map(({ insert }) => line.slice(0, found.from) + insert);
  };
  assert.deepEqual(at('{{ .|'), ['{{ .input', '{{ .nodes', '{{ .session', '{{ .env']);
  assert.deepEqual(at('{{ .in|'), ['{{ .input']);
  assert.deepEqual(at('a {{ .input.| }}'), ['a {{ .input.repo', 'a {{ .input.extra']);
  assert.deepEqual(at('.nodes.|', true), ['.nodes.clone', '.nodes["a-b"]']);
  assert.deepEqual(at('.nodes.clone.output.|', true), ['.nodes.clone.output.path', '.nodes.clone.output.commit']);
  assert.deepEqual(at('[.nodes.clone.output.commit.i|]', true), ['[.nodes.clone.output.commit.id']);
  assert.deepEqual(at('.nodes["clone"].output.p|', true), ['.nodes["clone"].output.path']);
  assert.deepEqual(at('{{ $secrets.T|'), ['{{ $secrets.TOKEN']);
  for (const nothing of ['plain .|', '{{ .input }} .|', '{{ "a".|', '{{ .input|']) assert.equal(at(nothing), null, nothing);
  const definition = { params: [], nodes: ['a', 'b', 'c'].map((id) => ({ id, data: { kind: 'k' } })), edges: [{ source: 'a', target: 'b' }, { source: 'b', target: 'a' }, { source: 'b', target: 'c' }] };
  assert.deepEqual(contextOf(definition, 'b', new Map()).nodes.map(({ id }) => id), ['a']);
});

/** The form of a kind alone on the page; its value is window.settings. */
async function show(kind, data = {}, { problems = [], context = {} } = {}) {
  await page.goto(`${runspool.url}#/nowhere`);
  await page.evaluate(async ({ kind: name, data: given, problems: said, context: around }) => {
    const [{ SettingsForm }, { html, render, signal }] = await Promise.all([import('./app/forms/settings.js'), import('./app/ui.js')]);
    const { schema: found } = (await (await fetch('api/node-types')).json()).items.find((type) => type.kind === name);
    const value = signal({ kind: name, ...given });
    window.settings = () => value.value;
    window.setSettings = (next) => (value.value = next);
    const Form = () => html`<${SettingsForm} kind=${name} schema=${found} value=${value.value} problems=${said} context=${around} onChange=${(next) => (value.value = next)} />`;
    document.getElementById('stage')?.remove();
    render(html`<${Form} />`, document.body.appendChild(Object.assign(document.createElement('section'), { id: 'stage' })));
  }, { kind, data, problems, context });
  await page.locator(`.settings[data-kind="${kind}"]`).waitFor();
}
const settings = () => page.evaluate(() => window.settings());
const setting = (path) => page.locator(`[data-setting="${path}"]`);

test('a list, a map, a choice and a number with its unit; what the form does not know is kept', async () => {
  await show('shell', { command: ['sh'], ownThing: { kept: true } });
  await setting('command').getByRole('button', { name: 'Add' }).click();
  await page.getByLabel('Command 2', { exact: true }).fill('-c');
  await setting('env').getByRole('button', { name: 'Add' }).click();
  await page.getByLabel('Environment, name 1').fill('LANG');
  await page.getByLabel('Value of LANG').fill('C');
  await page.getByLabel('Parse').selectOption('json');
  await page.getByText('Time, retries and errors').click();
  await page.getByLabel('Timeout', { exact: true }).fill('1.5');
  await soon(settings, { kind: 'shell', command: ['sh', '-c'], ownThing: { kept: true }, env: { LANG: 'C' }, parse: 'json', timeoutMs: 1500 });
  await page.getByText('Kept, but unknown here: ownThing').waitFor();
  await page.getByLabel('Timeout', { exact: true }).fill('soon');
  await setting('timeoutMs').getByText('Enter a whole number.').waitFor();
  await page.evaluate(() => window.setSettings({ kind: 'shell', command: ['ls'] })); // undone by someone else
  await page.getByLabel('Command 2', { exact: true }).waitFor({ state: 'detached' });
  await setting('command').getByRole('button', { name: 'Remove Command 1' }).click();
  await setting('command').getByText('This is needed.').waitFor();
});

test('JSON is the other view of the same settings; what is no object is said and changes nothing', async () => {
  await show('delay', { ms: 5000 });
  await page.getByRole('button', { name: 'JSON' }).click();
  const json = page.getByLabel('Settings as JSON');
  await json.fill('{"kind": "delay", "ms": 1, "x": ');
  await page.locator('.settings .field-error').waitFor();
  assert.deepEqual(await settings(), { kind: 'delay', ms: 5000 });
  await json.fill('{"kind": "delay", "ms": 60000, "x": 1}');
  await page.getByRole('button', { name: 'Form' }).click();
  await soon(() => setting('ms').locator('input').inputValue(), '1');
  await soon(() => page.getByLabel('Unit of Time').inputValue(), 'min');
});

test('secrets by name, workflows by name, cases in an order, a node in a node', async () => {
  await call('PUT', 'api/secrets/GIT_TOKEN', { value: 'never shown' });
  await call('PUT', 'api/workflows/child', { id: 'child', name: 'The child', nodes: [{ id: 'a', type: 'trigger', data: { kind: 'manual' } }], edges: [] });
  await show('git_clone', { url: 'x' });
  await page.getByLabel('Token', { exact: true }).selectOption('GIT_TOKEN');
  await soon(async () => (await settings()).token, '{{ $secrets.GIT_TOKEN }}');
  assert(!(await page.content()).includes('never shown'));
  await show('subworkflow');
  await page.locator('select').and(page.getByLabel('Workflow')).selectOption({ label: 'The child' });
  await soon(async () => (await settings()).workflow, 'child');
  await show('switch');
  await setting('cases').getByRole('button', { name: 'Add' }).click();
  await setting('cases[0].handle').getByText('This is needed.').waitFor();
  await page.getByLabel('Handle').fill('big');
  await setting('cases[0].expression').locator('textarea').first().fill('.input.n > 5');
  await soon(async () => (await settings()).cases, [{ handle: 'big', expression: '.input.n > 5' }]);
  await show('foreach', { items: [1] });
  await page.getByLabel('Node').selectOption('delay');
  await setting('node.ms').locator('input').fill('2');
  await soon(settings, { kind: 'foreach', items: [1], node: { kind: 'delay', ms: 2000 } });
});

test('completion by keyboard; a choice may be computed; what the server says stands at its setting', async () => {
  const context = { params: [{ name: 'repo', type: 'string' }], nodes: [{ id: 'clone', label: 'Clone', outputs: [{ name: 'path', help: 'Where' }] }] };
  await show('http_request', { url: '' }, { context, problems: [{ code: 'setting', message: 'the setting `method` must be one of GET' }, { code: 'reach', message: 'nothing leads here' }] });
  await setting('method').getByText('must be one of GET').waitFor();
  await page.getByText('nothing leads here').waitFor();
  const url = page.getByLabel('URL');
  await url.fill('');
  await url.pressSequentially('http://x/{{ .nodes.clone.output.');
  await page.locator('.offer-item', { hasText: 'path' }).waitFor();
  await url.press('Enter');
  await url.pressSequentially(' }}');
  await soon(async () => (await settings()).url, 'http://x/{{ .nodes.clone.output.path }}');
  await soon(() => page.locator('.offer-item').count(), 0);
  await setting('url').getByRole('button', { name: 'Insert a value' }).click();
  await page.locator('.offer-item', { hasText: 'input' }).click();
  await soon(async () => (await settings()).url, /path }}{{ \.input }}$/);
  await setting('method').getByRole('button', { name: 'Expression' }).click();
  await setting('method').locator('input').fill('{{ .input.method }}');
  await soon(async () => (await settings()).method, '{{ .input.method }}');
});

test('a jq program is tried with the data of a run; an error leads to its line', async () => {
  const { runId } = await call('POST', 'api/workflows/numbers/run', {
    nodes: [{ id: 'start', type: 'trigger', data: { kind: 'manual' } }, { id: 'twice', type: 'control', data: { kind: 'transform', expression: '.input.n * 2' } }],
    edges: [{ id: 'e', source: 'start', target: 'twice' }], input: { n: 21 },
  });
  const run = await soon(() => call('GET', `api/runs/${runId}`), ({ status }) => status === 'success');
  await show('transform', { expression: '{n: .nodes.twice.output}' }, { context: { lastRun: run } });
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.locator('.jq-test .json', { hasText: 'n42' }).waitFor();
  const program = setting('expression').locator('textarea').first();
  await program.fill('.input\n| .n +\n');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByRole('button', { name: 'Show line 2' }).click();
  await soon(() => program.evaluate((box) => box.value.slice(box.selectionStart, box.selectionEnd)), '| .n +');
  await page.getByText('Other data to test with').click();
  await page.getByLabel('Other data to test with').fill('{"n": [1, 2]}');
  await program.fill('.n | add');
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.locator('.jq-test .json', { hasText: '3' }).waitFor();
});
