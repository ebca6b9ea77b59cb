// The bridge's figures of the last two minutes, moving. They are in its memory anyway and are only told while this is open.

import { html, useMemo } from '../../ui.js';
import { Chart } from '../../components/chart.js';
import { useNow } from '../../components/time.js';
import { TopicState } from '../../components/topic-state.js';
import { useTopic } from '../../components/use-topic.js';
import { bytes, count } from '../../format.js';
import { text } from '../../text.js';

const OLD_MS = 5000; // figures older than that are of a bridge that is gone

const ms = (value) => text.metrics.ms(value < 10 ? Math.round(value * 100) / 100 : Math.round(value));
const whole = (value) => count(Math.round(value));
const size = (value) => bytes(Math.round(value));

/** One chart each: [its name in text.js, format, {column: colour}, what the axis reaches at least]. */
const CHARTS = [
  ['events', whole, { events_per_s: '--running', ingest_per_s: '--waiting', deliveries_per_s: '--success' }, 10],
  ['latency', ms, { delivery_p99_ms: '--waiting', delivery_p50_ms: '--running' }, 1],
  ['connections', whole, { connections_ws: '--running', connections_sse: '--success', connections_poll: '--waiting', connections_spool: '--rest' }, 4],
  ['subscriptions', whole, { subscriptions: '--running' }, 4],
  ['waiting', size, { backlog_bytes: '--waiting', waiting_bytes: '--running' }, 1000],
  ['memory', size, { memory_bytes: '--running' }, 1000000],
];

/** The newest value there is: of what is measured only when something happens, that of the last time it did. */
const newest = (values) => values.findLast((value) => value !== null) ?? null;

function One({ chart, data, times }) {
  const [name, format, columns, least] = chart;
  const series = useMemo(() => Object.entries(columns).map(([column, color]) => ({ label: text.metrics.columns[column], color, format, values: data[column] })), [data]);
  const [first] = Object.keys(columns);
  const value = newest(data[name === 'latency' ? 'delivery_p50_ms' : first]);
  return html`<${Chart} title=${text.metrics.charts[name]} now=${value === null ? '–' : format(value)} times=${times} series=${series} axis="clock" least=${least} whole=${format === whole} />`;
}

export function MetricsView() {
  const topic = useTopic('/metrics', 'api/metrics');
  const { data } = topic;
  const times = useMemo(() => data?.times.map((at) => at / 1000), [data]);
  const now = useNow(); // by the server's clock
  const old = times?.length > 0 && now - times.at(-1) * 1000 > OLD_MS;
  return html`<${TopicState} topic=${topic}>${data && (times.length > 1
    ? html`${old && html`<p class="stale" role="status">${text.metrics.old}</p>`}
      <div class="charts">${CHARTS.map((chart) => html`<${One} key=${chart[0]} chart=${chart} data=${data} times=${times} />`)}</div>
      <p class="faint">${text.metrics.note}</p>`
    : html`<p class="faint" role="status">${text.metrics.soon}</p>`)}<//>`;
}
