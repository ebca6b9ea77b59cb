// The tests' model endpoint (tests/helper/llm_server.py), started for a file.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** {url, settings for `up`, say(...replies): what it answers next, close()} */
export async function startModel() {
  const program = spawn('python3', [new URL('../helper/llm_server.py', import.meta.url).pathname], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = await once(program.stdout, 'data');
  const url = String(chunk).trim();
  return {
    url,
    settings: [`model.url=${url}`, 'model.default=test-model', 'model.prices=test-model=1/2'],
    say: (...replies) => fetch(new URL('/control/script', url), { method: 'POST', body: JSON.stringify(replies) }),
    close: () => program.kill(),
  };
}
