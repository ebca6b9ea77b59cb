import { html } from '../../ui.js';
import { useSystemStatusWebSocket } from '../../../client/topics.js';
import { State } from '../../components/icons.js';
import { TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { duration } from '../../format.js';
import { text } from '../../text.js';

const SHOWN = { healthy: 'success', degraded: 'waiting', down: 'error', disabled: 'skipped' };

const Health = ({ status }) => html`<${State} status=${SHOWN[status] ?? 'pending'} word label=${text.system.status[status] ?? status} />`;

const Row = ({ name, component }) => html`<tr data-component=${name}><td class="cell-main"><strong>${text.system.components[name] ?? name}</strong><span class="cell-sub" dir="auto">${component.detail ?? ''}</span></td>
  <td class="cell-state"><${Health} status=${component.status} /></td>
  <td class="cell-number wide-only">${typeof component.latency_ms === 'number' && duration(component.latency_ms)}</td><td class="wide-only">${component.version ?? ''}</td>
  <td class="cell-number wide-only">${typeof component.uptime_s === 'number' && duration(component.uptime_s * 1000)}</td></tr>`;

export function SystemView() {
  const topic = useSystemStatusWebSocket();
  const system = topic.systemStatus;
  return html`<${TopicState} topic=${topic}>${system && html`
    <div class="view-head"><strong class="system-overall"><${Health} status=${system.status} /></strong><span class="faint">${text.system.checked} <${Ago} time=${system.checked_at} /></span></div>
    <table class="list"><thead><tr><th>${text.system.component}</th><th>${text.runs.state}</th><th class="cell-number wide-only">${text.system.latency}</th><th class="wide-only">${text.system.version}</th><th class="cell-number wide-only">${text.system.uptime}</th></tr></thead>
      <tbody>${Object.entries(system.components).map(([name, component]) => html`<${Row} key=${name} name=${name} component=${component} />`)}</tbody></table>`}<//>`;
}
