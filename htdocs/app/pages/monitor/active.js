import { html } from '../../ui.js';
import { useWorkflowsWebSocket } from '../../../client/topics.js';
import { State } from '../../components/icons.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { percent } from '../../format.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const Row = ({ run }) => html`<tr data-run=${run.id}>
  <td class="cell-state"><${State} status=${run.status} word /></td>
  <td class="cell-main"><a href=${href(['runs', run.id])} dir="auto">${run.name || run.workflow_id}</a><span class="cell-sub" dir="auto">${run.current_node ?? html`<span class="mono">${run.id}</span>`}</span></td>
  <td class="cell-progress">${run.status !== 'queued' && html`<progress class="meter" max="100" value=${run.progress} aria-label=${text.runs.progress}></progress><span class="number">${percent(run.progress)}</span>`}</td>
  <td class="cell-time wide-only">${run.start_time && html`<${Ago} time=${run.start_time} />`}</td></tr>`;

export function ActiveView() {
  const topic = useWorkflowsWebSocket();
  return html`<${TopicState} topic=${topic}>${topic.workflows.length
    ? html`<table class="list"><thead><tr><th class="cell-state">${text.runs.state}</th><th>${text.runs.name}</th><th>${text.runs.progress}</th><th class="wide-only">${text.runs.started}</th></tr></thead>
        <tbody>${topic.workflows.map((run) => html`<${Row} key=${run.id} run=${run} />`)}</tbody></table>`
    : html`<${Empty} words=${text.monitor.idle}><a class="button" href=${href(['workflows'])}>${text.runs.toWorkflows}</a><//>`}<//>`;
}
