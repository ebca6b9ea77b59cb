// What npm would publish: packed, unpacked beside its peers, imported, checked by tsc, and small.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';

const run = promisify(execFile);
const source = process.env.RUNSPOOL_SOURCE ?? new URL('../..', import.meta.url).pathname;
const modules = process.env.RUNSPOOL_TEST_MODULES ?? join(source, 'build', 'npm-tests');
const client = join(source, 'htdocs', 'client');
const CORE_MAX = 15000;
const REACT = ['assistant.js', 'monitor.js', 'topics.js', 'use-token.js'];
const FRONT_ENDS = [...REACT, 'assistant-client.js', 'crew.js', 'monitor-client.js', 'topic-client.js'];
let folder, packed;

/** A project that has installed the package, and these of its peers. */
function project(name, peers) {
  const at = join(folder, name);
  mkdirSync(join(at, 'node_modules'), { recursive: true });
  cpSync(join(folder, 'package'), join(at, 'node_modules', 'runspool-client'), { recursive: true });
  for (const peer of peers) {
    mkdirSync(join(at, 'node_modules', peer, '..'), { recursive: true });
    symlinkSync(join(modules, 'node_modules', peer), join(at, 'node_modules', peer));
  }
  writeFileSync(join(at, 'package.json'), '{"type":"module"}');
  return at;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runspool-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder, client], { env: { ...process.env, npm_config_cache: join(folder, 'cache') } });
  const [{ filename, files }] = [JSON.parse(stdout)].flatMap((answer) => (Array.isArray(answer) ? answer : Object.values(answer)));
  packed = files.map(({ path }) => path);
  await run('tar', ['-xzf', join(folder, filename), '-C', folder]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('npm pack takes all of the library and nothing else', () => {
  const wanted = readdirSync(client, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(client.length + 1));
  assert.deepEqual([...packed].sort(), [...wanted].sort());
  const { exports } = JSON.parse(readFileSync(join(client, 'package.json'), 'utf8'));
  for (const target of Object.values(exports).flatMap((one) => (typeof one === 'string' ? one : Object.values(one)))) {
    assert(packed.includes(target.slice(2)), `${target} is exported and packed`);
  }
});

test('only the hooks and components import react, and nothing imports anything else', () => {
  for (const name of packed.filter((path) => path.endsWith('.js'))) {
    const foreign = [...readFileSync(join(client, name), 'utf8').matchAll(/\bfrom\s+'([^.'][^']*)'/g)].map(([, module]) => module);
    assert.deepEqual(foreign, REACT.includes(name) ? ['react'] : [], name);
  }
});

const TRY = `
import { configure, connectStreams } from 'runspool-client';
import { createServer } from 'node:http';
const ways = [];
const server = createServer((request, response) => {
  ways.push(request.url.split('?')[0]);
  if (ways.length === 2) console.log(ways.join(' '));
  response.writeHead(404).end();
}).on('upgrade', (request, socket) => { ways.push('upgrade ' + request.url); socket.end('HTTP/1.1 404 No\\r\\n\\r\\n'); });
server.listen(0, '127.0.0.1', () => {
  configure({ base: 'http://127.0.0.1:' + server.address().port });
  setTimeout(() => process.exit(1), 10000).unref();
  const live = connectStreams(['run:x'], () => {}, { onStatus() {} });
  const look = setInterval(() => { if (ways.length > 1) { clearInterval(look); live.close(); server.closeAllConnections(); server.close(); } }, 5);
});`;

test('Node without a WebSocket: the package ws when it is there, else Server-Sent Events', { skip: globalThis.WebSocket && 'this Node has a WebSocket' }, async () => {
  for (const [peers, first] of [[['ws'], 'upgrade /ws'], [[], '/sse']]) {
    const at = project(`node-${peers.length}`, peers);
    writeFileSync(join(at, 'try.js'), TRY);
    const { stdout } = await run('node', ['try.js'], { cwd: at, timeout: 20000 });
    assert(stdout.startsWith(first), `${peers}: ${stdout}`);
  }
});

test('without a base Node says what to do', async () => {
  const at = project('lost', []);
  writeFileSync(join(at, 'try.js'), "import { connectStreams } from 'runspool-client'; try { connectStreams(['runs'], () => {}); } catch (error) { console.log(error.message); }");
  const { stdout } = await run('node', ['try.js'], { cwd: at, timeout: 20000 });
  assert.match(stdout, /configure\(\{ base/);
});

test('tsc takes what may be done, and refuses what may not', async () => {
  const at = project('types', ['react', '@types/react', 'csstype']);
  for (const name of ['use.tsx', 'misuse.tsx']) cpSync(join(source, 'tests', 'client', 'types', name), join(at, name));
  const [, example] = readFileSync(join(client, 'README.md'), 'utf8').match(/^```tsx\n(.*?)^```/ms);
  writeFileSync(join(at, 'readme.tsx'), example);
  const options = { strict: true, noEmit: true, jsx: 'react-jsx', target: 'es2022', module: 'nodenext', moduleResolution: 'nodenext', lib: ['es2022', 'dom'], types: [], skipLibCheck: false };
  writeFileSync(join(at, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['use.tsx', 'misuse.tsx', 'readme.tsx'] }));
  const { stdout } = await run('node', [join(modules, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', at], { cwd: at, timeout: 120000 }).catch((error) => error);
  assert.equal(stdout, '');
});

test(`the core is under ${CORE_MAX} bytes compressed`, (t) => {
  const core = packed.filter((path) => path.endsWith('.js') && !FRONT_ENDS.includes(path)).sort();
  const text = core.map((path) => readFileSync(join(client, path), 'utf8')).join('\n');
  const lean = text.replace(/\/\*\*.*?\*\//gs, '').replace(/^\s*\/\/.*$/gm, '').replace(/^\s+/gm, ''); // as any bundler leaves it
  const [written, bundled] = [text, lean].map((code) => gzipSync(code, { level: 9 }).length);
  t.diagnostic(`${core.length} files, ${written} bytes compressed as written, ${bundled} without comments and indentation`);
  assert(bundled < CORE_MAX, `${bundled}`);
});
