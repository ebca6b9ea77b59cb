// The queue: what runs next. An entry is moved by its handle, with the pointer or the arrow keys, or by its buttons; the
// server keeps no places but priorities (queue-order.js). A change is shown at once, and taken back if the server refuses it.

import { html, classes, useLayoutEffect, useRef, useState } from '../../ui.js';
import { useQueueWebSocket } from '../../../client/topics.js';
import { changeEntry, changeQueue, removeEntry } from '../../api.js';
import { useGuess } from '../../components/guess.js';
import { Icon, State } from '../../components/icons.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { href } from '../../router.js';
import { text } from '../../text.js';
import { moved, prioritiesFor } from './queue-order.js';

const SHOWN = { queued: 'queued', running: 'running', completed: 'success', failed: 'error' };
const HINT = 'queue-hint';

const nameOf = (entry) => entry.workflow_id ?? (entry.issue_number ? text.queue.issue(entry.issue_number) : entry.queue_id);

function Act({ label, icon, disabled, onClick }) {
  return html`<button type="button" class="button-quiet button-icon" disabled=${disabled} aria-label=${label} title=${label} onClick=${onClick}><${Icon} name=${icon} /></button>`;
}

function Row({ entry, at, last, dragged, onGrab, onKeys, onMove, onRemove }) {
  const waits = entry.status === 'queued';
  const name = nameOf(entry);
  const { phase, issue_number: issue } = entry;
  return html`<tr data-entry=${entry.queue_id} class=${classes({ dragged })}>
    <td class="cell-grip">${waits && html`<button type="button" class="button-quiet button-icon grip" data-grip aria-label=${text.queue.move(name)} aria-describedby=${HINT} title=${text.queue.hint}
      onPointerDown=${(event) => onGrab(event, entry)} onKeyDown=${(event) => onKeys(event, entry)}><${Icon} name="grip" /></button>`}</td>
    <td class="cell-state"><${State} status=${SHOWN[entry.status]} word /></td>
    <td class="cell-main">${entry.run_id ? html`<a href=${href(['runs', entry.run_id])} dir="auto" title=${name}>${name}</a>` : html`<strong dir="auto" title=${name}>${name}</strong>`}
      <span class="cell-sub" dir="auto">${[phase !== null && phase !== undefined && text.queue.phase(phase), entry.workflow_id && issue && text.queue.issue(issue)].filter(Boolean).join(' · ')}</span></td>
    <td class="cell-number">${entry.priority}</td>
    <td class="cell-time wide-only"><${Ago} time=${entry.created_at} /></td>
    <td class="cell-action">${waits && html`
      <${Act} label=${text.queue.up(name)} icon="up" disabled=${at === 0} onClick=${() => onMove(entry, at - 1)} />
      <${Act} label=${text.queue.down(name)} icon="chevron" disabled=${last} onClick=${() => onMove(entry, at + 1)} />`}
      ${entry.status !== 'running' && html`<${Act} label=${text.queue.remove(name)} icon="close" onClick=${() => onRemove(entry)} />`}</td></tr>`;
}

/** Dragging: {id, to} while a handle is held; onDrop(entry, to) when it is let go elsewhere. */
function useDrag(body, waiting, onDrop) {
  const [drag, setDrag] = useState(null);
  const grab = (event, entry) => {
    if (event.button !== 0) return;
    event.preventDefault();
    const grip = event.currentTarget;
    const from = waiting.indexOf(entry);
    let to = from;
    grip.focus();
    setDrag({ id: entry.queue_id, to });
    const place = ({ clientY }) => {
      const rows = waiting.flatMap(({ queue_id: id }) => body.current?.querySelector(`[data-entry="${CSS.escape(id)}"]`)?.getBoundingClientRect() ?? []);
      const others = rows.map(({ top, height }) => top + height / 2).sort((a, b) => a - b);
      to = Math.min(waiting.length - 1, Math.max(0, others.filter((middle) => middle < clientY).length - (clientY > others[to] ? 1 : 0)));
      setDrag({ id: entry.queue_id, to });
    };
    const end = (done) => {
      removeEventListener('pointermove', place);
      removeEventListener('pointerup', drop);
      removeEventListener('pointercancel', cancel);
      removeEventListener('keydown', escape, true);
      setDrag(null);
      if (done && to !== from) onDrop(entry, to);
    };
    const drop = () => end(true);
    const cancel = () => end(false);
    const escape = (key) => key.key === 'Escape' && end(false);
    addEventListener('pointermove', place);
    addEventListener('pointerup', drop);
    addEventListener('pointercancel', cancel);
    addEventListener('keydown', escape, true);
  };
  return [drag, grab];
}

