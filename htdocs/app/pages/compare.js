// Two runs side by side: the first node that differs, states, durations, outputs.

import { html, classes, useState } from '../ui.js';
import { getRun, listRuns } from '../api.js';
import { State } from '../components/icons.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { duration } from '../format.js';
import { jsonDiff } from '../json-diff.js';
import { layoutGraph } from '../layout.js';
import { go, href } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const CHOICES = 50;
const PLACES = 200;
const SAME = 0.2; // durations that differ by less, relatively, are called equal
const SAME_MS = 100;

/** Nodes in the order of the graph of b, then those only a has. */
function rowsOf(a, b) {
  const order = (run) => (run.graph?.nodes.length ? layoutGraph(run.graph, false).order : Object.keys(run.nodes ?? {}));
  const definition = (run, id) => run.graph?.nodes.find((node) => node.id === id);
  const label = (run, id) => definition(run, id)?.data?.label;
  return [...new Set([...order(b), ...order(a)])].map((id) => {
    const [x, y] = [a.nodes?.[id], b.nodes?.[id]];
    const trigger = (definition(b, id) ?? definition(a, id))?.type === 'trigger'; // its output is the input, shown above
    const places = x && y && !trigger ? jsonDiff(x.output, y.output, PLACES) : [];
    return { id, label: label(b, id) ?? label(a, id) ?? id, x, y, places, differs: !x || !y || x.status !== y.status || places.length > 0 };
  });
}

function Change({ from, to }) {
  if (typeof from !== 'number' || typeof to !== 'number') return null;
  const delta = to - from;
  if (Math.abs(delta) < SAME_MS || Math.abs(delta) < from * SAME) return html`<span class="faint">${text.compare.same}</span>`;
  return html`<span class=${delta > 0 ? 'slower' : 'faster'}>${delta > 0 ? '+' : '−'}${duration(Math.abs(delta))}</span>`;
}

const Value = ({ value }) => (value === undefined ? html`<span class="faint">${text.compare.nothing}</span>` : html`<code dir="auto">${JSON.stringify(value)}</code>`);

function Places({ places }) {
  return html`<table class="places"><thead><tr><th>${text.compare.place}</th><th>A</th><th>B</th></tr></thead>
    <tbody>${places.map(({ path, a, b }) => html`<tr key=${path}><td class="mono">${path}</td><td><${Value} value=${a} /></td><td><${Value} value=${b} /></td></tr>`)}</tbody></table>
    ${places.length === PLACES && html`<p class="faint">${text.compare.cut(PLACES)}</p>`}`;
}

const Side = ({ record }) => html`<td class="cell-state">${record ? html`<${State} status=${record.status} word /><span class="cell-meta number">${duration(record.durationMs)}</span>` : html`<span class="faint">${text.compare.absent}</span>`}</td>`;

function Row({ row, first }) {
  const [open, setOpen] = useState(first);
  const { id, label, x, y, places } = row;
  return html`<tr class=${classes({ differs: row.differs, first })} data-node=${id}>
      <td class="cell-main"><span dir="auto">${label}</span></td><${Side} record=${x} /><${Side} record=${y} />
      <td class="cell-number wide-only"><${Change} from=${x?.durationMs} to=${y?.durationMs} /></td>
      <td class="cell-action">${places.length > 0 && html`<button type="button" class="button-quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>${text.compare.places(places.length)}</button>`}</td>
    </tr>
    ${open && places.length > 0 && html`<tr class="places-row"><td colspan="5"><${Places} places=${places} /></td></tr>`}`;
}

function Picker({ side, run, runs, onChoose }) {
  const known = runs.some(({ id }) => id === run.id) ? runs : [run, ...runs];
  return html`<div class="compare-side"><span class="compare-letter">${side}</span>
    <label class="hidden" for=${`side-${side}`}>${text.compare.side(side)}</label>
    <select id=${`side-${side}`} value=${run.id} onChange=${(event) => onChoose(event.currentTarget.value)}>
      ${known.map(({ id, status }) => html`<option key=${id} value=${id} selected=${id === run.id}>${id} · ${text.state[status]}</option>`)}</select>
    <a href=${href(['runs', run.id])}><${State} status=${run.status} word /></a>
    <span class="number">${duration(run.durationMs)}</span> <span class="faint"><${Ago} time=${run.startedAt ?? run.createdAt} /></span></div>`;
}

/** b is the run one came from; a, what it is compared with: by default the run of the same workflow before it. */
async function load(b, a, signal) {
  const second = await getRun(b, signal);
  const runs = (await listRuns({ workflow: second.workflowId, limit: CHOICES }, signal)).items;
  const before = runs[runs.findIndex(({ id }) => id === b) + 1];
  const other = a ?? before?.id ?? runs.find(({ id }) => id !== b)?.id;
  return { second, runs, first: other ? await getRun(other, signal) : null };
}

export function ComparePage({ b, a }) {
  const { data, error, slow, reload } = useResource(`compare ${b} ${a}`, (signal) => load(b, a, signal));
  usePageState(text.compare.title);
  if (error) return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.run} retry=${reload} /></div>`;
  if (!data) return html`<div class="page">${slow && html`<${Skeleton} />`}</div>`;
  const { first, second, runs } = data;
  if (!first) return html`<div class="page"><section class="notice"><p>${text.compare.alone}</p><a class="button" href=${href(['runs', b])}>${text.compare.back}</a></section></div>`;
  const rows = rowsOf(first, second);
  const differing = rows.find(({ differs }) => differs);
  const inputs = jsonDiff(first.input, second.input, PLACES);
  return html`<div class="page">
    <header class="page-head"><h1 dir="auto">${text.compare.of(second.name || second.workflowId)}</h1></header>
    <div class="compare-sides">
      <${Picker} side="A" run=${first} runs=${runs} onChoose=${(id) => go(['compare', second.id, id])} />
      <${Picker} side="B" run=${second} runs=${runs} onChoose=${(id) => go(['compare', id, first.id])} />
    </div>
    <p role="status" class=${differing ? 'compare-verdict differs' : 'compare-verdict'}>${differing ? text.compare.first(differing.label) : text.compare.equal}
      ${first.workflowVersion !== second.workflowVersion && html` ${text.compare.versions(first.workflowVersion, second.workflowVersion)}`}</p>
    ${inputs.length > 0 && html`<section><h2>${text.compare.inputs}</h2><${Places} places=${inputs} /></section>`}
    <table class="list compare"><thead><tr><th>${text.compare.node}</th><th>A</th><th>B</th><th class="cell-number wide-only">${text.compare.change}</th><th><span class="hidden">${text.io.output}</span></th></tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${`${first.id} ${second.id} ${row.id}`} row=${row} first=${row === differing} />`)}</tbody></table>
  </div>`;
}
