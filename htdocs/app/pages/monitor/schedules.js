// Schedules with their next times, by the schedule's clock and by this browser's. Looked at again when the next one is due.

import { html, useState } from '../../ui.js';
import { changeSchedule, listSchedules } from '../../api.js';
import { useGuess } from '../../components/guess.js';
import { Failure, Skeleton, useResource } from '../../components/resource.js';
import { Empty } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { absolute } from '../../format.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const NEXT = 3;
const AFTER_MS = 1500; // the time that is due, until its run is there
const [LEAST_MS, MOST_MS] = [5000, 300000];

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
const STYLE = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' };

/** In a zone that this browser may not know. */
function inZone(time, timeZone) {
  try {
    return new Intl.DateTimeFormat('en-GB', { ...STYLE, timeZone }).format(Date.parse(time));
  } catch {
    return null;
  }
}

const whenNext = (data) => {
  const times = data?.items.filter(({ paused }) => !paused).map(({ next }) => Date.parse(next?.[0])).filter(Number.isFinite) ?? [];
  return Math.min(MOST_MS, Math.max(LEAST_MS, Math.min(...times) - Date.now() + AFTER_MS));
};

function Next({ time, zone }) {
  const there = inZone(time, zone);
  const mine = inZone(time, here);
  return html`<li title=${absolute(time)}><strong class="number">${there ?? mine}</strong>${there && there !== mine && html`<span class="faint"> · ${text.schedules.here(mine)}</span>`}<span class="faint"> · <${Ago} time=${time} /></span></li>`;
}

function Row({ schedule, paused, onPause }) {
  const { workflowId, cron, timezone, next = [], error, missed, lastRunId, lastDueAt, enabled } = schedule;
  return html`<tr data-schedule=${workflowId}><td class="cell-main"><a href=${href(['workflows', workflowId])} dir="auto">${workflowId}</a>
      <span class="cell-sub mono">${cron} ${timezone}</span></td>
    <td class="cell-next">${paused ? html`<span class="faint">${text.state.paused}</span>` : enabled === false ? html`<span class="faint">${text.schedules.off}</span>` : html`<ol class="next-times">${next.slice(0, NEXT).map((time) => html`<${Next} key=${time} time=${time} zone=${timezone} />`)}</ol>`}</td>
    <td class="cell-time wide-only">${lastRunId && html`<a href=${href(['runs', lastRunId])}><${Ago} time=${lastDueAt} /></a>`}</td>
    <td class=${error ? 'wide-only route-errors' : 'wide-only'} title=${error}>${error ?? (missed ? text.schedules.missed(missed) : '')}</td>
    <td class="cell-action"><button type="button" class="button" aria-label=${(paused ? text.schedules.resumeNamed : text.schedules.pauseNamed)(workflowId)} onClick=${() => onPause(schedule, !paused)}>${paused ? text.schedules.resume : text.schedules.pause}</button></td></tr>`;
}

export function SchedulesView() {
  const { data, error, slow, reload } = useResource('schedules', (signal) => listSchedules({ n: NEXT }, signal), whenNext);
  const [answers, setAnswers] = useState({ of: null, items: [] }); // of changes made here, until the list is asked again
  const { guess, act } = useGuess(data);
  if (!data) return error ? html`<${Failure} error=${error} retry=${reload} />` : slow && html`<${Skeleton} rows=${4} />`;
  if (!data.items.length) return html`<${Empty} words=${text.schedules.empty}><a class="button" href=${href(['workflows'])}>${text.runs.toWorkflows}</a><//>`;
  const fresh = answers.of === data ? answers.items : [];
  const keyOf = ({ workflowId, nodeId }) => `${workflowId} ${nodeId}`;
  const items = data.items.map((item) => fresh.find((one) => keyOf(one) === keyOf(item)) ?? item);
  const pause = ({ workflowId }, on) => act({ [workflowId]: on }, async () => {
    const answer = await changeSchedule(workflowId, on ? 'pause' : 'resume');
    setAnswers({ of: data, items: [...fresh.filter((one) => one.workflowId !== workflowId), ...answer.items] });
  });
  return html`${error && html`<p class="stale" role="status">${text.failure.staleList}</p>`}
    <table class="list schedule-list"><thead><tr><th>${text.history.workflow}</th><th>${text.schedules.next}</th><th class="wide-only">${text.schedules.last}</th><th class="wide-only"><span class="hidden">${text.schedules.note}</span></th><th><span class="hidden">${text.queue.change}</span></th></tr></thead>
    <tbody>${items.map((schedule) => html`<${Row} key=${keyOf(schedule)} schedule=${schedule} paused=${guess[schedule.workflowId] ?? schedule.paused} onPause=${pause} />`)}</tbody></table>
    <p class="faint">${text.schedules.zone(here)}</p>`;
}
