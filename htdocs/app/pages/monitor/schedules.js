import { html } from '../../ui.js';
import { listSchedules } from '../../api.js';
import { Failure, Skeleton, useResource } from '../../components/resource.js';
import { Empty } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { absolute } from '../../format.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const REFRESH_MS = 15000;
const NEXT = 3;

const Row = ({ schedule }) => html`<tr><td class="cell-main"><a href=${href(['workflows', schedule.workflowId])} dir="auto">${schedule.workflowId}</a>
    <span class="cell-sub mono">${schedule.cron} ${schedule.timezone}</span></td>
  <td class="cell-time">${schedule.paused ? text.state.paused : (schedule.next ?? []).slice(0, NEXT).map((time) => html`<div key=${time} title=${absolute(time)}><${Ago} time=${time} /></div>`)}</td>
  <td class="cell-time wide-only">${schedule.lastRunId && html`<a href=${href(['runs', schedule.lastRunId])}><${Ago} time=${schedule.lastDueAt} /></a>`}</td>
  <td class="wide-only">${schedule.error ?? (schedule.missed ? text.schedules.missed(schedule.missed) : '')}</td></tr>`;

export function SchedulesView() {
  const { data, error, slow, reload } = useResource('schedules', (signal) => listSchedules({ n: NEXT }, signal), () => REFRESH_MS);
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : slow && html`<${Skeleton} rows=${4} />`;
  if (!data.items.length) return html`<${Empty} words=${text.schedules.empty} />`;
  return html`<table class="list"><thead><tr><th>${text.history.workflow}</th><th>${text.schedules.next}</th><th class="wide-only">${text.schedules.last}</th><th class="wide-only"><span class="hidden">${text.schedules.note}</span></th></tr></thead>
    <tbody>${data.items.map((schedule) => html`<${Row} key=${`${schedule.workflowId} ${schedule.nodeId}`} schedule=${schedule} />`)}</tbody></table>`;
}
