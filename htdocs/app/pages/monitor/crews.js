// Crews, their agents and what these work at: as a graph that moves, and as a table.

import { html, useEffect, useMemo, useRef, useState } from '../../ui.js';
import { listRuns } from '../../api.js';
import { CrewWatch } from '../../crew-watch.js';
import { Icon, State } from '../../components/icons.js';
import { Failure, Skeleton, useResource } from '../../components/resource.js';
import { Duration } from '../../components/time.js';
import { count } from '../../format.js';
import { layoutGraph } from '../../layout.js';
import { href } from '../../router.js';
import { text } from '../../text.js';
import { RunsTable } from '../runs-table.js';

const PAD = 16;
const NARROW_PX = 760;

const SHAPES = { busy: 'running', available: 'available', offline: 'offline' };

const Signal = ({ signal, word }) => html`<${State} status=${SHAPES[signal] ?? 'pending'} word=${word} label=${text.crews.signals[signal] ?? text.crews.signals.unknown} />`;
const tokens = (usage) => (usage?.totalTokens ? text.work.tokens(usage.totalTokens) : '');
const firstLine = (words) => (words ?? '').trim().split('\n', 1)[0];

function useCrews(id) {
  const watch = useMemo(() => new CrewWatch(id), [id]);
  useEffect(() => () => watch.close(), [watch]);
  return watch;
}

/** The picture's nodes and edges: crew -> agent -> the task it works at, or worked at last. */
function pictureOf(crews) {
  const nodes = [];
  const edges = [];
  const add = (id, from, more) => {
    nodes.push({ id, ...more });
    if (from) edges.push({ id: `${from} ${id}`, source: from, target: id });
  };
  for (const crew of crews) {
    add(crew.id, null, { crew });
    for (const agent of crew.agents) {
      add(agent.key, crew.id, { agent, status: agent.status });
      if (agent.task) add(`${agent.key} task`, agent.key, { agent, task: agent.task, status: agent.task.status });
    }
  }
  return { nodes, edges };
}

function Box({ node, place }) {
  const { crew, agent, task, status } = node;
  const style = { left: `${place.x + PAD}px`, top: `${place.y + PAD}px` };
  if (crew)
    return html`<a class="crew-box crew-box-crew" style=${style} href=${href(['monitor', 'crews', crew.id])} data-crew=${crew.id} data-signal=${crew.signal}>
      <${Signal} signal=${crew.signal} /><span class="crew-box-name" dir="auto">${crew.id}</span><span class="crew-box-meta">${text.crews.signals[crew.signal] ?? text.crews.signals.unknown}</span></a>`;
  if (task)
    return html`<div class="crew-box crew-box-task" style=${style} title=${task.text} data-task=${agent.id} data-status=${status}>
      <${State} status=${status} /><span class="crew-box-name" dir="auto">${firstLine(task.text) || text.crews.noTask}</span>
      <span class="crew-box-meta" dir="auto">${agent.tool ? text.crews.tool(agent.tool.name) : firstLine(agent.output)}</span></div>`;
  const body = html`<${State} status=${status} /><span class="crew-box-name" dir="auto">${agent.name}</span>
    <span class="crew-box-meta"><${Icon} name="agent" /><span dir="auto">${[tokens(agent.usage), agent.model].filter(Boolean).join(' · ') || text.crews.agent}</span></span>`;
  const where = agent.runId ? href(['runs', agent.runId], { node: agent.id }) : href(['workflows', agent.workflow]);
  return html`<a class="crew-box" style=${style} href=${where} data-agent=${agent.id} data-status=${status} title=${agent.name}>${body}</a>`;
}

function useNarrow() {
  const query = useMemo(() => matchMedia(`(max-width: ${NARROW_PX}px)`), []);
  const [narrow, setNarrow] = useState(query.matches);
  useEffect(() => {
    const changed = () => setNarrow(query.matches);
    query.addEventListener('change', changed);
    return () => query.removeEventListener('change', changed);
  }, []);
  return narrow;
}

function Picture({ crews }) {
  const graph = pictureOf(crews);
  const narrow = useNarrow();
  const busy = new Set(graph.nodes.filter(({ status }) => status === 'running').map(({ id }) => id));
  const laid = layoutGraph(graph, narrow && graph.nodes.length < 5);
  return html`<section class="crew-graph" aria-label=${text.crews.graph} tabIndex="0"><div class="crew-canvas" style=${{ width: `${laid.width + 2 * PAD}px`, height: `${laid.height + 2 * PAD}px` }}>
    <svg width=${laid.width + 2 * PAD} height=${laid.height + 2 * PAD} aria-hidden="true"><g transform=${`translate(${PAD} ${PAD}) ${laid.origin}`}>
      ${laid.edges.map(({ edge, d }) => html`<path key=${edge.id} d=${d} class=${busy.has(edge.target) ? 'crew-edge running' : 'crew-edge'} />`)}</g></svg>
    ${graph.nodes.map((node) => html`<${Box} key=${node.id} node=${node} place=${laid.nodes.get(node.id)} />`)}
  </div></section>`;
}

