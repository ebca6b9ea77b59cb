// The right side of a run: the chosen node, and the tabs.

import { html, useLayoutEffect, useRef } from '../ui.js';
import { artifactText, listArtifacts } from '../api.js';
import { Icon, State } from '../components/icons.js';
import { JsonBlock, keyPath } from '../components/json-view.js';
import { lazy } from '../components/lazy.js';
import { Log } from '../components/log.js';
import { Failure, useResource } from '../components/resource.js';
import { Tabs } from '../components/tabs.js';
import { Duration } from '../components/time.js';
import { ended } from '../fold.js';
import { route, setParams } from '../router.js';
import { text } from '../text.js';

const Artifacts = lazy(() => import('./run-artifacts.js'), 'Artifacts');
const Attempts = lazy(() => import('./run-attempts.js'), 'Attempts');
const Timeline = lazy(() => import('./run-timeline.js'), 'Timeline');
const Work = lazy(() => import('./run-work.js'), 'Work');

const REPORT_MAX = 512 * 1024; // bytes of a report drawn here; larger ones are for downloading

function NodeStrip({ fold, node, onNode }) {
  const record = fold.nodes.get(node);
  const { data, type } = fold.graph.nodes.find(({ id }) => id === node);
  const kind = data?.kind ?? type;
  const done = ended(record.status);
  return html`<div class=${`node-strip s-${record.status}`}>
    <${State} status=${record.status} word />
    <strong class="node-strip-name" dir="auto" title=${fold.label(node)}>${fold.label(node)}</strong>
    <span class="node-strip-kind"><${Icon} name=${kind} />${text.run.nodeKind(kind)}</span>
    ${record.startedAt && html`<${Duration} ms=${done ? (record.durationMs ?? null) : undefined} since=${done ? null : record.startedAt} />`}
    ${record.attempt > 1 && html`<span class="number">${text.run.attempt(record.attempt)}</span>`}
    <button type="button" class="button-quiet button-icon" aria-label=${text.run.clearNode} title=${text.run.clearNode} onClick=${() => onNode(null)}>
      <${Icon} name="close" /></button>
    ${record.error && html`<p class="node-strip-error" dir="auto">${record.error.message ?? String(record.error)}</p>`}
  </div>`;
}

function RunError({ error, fold, onNode }) {
  return html`<section class="failure-box"><h3>${text.results.error}</h3>
    <p dir="auto">${error.message ?? String(error)}</p>
    ${error.nodeId && html`<p><span class="faint">${text.results.errorIn(fold.label(error.nodeId))}</span> <button type="button" class="button-quiet"
      onClick=${() => (onNode(error.nodeId), setParams({ tab: null }))}>${text.results.openNode}</button></p>`}
  </section>`;
}

function Report({ runId, artifact }) {
  const { data, error, reload } = useResource(`report ${runId} ${artifact.name}`, (signal) => artifactText(runId, artifact.name, signal));
  return html`<section class="block"><header class="block-head"><h3>${artifact.name}</h3></header>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    ${data !== null && html`<pre class="report" dir="auto">${data}</pre>`}</section>`;
}

const isReport = ({ name, type = '', bytes: size }) =>
  size <= REPORT_MAX && (type.startsWith('text/markdown') || /\.(md|txt)$/.test(name));

