// The queue: what runs next. Moving an entry gives it the priority of where it goes; the change is shown at once, and taken
// back if the server refuses it.

import { html, useState } from '../../ui.js';
import { useQueueWebSocket } from '../../../client/topics.js';
import { changeEntry, changeQueue, removeEntry } from '../../api.js';
import { Icon, State } from '../../components/icons.js';
import { explain } from '../../components/resource.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const SHOWN = { queued: 'queued', running: 'running', completed: 'success', failed: 'error' };

function Row({ entry, first, last, onMove, onRemove }) {
  const waits = entry.status === 'queued';
  const name = entry.workflow_id ?? (entry.issue_number ? text.queue.issue(entry.issue_number) : entry.queue_id);
  return html`<tr data-entry=${entry.queue_id}>
    <td class="cell-state"><${State} status=${SHOWN[entry.status]} word /></td>
    <td class="cell-main">${entry.run_id ? html`<a href=${href(['runs', entry.run_id])} dir="auto">${name}</a>` : html`<strong dir="auto">${name}</strong>`}
      <span class="cell-sub" dir="auto">${[entry.phase !== null && entry.phase !== undefined && text.queue.phase(entry.phase), entry.workflow_id && entry.issue_number && text.queue.issue(entry.issue_number)].filter(Boolean).join(' · ')}</span></td>
    <td class="cell-number">${entry.priority}</td>
    <td class="cell-time wide-only"><${Ago} time=${entry.created_at} /></td>
    <td class="cell-action">${waits && html`
      <button type="button" class="button-quiet button-icon" disabled=${first} aria-label=${text.queue.up(name)} title=${text.queue.up(name)} onClick=${() => onMove(entry, -1)}><${Icon} name="up" /></button>
      <button type="button" class="button-quiet button-icon" disabled=${last} aria-label=${text.queue.down(name)} title=${text.queue.down(name)} onClick=${() => onMove(entry, 1)}><${Icon} name="chevron" /></button>`}
      ${entry.status !== 'running' && html`<button type="button" class="button-quiet button-icon" aria-label=${text.queue.remove(name)} title=${text.queue.remove(name)} onClick=${() => onRemove(entry)}><${Icon} name="close" /></button>`}</td></tr>`;
}

export function QueueView() {
  const topic = useQueueWebSocket();
  const [guess, setGuess] = useState(null); // what the page shows until the server says so: {basis, paused?, removed?}
  const [failure, setFailure] = useState(null);
  const shown = guess && guess.basis === topic.lastUpdated ? guess : {};
  const entries = topic.phases.filter(({ queue_id: id }) => id !== shown.removed);
  const waiting = entries.filter(({ status }) => status === 'queued');
  const paused = shown.paused ?? topic.paused;

  const act = async (now, call) => {
    setFailure(null);
    setGuess({ basis: topic.lastUpdated, ...now });
    try {
      await call();
    } catch (error) {
      setGuess(null);
      setFailure(explain(error));
    }
  };
  const move = (entry, step) => {
    const at = waiting.indexOf(entry);
    const other = waiting[at + step];
    return act({}, () => changeEntry(entry.queue_id, { priority: other.priority - step }));
  };
  return html`<${TopicState} topic=${topic}>
    <div class="view-head"><button type="button" class="button" aria-pressed=${paused} onClick=${() => act({ paused: !paused }, () => changeQueue(paused ? 'resume' : 'pause'))}>${paused ? text.queue.resume : text.queue.pause}</button>
      <span class="faint" role="status">${paused ? text.queue.paused : text.queue.waiting(waiting.length)}</span></div>
    ${failure && html`<p class="field-error" role="alert">${failure}</p>`}
    ${entries.length
      ? html`<table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.queue.entry}</th><th class="cell-number">${text.queue.priority}</th><th class="wide-only">${text.queue.added}</th><th><span class="hidden">${text.queue.change}</span></th></tr></thead>
          <tbody>${entries.map((entry) => html`<${Row} key=${entry.queue_id} entry=${entry} first=${entry === waiting[0]} last=${entry === waiting.at(-1)} onMove=${move}
            onRemove=${(gone) => act({ removed: gone.queue_id }, () => removeEntry(gone.queue_id))} />`)}</tbody></table>`
      : html`<${Empty} words=${text.queue.empty} />`}<//>`;
}
