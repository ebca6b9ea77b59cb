// The tests' model endpoint (tests/helper/llm_server.py), started for a file.

import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** models: that it knows, else its own. {url, settings for `up`, say(...replies): what it answers next, release() one that holds, close()} */
export async function startModel(...models) {
  const program = spawn('python3', [new URL('../helper/llm_server.py', import.meta.url).pathname, ...models.flatMap((id) => ['--model', id])], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = await once(program.stdout, 'data');
  const url = String(chunk).trim();
  const control = (what, body) => fetch(new URL(`/control/${what}`, url), { method: 'POST', body: JSON.stringify(body) });
  return {
    url,
    settings: [`model.url=${url}`, 'model.default=test-model', 'model.prices=test-model=1/2'],
    say: (...replies) => control('script', replies),
    release: () => control('release', null),
    close: () => program.kill(),
  };
}