function Results({ id, fold, node, artifacts, onNode }) {
  const { run } = fold;
  const reports = artifacts.data?.items.filter(isReport) ?? [];
  const worked = fold.work.agents.size > 0 || fold.work.calls.length > 0;
  const nothing = !worked && !run.error && (run.output === null || run.output === undefined) && !reports.length;
  // Who has scrolled to the end of a text that grows stays there.
  const box = useRef(null);
  const atEnd = useRef(false);
  useLayoutEffect(() => {
    if (atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [fold.work.changes]);
  const scrolled = ({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => (atEnd.current = scrollTop > 0 && scrollHeight - scrollTop - clientHeight < 24);
  return html`<div class="panel-scroll" ref=${box} onScroll=${scrolled}>
    ${run.error && html`<${RunError} error=${run.error} fold=${fold} onNode=${onNode} />`}
    ${nothing && html`<p class="faint">${ended(run.status) ? text.results.none : text.results.later}</p>`}
    <${Work} fold=${fold} node=${node} changes=${fold.work.changes} />
    ${reports.map((artifact) => html`<${Report} key=${artifact.name} runId=${id} artifact=${artifact} />`)}
    ${run.output !== null && run.output !== undefined && html`<${JsonBlock} title=${text.results.result} value=${run.output} path=".output" />`}
  </div>`;
}

function InputOutput({ fold, node }) {
  const record = node ? fold.nodes.get(node) : fold.run;
  const path = node ? `.nodes${keyPath(node)}` : '';
  const settings = node && fold.graph.nodes.find(({ id }) => id === node)?.data;
  return html`<div class="panel-scroll">
    ${!node && fold.nodes.size > 0 && html`<p class="faint">${text.io.choose}</p>`}
    <${JsonBlock} key=${`in ${node}`} title=${text.io.input} value=${node ? settings : record.input} path=${node ? '' : '.input'} />
    ${record.error && html`<${JsonBlock} key=${`err ${node}`} title=${text.io.error} value=${record.error} path=${`${path}.error`} />`}
    ${ended(record.status) || record.output
      ? html`<${JsonBlock} key=${`out ${node}`} title=${text.io.output} value=${record.output} path=${`${path}.output`} />`
      : html`<p class="faint">${text.io.notYet}</p>`}
  </div>`;
}

const findOf = (params) => ({ query: params.get('q') ?? '', matchCase: params.has('case'), regex: params.has('regex'), only: params.has('only') });
const findParams = ({ query, matchCase, regex, only }) => ({ q: query, case: matchCase ? 1 : null, regex: regex ? 1 : null, only: only ? 1 : null });

/** The newest lines do until a long run has been read, unless others are asked for. */
function logOf(fold, reading, node, params) {
  const { newest } = reading ?? {};
  const line = params.get('line');
  const other = !newest?.lines.length || node || params.get('q') || params.get('level') || (line && parseInt(line, 10) < Number(newest.lines[0].id));
  return other ? { fold } : { fold: newest, newest: true };
}

/** fold: as it is shown, perhaps at an earlier moment, which is `at`; whole: as it ended; reading: as followRun tells it. */
export function RunDetails({ id, fold, whole, reading, rev, node, params, ended: over, at, onNode }) {
  const artifacts = useResource(`artifacts ${id} ${fold.run.status}`, (signal) => listArtifacts(id, signal));
  const { tabs } = text.run;
  const tab = Object.hasOwn(tabs, params.get('tab') ?? '') ? params.get('tab') : 'log';
  const counts = { artifacts: artifacts.data?.items.length, attempts: fold.attempts.size > 1 ? fold.attempts.size : 0 };
  const panel = {
    log: () => html`<${Log} ...${logOf(fold, reading, node, params)} rev=${rev} node=${node} find=${findOf(params)} level=${params.get('level')} wanted=${params.get('line')} ended=${over}
      onNode=${onNode} onFind=${(changes) => setParams(findParams({ ...findOf(route.value.params), ...changes }))} onLevel=${(level) => setParams({ level })} onLine=${(line) => setParams({ line })} />`,
    timeline: () => html`<${Timeline} fold=${whole} rev=${rev} at=${at} node=${node} onNode=${onNode} />`,
    results: () => html`<${Results} id=${id} fold=${fold} rev=${rev} node=${node} artifacts=${artifacts} onNode=${onNode} />`,
    io: () => html`<${InputOutput} fold=${fold} node=${node} />`,
    attempts: () => html`<${Attempts} fold=${fold} rev=${rev} />`,
    artifacts: () => html`<${Artifacts} id=${id} artifacts=${artifacts} chosen=${params.get('artifact')} />`,
  };
  return html`
    <${Tabs} label=${text.run.detail} chosen=${tab} onChoose=${(name) => setParams({ tab: name === 'log' ? null : name })}
      tabs=${Object.entries(tabs).map(([name, label]) => ({ id: name, label, count: counts[name] }))} />
    ${node && html`<${NodeStrip} fold=${fold} node=${node} onNode=${onNode} />`}
    <div class="panel" role="tabpanel" id="panel" aria-labelledby=${`tab-${tab}`}>${panel[tab]()}</div>`;
}
