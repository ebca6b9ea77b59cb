// The model endpoint of the tests, as a process of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** {url, close()} */
export async function startModel() {
  const program = new URL('../helper/llm_server.py', import.meta.url).pathname;
  const server = spawn('/usr/bin/python3', ['-B', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(server.stdout, 'data');
  return { url: `${line}`.trim(), close: () => server.kill() };
}
