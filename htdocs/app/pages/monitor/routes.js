import { html } from '../../ui.js';
import { useRoutesWebSocket } from '../../../client/topics.js';
import { SortHead, sorted } from '../../components/sort.js';
import { TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { count } from '../../format.js';
import { route } from '../../router.js';
import { text } from '../../text.js';

const KEYS = { path: ({ path, method }) => `${path} ${method}`, calls: ({ calls }) => calls, errors: ({ errors }) => errors, p50: ({ p50_ms: ms }) => ms, p95: ({ p95_ms: ms }) => ms, last: ({ last_called: at }) => at };

const ms = (value) => (typeof value === 'number' ? text.routes.ms(value < 10 ? Math.round(value * 10) / 10 : Math.round(value)) : '');

const Row = ({ one }) => html`<tr><td class="cell-main"><span class="mono"><strong>${one.method}</strong> ${one.path}</span><span class="cell-sub">${one.description}</span></td>
  <td class="cell-number">${count(one.calls)}</td><td class=${one.errors ? 'cell-number route-errors' : 'cell-number'}>${count(one.errors)}</td>
  <td class="cell-number wide-only">${ms(one.p50_ms)}</td><td class="cell-number wide-only">${ms(one.p95_ms)}</td><td class="cell-time wide-only">${one.last_called && html`<${Ago} time=${one.last_called} />`}</td></tr>`;

export function RoutesView() {
  const topic = useRoutesWebSocket();
  const sort = route.value.params.get('sort') ?? '-calls';
  const head = (name, className = 'cell-number') => html`<${SortHead} name=${name} label=${text.routes[name]} sort=${sort} className=${className} />`;
  return html`<${TopicState} topic=${topic}><table class="list"><thead><tr>${head('path', '')}${head('calls')}${head('errors')}${head('p50', 'cell-number wide-only')}${head('p95', 'cell-number wide-only')}${head('last', 'wide-only')}</tr></thead>
    <tbody>${sorted(topic.routes, sort, KEYS).map((one) => html`<${Row} key=${`${one.method} ${one.path}`} one=${one} />`)}</tbody></table><//>`;
}
