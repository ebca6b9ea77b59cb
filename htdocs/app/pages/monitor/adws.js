import { html } from '../../ui.js';
import { useADWMonitorWebSocket } from '../../../client/topics.js';
import { State } from '../../components/icons.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { count } from '../../format.js';
import { text } from '../../text.js';

const SHOWN = { running: 'running', completed: 'success', failed: 'error', paused: 'paused', queued: 'queued' };

/** Free text is allowed as a status; only known words have a shape. */
const Status = ({ status }) => (SHOWN[status] ? html`<${State} status=${SHOWN[status]} word />` : html`<span dir="auto">${status ?? ''}</span>`);

const Row = ({ adw }) => html`<tr data-adw=${adw.adw_id}><td class="cell-state"><${Status} status=${adw.status} /></td>
  <td class="cell-main"><strong class="mono">${adw.adw_id}</strong><span class="cell-sub" dir="auto">${adw.nl_input ?? adw.branch_name ?? ''}</span></td>
  <td class="cell-number">${adw.issue_number ?? ''}</td><td class="wide-only">${adw.workflow_template ?? ''}</td><td class="wide-only">${adw.model_used ?? adw.model_set ?? ''}</td>
  <td class="cell-time">${adw.start_time && html`<${Ago} time=${adw.start_time} />`}</td></tr>`;

export function AdwView() {
  const topic = useADWMonitorWebSocket();
  const { workflows, summary } = topic;
  return html`<${TopicState} topic=${topic}>${workflows.length
    ? html`<div class="figures">${Object.entries(summary ?? {}).map(([name, n]) => html`<div key=${name} class="figure"><span class="figure-value number">${count(n)}</span><span class="figure-label">${text.adws.summary[name] ?? name}</span></div>`)}</div>
      <table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.adws.id}</th><th class="cell-number">${text.adws.issue}</th><th class="wide-only">${text.adws.template}</th><th class="wide-only">${text.adws.model}</th><th>${text.runs.started}</th></tr></thead>
        <tbody>${workflows.map((adw) => html`<${Row} key=${adw.adw_id} adw=${adw} />`)}</tbody></table>`
    : html`<${Empty} words=${text.adws.empty} />`}<//>`;
}
