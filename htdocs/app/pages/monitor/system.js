// How the parts of the system are: what is wrong with one, since when, and what to do about it.

import { html } from '../../ui.js';
import { useSystemStatusWebSocket } from '../../../client/topics.js';
import { State } from '../../components/icons.js';
import { TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { duration } from '../../format.js';
import { text } from '../../text.js';

const SHOWN = { healthy: 'success', degraded: 'waiting', down: 'error', disabled: 'skipped' };
const ORDER = ['down', 'degraded', 'healthy', 'disabled'];

const Health = ({ status }) => html`<${State} status=${SHOWN[status] ?? 'pending'} word label=${text.system.status[status] ?? status} />`;

/** What to do about a part that is not well, or not set up. */
const stepOf = (name, status) => text.system.steps[name]?.[status === 'disabled' ? 'disabled' : 'unwell'];

function Row({ name, component }) {
  const { status, detail, since, latency_ms: latency, version, uptime_s: uptime } = component;
  const step = status !== 'healthy' && stepOf(name, status);
  return html`<tr data-component=${name} data-status=${status}><td class="cell-state"><${Health} status=${status} /></td>
    <td class="cell-main system-part"><strong>${text.system.components[name] ?? name}</strong>${detail && html`<span class="cell-sub" dir="auto" title=${detail}>${detail}</span>`}
      ${step && html`<span class="system-step">${step}</span>`}</td>
    <td class="cell-time wide-only">${since && html`<${Ago} time=${since} />`}</td>
    <td class="cell-number wide-only">${typeof latency === 'number' && duration(latency)}</td><td class="wide-only">${version ?? ''}</td>
    <td class="cell-number wide-only">${typeof uptime === 'number' && duration(uptime * 1000)}</td></tr>`;
}

export function SystemView() {
  const topic = useSystemStatusWebSocket();
  const system = topic.systemStatus;
  const parts = Object.entries(system?.components ?? {}).sort(([, a], [, b]) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status));
  return html`<${TopicState} topic=${topic}>${system && html`
    <div class="view-head"><strong class="system-overall" role="status"><${Health} status=${system.status} /></strong><span class="faint">${text.system.checked} <${Ago} time=${system.checked_at} /></span></div>
    <table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.system.component}</th><th class="wide-only">${text.system.since}</th><th class="cell-number wide-only">${text.system.latency}</th><th class="wide-only">${text.system.version}</th><th class="cell-number wide-only">${text.system.uptime}</th></tr></thead>
      <tbody>${parts.map(([name, component]) => html`<${Row} key=${name} name=${name} component=${component} />`)}</tbody></table>`}<//>`;
}
