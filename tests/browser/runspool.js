// A real instance for the tests: RUNSPOOL_URL names a running one, else one is started from the build tree.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = process.env.RUNSPOOL_SOURCE ?? new URL('../..', import.meta.url).pathname;
const build = process.env.RUNSPOOL_BUILD ?? join(source, 'build');

/** settings: more `key=value` for `up`. Gives {url, import(name of an example), run(...arguments of runspool), data: its directory, close()}. */
export async function startRunspool(settings = []) {
  if (process.env.RUNSPOOL_URL && !settings.length) return handle(process.env.RUNSPOOL_URL, async () => {});
  const program = join(build, 'cli', 'runspool');
  const data = await mkdtemp(join(tmpdir(), 'runspool-browser-'));
  const runspool = (...args) => run(program, [...args, '--data', data], { cwd: source, timeout: 60000 });
  const close = async () => {
    await runspool('down').catch(() => {}); // what is left is in the log of up
    await rm(data, { recursive: true, force: true });
  };
  try {
    const set = ['runner.shell=allow', 'runner.git_local=allow', ...settings].flatMap((setting) => ['--set', setting]);
    await runspool('up', '--detach', '--listen', '127.0.0.1:0', ...set);
    const { stdout } = await runspool('status', '--json');
    return { ...handle(JSON.parse(stdout).url, close), run: runspool, data };
  } catch (error) {
    await close();
    throw error;
  }
}

function handle(address, close) {
  const url = address.replace(/\/*$/, '/');
  return { url, import: (name) => put(url, name), close };
}

async function put(url, name) {
  const definition = await readFile(join(source, 'examples', `${name}.json`), 'utf8');
  const response = await fetch(new URL(`api/workflows/${name}`, url), {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: definition,
  });
  if (!response.ok) throw new Error(`PUT ${name}: ${response.status} ${await response.text()}`);
}
