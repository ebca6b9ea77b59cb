// Two runs side by side: the first node that differs, states, durations, outputs.

import { html, classes, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { getRun, listRuns } from '../api.js';
import { DiffLines } from '../components/diff-lines.js';
import { State } from '../components/icons.js';
import { Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { ago, duration } from '../format.js';
import { jsonDiff } from '../json-diff.js';
import { layoutGraph } from '../layout.js';
import { go, href } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const CHOICES = 50;
const PLACES = 200;
const NARROW = '(max-width: 760px)';
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
    const places = x && y && !trigger ? [...jsonDiff(x.error, y.error, PLACES, 'error'), ...jsonDiff(x.output, y.output, PLACES)] : [];
    return { id, label: label(b, id) ?? label(a, id) ?? id, x, y, places, differs: !x || !y || x.status !== y.status || places.length > 0 };
  });
}

/** The durations of a node in both runs, as bars on the scale of the longest of all. */
function Bars({ from, to, longest }) {
  const bar = (side, ms) => typeof ms === 'number' && html`<span class=${`compare-bar compare-bar-${side}`} style=${{ inlineSize: `${Math.max(1, (ms / longest) * 100)}%` }}></span>`;
  const delta = typeof from === 'number' && typeof to === 'number' ? to - from : null;
  const same = delta === null || Math.abs(delta) < SAME_MS || Math.abs(delta) < from * SAME;
  return html`<span class="compare-bars" aria-hidden="true">${bar('a', from)}${bar('b', to)}</span>
    ${delta !== null && html`<span class=${classes('number', same ? 'faint' : delta > 0 ? 'slower' : 'faster')}>${same ? text.compare.same : `${delta > 0 ? '+' : '−'}${duration(Math.abs(delta))}`}</span>`}`;
}

/** The graph of both: each node with its two states; a click leads to its row. */
function BothGraph({ first, second, rows, differing, onNode }) {
  const graph = useMemo(() => union(first.graph, second.graph), [first, second]);
  const pane = useRef(null);
  useLayoutEffect(() => { // where they first differ is in view
    const place = differing && pane.current?.querySelector('.node.first');
    if (place) pane.current.scrollTo(place.offsetLeft + (place.offsetWidth - pane.current.clientWidth) / 2, place.offsetTop + (place.offsetHeight - pane.current.clientHeight) / 2);
  }, [graph]);
  if (graph.nodes.length < 2) return null;
  const laid = layoutGraph(graph, matchMedia(NARROW).matches);
  return html`<section ref=${pane} class="compare-graph" aria-label=${text.run.graph} tabIndex=${0}><div style=${{ width: `${laid.width}px`, height: `${laid.height}px` }}>
    <svg class="edges" width=${laid.width} height=${laid.height} aria-hidden="true"><g transform=${laid.origin}>${laid.edges.map(({ d }, i) => html`<path key=${i} class="edge" d=${d} />`)}</g></svg>
    ${rows.filter(({ id }) => laid.nodes.has(id)).map((row) => html`<button key=${row.id} type="button" class=${classes('node', { differs: row.differs, first: row === differing })} data-node=${row.id}
      style=${{ left: `${laid.nodes.get(row.id).x}px`, top: `${laid.nodes.get(row.id).y}px` }} onClick=${() => onNode(row.id)}>
      <span class="node-label" dir="auto">${row.label}</span>
      <span class="compare-states">${[['A', row.x], ['B', row.y]].map(([side, record]) => html`<span key=${side}>${side} ${record ? html`<${State} status=${record.status} />` : '–'}</span>`)}</span></button>`)}
  </div></section>`;
}

function union(a, b) {
  const known = new Set(b.nodes.map(({ id }) => id));
  const key = ({ source, target }) => `${source} ${target}`;
  const edges = new Set(b.edges.map(key));
  return { nodes: [...b.nodes, ...a.nodes.filter(({ id }) => !known.has(id))], edges: [...b.edges, ...a.edges.filter((edge) => !edges.has(key(edge)))] };
}

/** What differs in the nodes' settings, when the runs ran different definitions. */
function definitionsOf(a, b) {
  const settings = ({ graph }) => Object.fromEntries(graph.nodes.map(({ id, data }) => [id, data]));
  const links = ({ graph }) => graph.edges.map(({ source, target, sourceHandle }) => `${source}${sourceHandle ? `.${sourceHandle}` : ''} → ${target}`).sort();
  return [...jsonDiff(settings(a), settings(b), PLACES), ...jsonDiff(links(a), links(b), PLACES, text.compare.edges)];
}

const Value = ({ value }) => (value === undefined ? html`<span class="faint">${text.compare.nothing}</span>` : html`<code dir="auto">${JSON.stringify(value)}</code>`);

const isLong = (value) => typeof value === 'string' && value.includes('\n');

/** Texts of several lines are set against each other line by line, all else side by side. */
function Place({ path, a, b }) {
  const parts = useMemo(() => [a, b].map((value) => String(value).split('\n')), [a, b]);
  if (typeof a !== 'string' || typeof b !== 'string' || !(isLong(a) || isLong(b)))
    return html`<tr><td class="mono">${path}</td><td><${Value} value=${a} /></td><td><${Value} value=${b} /></td></tr>`;
  return html`<tr><td class="mono">${path}</td><td colspan="2" class="place-lines"><${DiffLines} before=${parts[0]} after=${parts[1]} /></td></tr>`;
}

