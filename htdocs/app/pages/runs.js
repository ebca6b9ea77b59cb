// All runs, newest first, live (run-list.js). The address holds filters and order.

import { html, useEffect, useMemo, useRef } from '../ui.js';
import { changeRun } from '../api.js';
import { RunFilters, spanStart } from '../components/filters.js';
import { explain, Failure, Skeleton } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { toast } from '../components/toast.js';
import { href, route } from '../router.js';
import { RunList } from '../run-list.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { RunsTable } from './runs-table.js';

const STATES = ['running', 'queued', 'paused', 'success', 'error', 'cancelled'];
const AHEAD_PX = 600; // older runs are fetched before the end is in view

/** What a row's buttons do, and how the run is shown until the server has said so. */
const SOON = { cancel: 'cancelled', retry: 'queued' };

function useList(query) {
  const key = JSON.stringify(query);
  const list = useMemo(() => new RunList(query), [key]);
  useEffect(() => () => list.close(), [list]);
  return list;
}

/** While the head of the list is out of view, new runs wait. */
function useHold(list, head) {
  useEffect(() => {
    const observer = new IntersectionObserver(([{ isIntersecting, boundingClientRect }]) => list.hold(!isIntersecting && boundingClientRect.top < 0));
    observer.observe(head.current);
    return () => observer.disconnect();
  }, [list]);
}

function More({ list }) {
  const button = useRef(null);
  useEffect(() => {
    const observer = new IntersectionObserver(([{ isIntersecting }]) => isIntersecting && list.more(), { rootMargin: `${AHEAD_PX}px` });
    observer.observe(button.current);
    return () => observer.disconnect();
  });
  return html`<button type="button" class="button" ref=${button} onClick=${list.more}>${text.runs.more}</button>`;
}

export function RunsPage() {
  usePageState(text.runs.title);
  const { params } = route.value;
  const query = Object.fromEntries(['status', 'workflow', 'q'].map((name) => [name, params.get(name)]).concat([['from', spanStart(params)]]).filter(([, value]) => value));
  const list = useList(query);
  const head = useRef(null);
  useHold(list, head);
  const { items, next, held, error, live, asOf } = list.view.value;
  const filtered = Object.keys(query).length > 0;
  const act = async (run, what) => {
    const takeBack = list.guess(run.id, SOON[what]);
    try {
      await changeRun(run.id, what);
    } catch (reason) {
      takeBack();
      toast({ text: text.runs.refused(text.run.action[what], run.name || run.workflowId, explain(reason)), kind: 'error', key: run.id });
    }
  };
  const showNew = () => {
    scrollTo({ top: 0 });
    list.hold(false);
  };
  return html`<div class="page">
    <header class="page-head" ref=${head}><h1>${text.runs.title}</h1></header>
    <${RunFilters} states=${STATES} />
    ${!live && html`<p class="stale" role="status">${text.monitor.polled} <${Ago} time=${asOf?.toISOString()} /></p>`}
    ${items && error && html`<p class="stale" role="status">${text.failure.staleList} <button type="button" class="button-quiet" onClick=${list.load}>${text.failure.retry}</button></p>`}
    ${!items && (error ? html`<${Failure} error=${error} retry=${list.load} />` : html`<${Skeleton} />`)}
    ${held > 0 && html`<button type="button" class="button button-primary list-new" onClick=${showNew}>${text.runs.fresh(held)}</button>`}
    ${items?.length === 0 &&
    html`<section class="notice"><p>${filtered ? text.runs.emptyFilter : text.runs.empty}</p>
      <a class="button" href=${filtered ? href(['runs']) : href(['workflows'])}>${filtered ? text.runs.clear : text.runs.toWorkflows}</a></section>`}
    ${items?.length > 0 &&
    html`<${RunsTable} runs=${items} named onAct=${act} sort=${params.get('sort')} sortable />
      ${params.get('sort') && next && html`<p class="faint">${text.runs.sorted(items.length)}</p>`}
      ${next && html`<${More} list=${list} />`}`}
  </div>`;
}