export function QueueView() {
  const topic = useQueueWebSocket();
  const { guess, act } = useGuess(topic.lastUpdated);
  const [said, setSaid] = useState('');
  const body = useRef(null);
  const focus = useRef(null); // of an entry that was moved: its place in the document is another one
  const { gone = new Set(), order, paused = topic.paused, priorities = new Map() } = guess;
  const entries = topic.phases.filter(({ queue_id: id }) => !gone.has(id)).map((entry) => ({ ...entry, priority: priorities.get(entry.queue_id) ?? entry.priority }));
  const place = order && new Map(order.map((id, at) => [id, at]));
  const there = entries.filter(({ status }) => status === 'queued');
  const waiting = place ? there.sort((a, b) => (place.get(a.queue_id) ?? Infinity) - (place.get(b.queue_id) ?? Infinity)) : there;

  const move = (entry, to) => {
    if (to < 0 || to >= waiting.length) return;
    const wanted = moved(waiting, waiting.indexOf(entry), to);
    const changes = prioritiesFor(wanted, to);
    focus.current = { id: entry.queue_id, selector: document.activeElement?.matches('[data-grip]') ? '[data-grip]' : `[aria-label="${CSS.escape(document.activeElement?.getAttribute('aria-label') ?? '')}"]` };
    setSaid(text.queue.moved(nameOf(entry), to + 1, waiting.length));
    act({ order: wanted.map(({ queue_id: id }) => id), priorities: changes }, async () => {
      for (const [id, priority] of changes) await changeEntry(id, { priority });
    }).then((good) => good || setSaid(text.queue.refused));
  };
  const [drag, grab] = useDrag(body, waiting, move);
  const shownWaiting = drag ? moved(waiting, waiting.findIndex(({ queue_id: id }) => id === drag.id), drag.to) : waiting;
  const shown = [...entries.filter(({ status }) => status === 'running'), ...shownWaiting, ...entries.filter(({ status }) => !['queued', 'running'].includes(status))];

  useLayoutEffect(() => {
    if (!focus.current || drag) return;
    const row = body.current?.querySelector(`[data-entry="${CSS.escape(focus.current.id)}"]`);
    const target = row?.querySelector(focus.current.selector);
    (target?.disabled ? row.querySelector('[data-grip]') : target)?.focus({ preventScroll: true });
    focus.current = null;
  }, [shown.map(({ queue_id: id }) => id).join()]);

  const keys = (event, entry) => {
    const at = waiting.indexOf(entry);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: waiting.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(entry, to);
  };
  const remove = (entry) => act({ gone: new Set([entry.queue_id]) }, () => removeEntry(entry.queue_id));
  return html`<${TopicState} topic=${topic}>
    <div class="view-head"><button type="button" class="button" aria-pressed=${paused} onClick=${() => act({ paused: !paused }, () => changeQueue(paused ? 'resume' : 'pause'))}>${paused ? text.queue.resume : text.queue.pause}</button>
      <span class="faint" role="status">${paused ? text.queue.paused : text.queue.waiting(waiting.length)}</span></div>
    <p class="hidden" role="status">${said}</p><p class="hidden" id=${HINT}>${text.queue.hint}</p>
    ${shown.length
      ? html`<table class="list queue-list"><thead><tr><th class="cell-grip"><span class="hidden">${text.queue.place}</span></th><th class="cell-state">${text.runs.state}</th><th>${text.queue.entry}</th><th class="cell-number">${text.queue.priority}</th><th class="wide-only">${text.queue.added}</th><th><span class="hidden">${text.queue.change}</span></th></tr></thead>
          <tbody ref=${body}>${shown.map((entry) => html`<${Row} key=${entry.queue_id} entry=${entry} at=${shownWaiting.indexOf(entry)} last=${entry === shownWaiting.at(-1)} dragged=${drag?.id === entry.queue_id}
            onGrab=${grab} onKeys=${keys} onMove=${move} onRemove=${remove} />`)}</tbody></table>`
      : html`<${Empty} words=${text.queue.empty} />`}<//>`;
}