function Places({ places }) {
  return html`<table class="places"><thead><tr><th>${text.compare.place}</th><th>A</th><th>B</th></tr></thead>
    <tbody>${places.map(({ path, a, b }) => html`<${Place} key=${path} path=${path} a=${a} b=${b} />`)}</tbody></table>
    ${places.length === PLACES && html`<p class="faint">${text.compare.cut(PLACES)}</p>`}`;
}

const Side = ({ record }) => html`<td class="cell-state">${record ? html`<${State} status=${record.status} word /><span class="cell-meta number">${duration(record.durationMs)}</span>` : html`<span class="faint">${text.compare.absent}</span>`}</td>`;

function Row({ row, first, longest }) {
  const [open, setOpen] = useState(first);
  const { id, label, x, y, places } = row;
  return html`<tr class=${classes({ differs: row.differs, first })} data-node=${id} tabIndex=${-1}>
      <td class="cell-main"><span dir="auto">${label}</span></td><${Side} record=${x} /><${Side} record=${y} />
      <td class="compare-change"><${Bars} from=${x?.durationMs} to=${y?.durationMs} longest=${longest} /></td>
      <td class="cell-action">${places.length > 0 && html`<button type="button" class="button-quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>${text.compare.places(places.length)}</button>`}</td>
    </tr>
    ${open && places.length > 0 && html`<tr class="places-row"><td colspan="5"><${Places} places=${places} /></td></tr>`}`;
}

/** The last success first, as that is what one compares a failure with; then newest first. */
function choicesOf(run, runs) {
  const good = runs.find(({ id, status }) => status === 'success' && id !== run.id);
  const rest = runs.filter(({ id }) => id !== good?.id && id !== run.id);
  return [run, ...(good ? [good] : []), ...rest];
}

function Picker({ side, run, runs, onChoose }) {
  const choices = choicesOf(run, runs);
  const good = choices.find(({ id, status }) => status === 'success' && id !== run.id)?.id;
  return html`<div class="compare-side"><span class="compare-letter">${side}</span>
    <label class="hidden" for=${`side-${side}`}>${text.compare.side(side)}</label>
    <select id=${`side-${side}`} value=${run.id} onChange=${(event) => onChoose(event.currentTarget.value)}>
      ${choices.map(({ id, status, startedAt, createdAt, durationMs }) => html`<option key=${id} value=${id} selected=${id === run.id}>${
        text.compare.choice(id, text.state[status], ago(startedAt ?? createdAt), duration(durationMs), id === good)}</option>`)}</select>
    <a href=${href(['runs', run.id])}><${State} status=${run.status} word /></a>
    <span class="number">${duration(run.durationMs)}</span> <span class="faint"><${Ago} time=${run.startedAt ?? run.createdAt} /></span></div>`;
}

/** b is the run one came from; a, what it is compared with: by default the last of the workflow that succeeded, else the one before. */
async function load(b, a, signal) {
  const second = await getRun(b, signal);
  const runs = (await listRuns({ workflow: second.workflowId, limit: CHOICES }, signal)).items;
  const older = runs.slice(runs.findIndex(({ id }) => id === b) + 1);
  const good = older.find(({ status }) => status === 'success');
  const other = a ?? good?.id ?? older[0]?.id ?? runs.find(({ id }) => id !== b)?.id;
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
  const definitions = definitionsOf(first, second);
  const longest = Math.max(1, ...rows.flatMap(({ x, y }) => [x?.durationMs ?? 0, y?.durationMs ?? 0]));
  const toRow = (id) => {
    const row = document.querySelector(`.compare tr[data-node="${CSS.escape(id)}"]`);
    row.scrollIntoView({ block: 'center' });
    row.focus({ preventScroll: true });
  };
  return html`<div class="page">
    <header class="page-head"><h1 dir="auto">${text.compare.of(second.name || second.workflowId)}</h1></header>
    <div class="compare-sides">
      <${Picker} side="A" run=${first} runs=${runs} onChoose=${(id) => go(['compare', second.id, id])} />
      <${Picker} side="B" run=${second} runs=${runs} onChoose=${(id) => go(['compare', id, first.id])} />
    </div>
    <p role="status" class=${differing ? 'compare-verdict differs' : 'compare-verdict'}>${differing ? text.compare.first(differing.label) : text.compare.equal}
      ${first.workflowVersion !== second.workflowVersion && html` ${text.compare.versions(first.workflowVersion, second.workflowVersion)}`}</p>
    ${inputs.length > 0 && html`<section><h2>${text.compare.inputs}</h2><${Places} places=${inputs} /></section>`}
    ${definitions.length > 0 && html`<details class="compare-part"><summary>${text.compare.definitions(definitions.length)}</summary><${Places} places=${definitions} /></details>`}
    <${BothGraph} first=${first} second=${second} rows=${rows} differing=${differing} onNode=${toRow} />
    <table class="list compare"><thead><tr><th>${text.compare.node}</th><th>A</th><th>B</th><th class="compare-change">${text.compare.change}</th><th><span class="hidden">${text.io.output}</span></th></tr></thead>
      <tbody>${rows.map((row) => html`<${Row} key=${`${first.id} ${second.id} ${row.id}`} row=${row} first=${row === differing} longest=${longest} />`)}</tbody></table>
  </div>`;
}
