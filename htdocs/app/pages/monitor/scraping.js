// Scraping tools at work, by their streams, and those that have worked last.

import { html, useEffect, useMemo, useRef, useState } from '../../ui.js';
import { connectScrapingStream, connectStreams } from '../../../client/console.js';
import { useWorkflowsWebSocket } from '../../../client/topics.js';
import { getRun, listRuns } from '../../api.js';
import { State } from '../../components/icons.js';
import { Failure, Skeleton, useResource } from '../../components/resource.js';
import { Ago, Duration, useNow } from '../../components/time.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { ended } from '../../fold.js';
import { count, percent } from '../../format.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const RUNS = 20; // the newest that scrape
const RATE_MS = 10000; // the rate is that of the last ten seconds

/** The scrape nodes of a run's record: {key, runId, name, nodeId, toolId, status, startedAt, finishedAt, durationMs, output, error}. */
const toolsOf = (run) => (run.graph?.nodes ?? []).filter(({ data }) => data?.kind === 'scrape').map(({ id, data }) => {
  const { status, startedAt, finishedAt, durationMs, output, error } = run.nodes?.[id] ?? { status: 'pending' };
  return { key: `${run.id} ${id}`, runId: run.id, name: run.name || run.workflowId, nodeId: id, toolId: data.toolId || id, start: data.url ?? data.urls?.[0] ?? data.sitemap ?? '', status, startedAt, finishedAt, durationMs, output, error };
});

/** What a tool's stream tells of this run: {pages, failed, queued, items, url, progress, status, rate: pages a second}; before it
 * says anything, what the run's events told last. */
function useProgress({ toolId, runId, nodeId }) {
  const [told, setTold] = useState(null);
  const seen = useRef([]);
  useEffect(() => {
    const live = connectScrapingStream(toolId, (message) => {
      if (message.type !== 'scraping_progress' || (message.runId && message.runId !== runId)) return;
      before.close();
      const now = Date.now();
      seen.current = [...seen.current.filter(({ at }) => now - at < RATE_MS), { at: now, pages: message.pages ?? 0 }];
      setTold(message);
    });
    const before = connectStreams([`run:${runId}`], ({ type, data }) => type === 'scrape.progress' && data.nodeId === nodeId && setTold(data), { since: 'start' });
    return () => {
      live.close();
      before.close();
    };
  }, [toolId, runId]);
  const now = useNow();
  const [first] = seen.current.filter(({ at }) => Date.now() - at < RATE_MS);
  const passed = first ? (Date.now() - first.at) / 1000 : 0;
  const rate = passed >= 1 ? (seen.current.at(-1).pages - first.pages) / passed : null;
  return told && { ...told, rate, now };
}

const Name = ({ tool, children }) => html`<td class="cell-main"><a href=${href(['runs', tool.runId], { node: tool.nodeId })} dir="auto">${tool.toolId}</a><span class="cell-sub" dir="auto">${children}</span></td>`;
const Pages = ({ done, failed, queued }) => html`<td class="cell-number">${count(done ?? 0)}</td><td class=${failed ? 'cell-number route-errors' : 'cell-number'}>${count(failed ?? 0)}</td><td class="cell-number wide-only">${typeof queued === 'number' ? count(queued) : ''}</td>`;

function Working({ tool }) {
  const { pages, failed, queued, items, url = tool.start, progress, rate } = useProgress(tool) ?? {};
  return html`<tr data-tool=${tool.toolId}><td class="cell-state"><${State} status="running" word /></td>
    <${Name} tool=${tool}>${url}<//>
    <td class="cell-progress wide-only"><progress class="meter" max="100" value=${progress ?? 0} aria-label=${text.runs.progress}></progress><span class="number">${percent(progress)}</span></td>
    <${Pages} done=${pages} failed=${failed} queued=${queued} />
    <td class="cell-number">${count(items ?? 0)}</td><td class="cell-number wide-only">${rate === null || rate === undefined ? '' : text.scraping.rate(rate < 10 ? rate.toFixed(1) : Math.round(rate))}</td>
    <td class="cell-time"><${Duration} since=${tool.startedAt} /></td></tr>`;
}

function Done({ tool }) {
  const { output, error, durationMs } = tool;
  return html`<tr data-tool=${tool.toolId}><td class="cell-state"><${State} status=${tool.status} word /></td>
    <${Name} tool=${tool}>${error?.message ?? tool.start}<//>
    <td class="cell-time wide-only"><${Ago} time=${tool.finishedAt} /></td>
    <${Pages} done=${output?.pages} failed=${output?.failed} />
    <td class="cell-number">${count(output?.items ?? 0)}</td><td class="cell-number wide-only">${durationMs > 0 && output ? text.scraping.rate(((output.pages ?? 0) / (durationMs / 1000)).toFixed(1)) : ''}</td>
    <td class="cell-time"><${Duration} ms=${durationMs ?? null} /></td></tr>`;
}

const Head = ({ third }) => html`<thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.scraping.tool}</th><th class="wide-only">${third}</th><th class="cell-number">${text.scraping.pages}</th><th class="cell-number">${text.scraping.failed}</th><th class="cell-number wide-only">${text.scraping.queued}</th>
  <th class="cell-number">${text.scraping.items}</th><th class="cell-number wide-only">${text.scraping.speed}</th><th>${text.runs.duration}</th></tr></thead>`;

/** The newest runs that scrape, whole; asked again when another set of runs is under way or one goes on to another node. */
const load = async (signal) => {
  const { items } = await listRuns({ kind: 'scrape', limit: RUNS }, signal);
  return Promise.all(items.map(({ id }) => getRun(id, signal)));
};

export function ScrapingView() {
  const topic = useWorkflowsWebSocket();
  const turn = topic.workflows.map(({ id, status, current_node: node }) => `${id} ${status} ${node}`).join();
  const { data, error, reload } = useResource(`scraping ${topic.lastUpdated ? turn : ''}`, load);
  const shown = useRef(null);
  if (data) shown.current = data;
  const tools = useMemo(() => shown.current?.flatMap(toolsOf), [shown.current]);
  if (!tools) return error ? html`<${Failure} error=${error} retry=${reload} />` : html`<${Skeleton} rows=${4} />`;
  const working = tools.filter(({ status }) => status === 'running');
  const done = tools.filter(({ status }) => ended(status) && status !== 'skipped');
  return html`<${TopicState} topic=${topic}>
    ${!working.length && !done.length && html`<${Empty} words=${text.scraping.empty}><a class="button" href=${href(['workflows'])}>${text.runs.toWorkflows}</a><//>`}
    ${working.length > 0 && html`<section><h2>${text.scraping.now}</h2><table class="list"><${Head} third=${text.runs.progress} /><tbody>${working.map((tool) => html`<${Working} key=${tool.key} tool=${tool} />`)}</tbody></table></section>`}
    ${done.length > 0 && html`<section><h2>${text.scraping.recent}</h2><table class="list"><${Head} third=${text.history.ended} /><tbody>${done.map((tool) => html`<${Done} key=${tool.key} tool=${tool} />`)}</tbody></table></section>`}<//>`;
}