const AgentRow = ({ agent, withCrew }) => html`<tr data-agent=${agent.id}>
  <td class="cell-state"><${State} status=${agent.status} word label=${agent.status === 'pending' ? text.crews.idle : undefined} /></td>
  <td class="cell-main"><a href=${agent.runId ? href(['runs', agent.runId], { node: agent.id }) : href(['workflows', agent.workflow])} dir="auto">${agent.name}</a>
    <span class="cell-sub" dir="auto">${[withCrew && agent.crew, agent.workflow, agent.model].filter(Boolean).join(' · ')}</span></td>
  <td class="cell-main wide-only crew-task" dir="auto" title=${agent.task?.text}><span>${firstLine(agent.task?.text)}</span><span class="cell-sub">${agent.tool ? text.crews.tool(agent.tool.name) : ''}</span></td>
  <td class="cell-main crew-output" dir="auto" title=${agent.output}><span>${firstLine(agent.output)}</span></td>
  <td class="cell-number wide-only">${agent.usage?.totalTokens ? count(agent.usage.totalTokens) : ''}</td>
  <td class="cell-number wide-only">${(agent.took !== undefined || agent.since) && html`<${Duration} ms=${typeof agent.took === 'number' ? agent.took * 1000 : undefined} since=${agent.status === 'running' ? agent.since : null} />`}</td></tr>`;

const Agents = ({ agents, withCrew }) => html`<table class="list crew-agents"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.crews.agent}</th><th class="wide-only">${text.crews.task}</th><th>${text.crews.output}</th><th class="cell-number wide-only">${text.crews.tokens}</th><th class="cell-number wide-only">${text.runs.duration}</th></tr></thead>
  <tbody>${agents.map((agent) => html`<${AgentRow} key=${agent.key} agent=${agent} withCrew=${withCrew} />`)}</tbody></table>`;

const SAMPLE = '{"id": "review", "crewId": "quality", "nodes": [{"id": "critic", "type": "agent", "data": {"kind": "agent", "prompt": "..."}}], "edges": []}';

const NoCrews = ({ id }) => html`<section class="notice"><p>${id ? text.crews.unknown(id) : text.crews.empty}</p><p>${text.crews.how}</p><pre class="command crew-sample">${SAMPLE}</pre>
  <a class="button" href=${href(['workflows'])}>${text.crews.toWorkflows}</a></section>`;

/** The crew's runs; asked anew when what the crew does has changed. */
function CrewRuns({ crew }) {
  const turn = `${crew.signal} ${crew.agents.map(({ runId, status }) => `${runId} ${status}`).join()}`;
  const { data } = useResource(`runs of crew ${crew.id} ${turn}`, (signal) => listRuns({ crew: crew.id, limit: 20 }, signal));
  const shown = useRef([]);
  if (data) shown.current = data.items;
  return shown.current.length > 0 && html`<section><h2>${text.workflow.recent}</h2><${RunsTable} runs=${shown.current} named /></section>`;
}

export function CrewsView({ id = null }) {
  const watch = useCrews(id);
  const { crews, loaded, live, error } = watch.view.value;
  if (!loaded && !crews.length) return error ? html`<${Failure} error=${error} retry=${watch.load} />` : html`<${Skeleton} rows=${4} />`;
  if (!crews.length) return html`<${NoCrews} id=${id} />`;
  const agents = crews.flatMap((crew) => crew.agents);
  const [crew] = crews;
  return html`${!live && html`<p class="stale" role="status">${text.crews.stale}</p>`}
    ${id && html`<div class="view-head"><a href=${href(['monitor', 'crews'])}>${text.crews.all}</a><h2 dir="auto">${id}</h2><${Signal} signal=${crew.signal} word />
      <span class="faint">${crew.workflows.map((workflow) => html`<a key=${workflow.id} class="crew-workflow" href=${href(['workflows', workflow.id])} dir="auto">${workflow.name || workflow.id}</a>`)}</span></div>`}
    <${Picture} crews=${crews} />
    ${agents.length ? html`<${Agents} agents=${agents} withCrew=${!id} />` : html`<p class="faint">${text.crews.noAgents}</p>`}
    ${id && html`<${CrewRuns} crew=${crew} />`}`;
}
