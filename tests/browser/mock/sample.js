// Workflows and runs of every shape a page must bear: none, many nodes, many lines, long and right-to-left names.

const seconds = (base, s) => new Date(base + s * 1000).toISOString();

const node = (id, label, kind, type = 'tool', data = {}) => ({ id, type, data: { kind, label, ...data } });
const edge = (source, target, more = {}) => ({ id: `${source}-${target}`, source, target, ...more });

export const health = {
  id: 'repo-health',
  name: 'Repository health',
  description: 'Clones a git repository and looks at its files, its history and its documents.',
  version: 3,
  params: [
    { name: 'repo', type: 'string', required: true, description: 'Address or path of a git repository', default: 'https://example.org/project.git' },
    { name: 'depth', type: 'integer', description: 'How many commits to fetch; empty means all' },
    { name: 'largeBytes', type: 'integer', default: 1000000, description: 'Files from this size on are named' },
    { name: 'ignore', type: 'array', default: ['vendor/', 'third_party/'] },
    { name: 'level', type: 'string', enum: ['quick', 'thorough'], default: 'quick' },
    { name: 'strict', type: 'boolean', default: true },
  ],
  nodes: [
    node('start', 'Start', 'manual', 'trigger'),
    node('clone', 'Clone the repository', 'git_clone'),
    node('count', 'Count files and lines', 'shell'),
    node('history', 'Walk the history', 'shell'),
    node('large', 'Find large files', 'shell'),
    node('todo', 'Find TODOs', 'shell'),
    node('links', 'Check relative links', 'shell'),
    node('scripts', 'Check shell scripts', 'shell'),
    node('join', 'Join the findings', 'transform', 'control'),
    node('good', 'Is it healthy', 'condition', 'control'),
    node('report', 'Write report.md', 'file', 'output'),
    node('alarm', 'Call the owner', 'http_request'),
    node('result', 'Result', 'result', 'output'),
  ],
  edges: [
    edge('start', 'clone'),
    ...['count', 'history', 'large', 'todo', 'links', 'scripts'].flatMap((id) => [edge('clone', id), edge(id, 'join')]),
    edge('join', 'good'),
    edge('good', 'report', { sourceHandle: 'true' }),
    edge('good', 'alarm', { sourceHandle: 'false' }),
    edge('report', 'result'),
  ],
};

export const long = {
  ...health,
  id: 'long-name',
  name: 'A workflow whose name never ends because somebody pasted the whole ticket into it '.repeat(4).slice(0, 300),
  params: [],
};
export const rtl = { ...health, id: 'rtl', name: 'בדיקת בריאות המאגר', description: 'فحص صحة المستودع والروابط', params: [] };

export const wide = {
  id: 'two-hundred',
  name: 'Nightly matrix',
  version: 12,
  params: [],
  nodes: [
    node('start', 'Start', 'schedule', 'trigger'),
    ...Array.from({ length: 198 }, (_, i) => node(`t${i}`, `Shard ${Math.floor(i / 9) + 1} · step ${(i % 9) + 1}`, ['shell', 'http_request', 'transform', 'file'][i % 4])),
    node('result', 'Result', 'result', 'output'),
  ],
  edges: [
    ...Array.from({ length: 22 }, (_, row) => [
      edge('start', `t${row * 9}`),
      ...Array.from({ length: 8 }, (_, i) => edge(`t${row * 9 + i}`, `t${row * 9 + i + 1}`)),
      edge(`t${row * 9 + 8}`, 'result'),
    ]).flat(),
  ],
};

const WORDS = {
  clone: ['Cloning into \'work/repo\'...', 'remote: Enumerating objects: 4127, done.', 'remote: Counting objects: 100% (4127/4127), done.', '\x1b[32mReceiving objects\x1b[0m: 100% (4127/4127), 3.41 MiB | 11.20 MiB/s, done.', 'Resolving deltas: 100% (2390/2390), done.'],
  count: ['\x1b[1mC\x1b[0m          112 files   21,480 lines', '\x1b[1mJavaScript\x1b[0m  48 files    4,902 lines', '\x1b[1mShell\x1b[0m        9 files      611 lines', '\x1b[1mMarkdown\x1b[0m    14 files    1,877 lines'],
  history: ['commits 412, authors 7', '2026-09 \x1b[34m██████████\x1b[0m 41', '2026-10 \x1b[34m██████████████████\x1b[0m 77', '2026-11 \x1b[34m████████\x1b[0m 33'],
  large: ['docs/run-view.png 284,112 bytes'],
  todo: ['bridge/front.c:212: \x1b[33mTODO\x1b[0m: time out slow headers', 'runner/kill.c:80: \x1b[33mTODO\x1b[0m: record the group first'],
  links: ['README.md:41: docs/DEPLOY.md is \x1b[31mbroken\x1b[0m', '188 links checked, 1 broken'],
  scripts: ['\x1b[32mok\x1b[0m scripts/demo', '\x1b[32mok\x1b[0m scripts/test', '\x1b[32mok\x1b[0m .ci/run'],
};

