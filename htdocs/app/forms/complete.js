// What is at hand in a template or a jq program: the run's input, what nodes before this one give, secrets. Pure.
// context: {params: [{name, type, description}], nodes: [{id, label, outputs: [{name, type, help}]}], secrets: [name],
// item: in a foreach, lastRun: {input, nodes: {id: record}} or null}.

import { isObject } from './schema.js';

const isPlain = (name) => /^[A-Za-z_]\w*$/.test(name);
const RECORD = ['output', 'status', 'error', 'durationMs', 'attempt', 'startedAt', 'finishedAt'];
const MOST = 50; // members of one value that are offered

const typeOf = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const shown = (value) => (isObject(value) || Array.isArray(value) ? typeOf(value) : JSON.stringify(value).slice(0, 60));
const keysOf = (value) => (isObject(value) ? Object.keys(value).slice(0, MOST) : []);

/** Members of what a path leads to, as far as it is known: [{name, hint}]. */
export function membersAt(context, path) {
  const [first, id, third] = path;
  const lastRun = { input: context.lastRun?.input, nodes: context.lastRun?.nodes ?? {} };
  const value = path.reduce((at, key) => (at === null || at === undefined ? undefined : at[key]), lastRun);
  const known = (names, hints = {}) =>
    [...new Set([...names, ...keysOf(value)])].map((name) => ({ name, hint: hints[name] ?? (value?.[name] === undefined ? '' : shown(value[name])) }));
  if (path.length === 0) return ['input', 'nodes', 'session', 'env', ...(context.item ? ['item', 'index'] : [])].map((name) => ({ name, hint: '' }));
  const params = context.params ?? [];
  if (first === 'input' && path.length === 1) return known(params.map(({ name }) => name), Object.fromEntries(params.map(({ name, type, description }) => [name, description || type])));
  const nodes = context.nodes ?? [];
  if (first === 'nodes' && path.length === 1) return nodes.map(({ id: name, label }) => ({ name, hint: label ?? '' }));
  if (first === 'nodes' && path.length === 2) return RECORD.map((name) => ({ name, hint: '' }));
  if (first === 'nodes' && third === 'output' && path.length === 3) {
    const outputs = (nodes.find((node) => node.id === id)?.outputs ?? []).filter(({ name }) => name);
    return known(outputs.map(({ name }) => name), Object.fromEntries(outputs.map(({ name, help }) => [name, help])));
  }
  return known([]);
}

/** Where the program begins in which the caret stands: 0 for jq, behind `{{` for a text; -1: in none. */
function programStart(text, caret, jq) {
  if (jq) return 0;
  const open = text.lastIndexOf('{{', caret - 1);
  return open < 0 || text.slice(open, caret).includes('}}') ? -1 : open + 2;
}

const STEP = /\.([A-Za-z_]\w*)|\.?\["((?:[^"\\]|\\.)*)"\]|\[(\d*)\]/g;
const stepsOf = (path) => [...path.matchAll(STEP)].map(([, name, quoted, index]) => name ?? quoted ?? Number(index || 0));

/** What may stand at the caret: {from, items: [{name, insert, hint}]}, insert replaces text from `from` to the caret; null: nothing. */
export function completions(text, caret, context, jq = false) {
  const start = programStart(text, caret, jq);
  if (start < 0) return null;
  const before = text.slice(start, caret);
  const secret = /\$(?:(s|se|sec|secr|secre|secret|secrets)|secrets\.(\w*)|)$/.exec(before);
  if (secret) {
    const items = (context.secrets ?? []).filter((name) => name.startsWith(secret[2] ?? '')).map((name) => ({ name: `$secrets.${name}`, insert: `$secrets.${name}`, hint: '' }));
    return items.length ? { from: caret - secret[0].length, items } : null;
  }
  const typed = /(?:^|[^\w\])"?.])((?:\.[A-Za-z_]\w*|\.?\["(?:[^"\\]|\\.)*"\]|\[\d*\])*)(\.([A-Za-z_]\w*)?)?$/.exec(before);
  if (!typed || (!typed[1] && !typed[2] && before.trim() !== '')) return null;
  // `.inp|` is the member inp of nothing; `.input|` too, until its dot is typed.
  const whole = typed[1] + (typed[2] ?? '');
  const last = /\.([A-Za-z_]\w*)?$/.exec(whole);
  const path = stepsOf(last ? whole.slice(0, last.index) : whole);
  const prefix = last?.[1] ?? '';
  if (!last && whole) return null;
  const items = membersAt(context, path)
    .filter(({ name }) => name.startsWith(prefix) && name !== prefix)
    .map(({ name, hint }) => ({ name, hint, insert: isPlain(name) ? `.${name}` : `[${JSON.stringify(name)}]` }));
  return items.length ? { from: caret - (last?.[0].length ?? 0), items } : null;
}

/** The context of one node's form. definition: the workflow; types: the node types by kind; lastRun as above. */
export function contextOf(definition, nodeId, types, lastRun = null) {
  const before = new Set();
  const visit = (id) => {
    for (const { source, target } of definition.edges ?? []) {
      if (target !== id || before.has(source)) continue;
      before.add(source);
      visit(source);
    }
  };
  visit(nodeId);
  const nodes = (definition.nodes ?? []).filter(({ id }) => before.has(id) && id !== nodeId);
  return {
    params: definition.params ?? [],
    nodes: nodes.map(({ id, data = {} }) => ({ id, label: data.label || types.get(data.kind)?.label, outputs: types.get(data.kind)?.outputs ?? [] })),
    lastRun,
  };
}
