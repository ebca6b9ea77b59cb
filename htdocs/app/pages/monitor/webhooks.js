import { html } from '../../ui.js';
import { useWebhookStatusWebSocket } from '../../../client/topics.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { count } from '../../format.js';
import { href } from '../../router.js';
import { text } from '../../text.js';

const Row = ({ source }) => html`<tr><td class="cell-main"><strong>${source.source}</strong><span class="cell-sub mono">/hooks/${source.source}</span></td>
  <td class="cell-number">${count(source.received)}</td><td class="cell-number">${count(source.accepted)}</td>
  <td class="wide-only">${Object.entries(source.rejected ?? {}).map(([reason, n]) => html`<div key=${reason}>${text.webhooks.rejected(reason, n)}</div>`)}</td>
  <td class="cell-time">${source.last_delivery && html`<${Ago} time=${source.last_delivery} />`}</td>
  <td class="wide-only">${source.last_run && html`<a class="mono" href=${href(['runs', source.last_run])}>${source.last_run}</a>`}</td></tr>`;

export function WebhooksView() {
  const topic = useWebhookStatusWebSocket();
  const sources = topic.webhookStatus?.sources ?? [];
  return html`<${TopicState} topic=${topic}>${sources.length
    ? html`<table class="list"><thead><tr><th>${text.webhooks.source}</th><th class="cell-number">${text.webhooks.received}</th><th class="cell-number">${text.webhooks.accepted}</th><th class="wide-only">${text.webhooks.refused}</th>
        <th>${text.webhooks.last}</th><th class="wide-only">${text.workflows.last}</th></tr></thead><tbody>${sources.map((source) => html`<${Row} key=${source.source} source=${source} />`)}</tbody></table>`
    : html`<${Empty} words=${text.webhooks.empty} />`}<//>`;
}