/** Puts a run of `workflow` into the instance, as far as `until` nodes (default: all). Returns its id. */
export function addRun(instance, workflow, { id, age = 120, until = Infinity, fail, cancel, lines = 0, input = {}, name } = {}) {
  const base = Date.now() - age * 1000;
  const stream = `run:${id}`;
  const at = (s) => seconds(base, s);
  const nodes = Object.fromEntries(workflow.nodes.map((one) => [one.id, { status: 'pending' }]));
  const say = (type, data, s) => instance.log.append(stream, type, data, at(s));
  const total = workflow.nodes.length;
  const run = {
    id, workflowId: workflow.id, workflowVersion: workflow.version, name: name ?? workflow.name, status: 'running', input, output: null, error: null,
    org: 'default', createdAt: at(0), startedAt: at(0.4), finishedAt: null, durationMs: null, progress: 0, attempt: 1, nodes, graph: { nodes: workflow.nodes, edges: workflow.edges },
  };
  instance.runs.set(id, run);
  const state = (type, status, s, more) => {
    run.status = status;
    say(type, { workflowId: workflow.id, name: run.name, status, progress: run.progress, attempt: 1, ...more }, s);
  };
  state('run.queued', 'queued', 0);
  state('run.started', 'running', 0.4);
  let s = 0.5;
  let done = 0;
  for (const { id: nodeId, data } of workflow.nodes) {
    if (done >= until) break;
    if (data.kind === 'http_request' && workflow.id !== 'two-hundred') {
      nodes[nodeId] = { status: 'skipped', attempt: 1, finishedAt: at(s) };
      say('node.skipped', { nodeId, kind: data.kind, attempt: 1, status: 'skipped' }, s);
      done++;
      continue;
    }
    say('node.started', { nodeId, kind: data.kind, attempt: 1, status: 'running' }, s);
    nodes[nodeId] = { status: 'running', attempt: 1, startedAt: at(s) };
    const spent = 0.3 + ((done * 7) % 5) * 0.9;
    const words = WORDS[nodeId] ?? [];
    words.forEach((message, i) => say('log', { level: 'info', message, nodeId, source: 'stdout' }, s + (spent * (i + 1)) / (words.length + 1)));
    if (nodeId === workflow.nodes[Math.min(2, total - 1)].id)
      for (let i = 0; i < lines; i++)
        say('log', i % 997 === 500
          ? { level: 'error', message: `\x1b[1;31merror\x1b[0m: case ${i} gave 3, wanted 4`, nodeId, source: 'stderr' }
          : { level: 'info', message: `case ${i} \x1b[32mok\x1b[0m in ${(i * 37) % 900} us`, nodeId, source: 'stdout' }, s + (spent * i) / lines);
    s += spent;
    done++;
    run.progress = Math.floor((done / total) * 100);
    if (nodeId === fail) {
      const error = { code: 'exit', message: 'sh: work/repo/run.sh: line 41: syntax error near unexpected token `fi\' (exit code 2)', nodeId };
      say('log', { level: 'warning', message: error.message, nodeId, source: 'stderr' }, s);
      say('node.failed', { nodeId, kind: data.kind, attempt: 1, status: 'error', error, durationMs: spent * 1000 }, s);
      nodes[nodeId] = { ...nodes[nodeId], status: 'error', finishedAt: at(s), durationMs: spent * 1000, error };
      for (const [other, record] of Object.entries(nodes)) {
        if (record.status !== 'pending') continue;
        say('node.skipped', { nodeId: other, status: 'skipped', attempt: 1 }, s);
        nodes[other] = { status: 'skipped', attempt: 1 };
      }
      Object.assign(run, { error, finishedAt: at(s), durationMs: s * 1000 - 400 });
      state('run.failed', 'error', s, { error, durationMs: run.durationMs });
      return id;
    }
    if (done > until - 3 && until < total) continue; // the last ones are still going
    const output = nodeId === 'good' ? { result: true } : { exitCode: 0, stdout: words.join('\n') };
    say('node.finished', { nodeId, kind: data.kind, attempt: 1, status: 'success', output, durationMs: spent * 1000 }, s);
    nodes[nodeId] = { ...nodes[nodeId], status: 'success', finishedAt: at(s), durationMs: spent * 1000, output };
  }
  if (done < total && !cancel) return id;
  run.finishedAt = at(s);
  run.durationMs = s * 1000 - 400;
  if (cancel) {
    for (const [other, record] of Object.entries(nodes)) if (['pending', 'running'].includes(record.status)) nodes[other] = { ...record, status: record.status === 'running' ? 'cancelled' : 'skipped' };
    state('run.cancelled', 'cancelled', s, { durationMs: run.durationMs });
    return id;
  }
  run.progress = 100;
  run.output = {
    files: 183, lines: 28870, languages: { C: { files: 112, lines: 21480 }, JavaScript: { files: 48, lines: 4902 }, Shell: { files: 9, lines: 611 } },
    commits: 412, authors: { 'Ada L.': 240, 'Grace H.': 172 }, months: { '2026-09': 41, '2026-10': 77, '2026-11': 33 },
    largeFiles: [{ path: 'docs/run-view.png', bytes: 284112 }], todos: [{ path: 'bridge/front.c', line: 212, text: 'time out slow headers' }],
    brokenLinks: [{ path: 'README.md', line: 41, target: 'docs/DEPLOY.md' }], badScripts: [],
  };
  instance.artifacts.set(id, new Map([['report.md', '# Repository health\n\n183 files, 28,870 lines, 412 commits by 2 authors.\n\n| language | files | lines |\n| --- | --: | --: |\n| C | 112 | 21,480 |\n| JavaScript | 48 | 4,902 |\n| Shell | 9 | 611 |\n\n## Broken links\n\n- README.md:41 points to docs/DEPLOY.md, which is not there.\n'], ['findings.json', '{}\n']]));
  state('run.finished', 'success', s, { output: run.output, durationMs: run.durationMs });
  return id;
}

export const byName = { health, long, rtl, wide };
