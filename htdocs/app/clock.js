// The server's clock against ours, to the millisecond as far as the way there allows.

import { request } from '../client/rest.js';

const TURNS = 3;

/** {skewMs: server minus ours, roundMs: the quickest round trip; off by half of it at most, report: the last answer,
 *  server: the header Server, null when the answer does not show it}. */
export async function measureClock(signal) {
  let best = null;
  for (let turn = 0; turn < TURNS; turn++) {
    const asked = Date.now();
    const response = await request('GET', 'api/doctor', { signal, as: 'response' });
    const answered = Date.now();
    const report = await response.json();
    const roundMs = answered - asked;
    if (best && best.roundMs <= roundMs) continue;
    best = { skewMs: Math.round(Date.parse(report.time) - (asked + answered) / 2), roundMs, report, server: response.headers.get('server') };
  }
  return best;
}
