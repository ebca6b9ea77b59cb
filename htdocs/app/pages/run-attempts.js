// The attempts of a run: each retry and resume, and how it ended.

import { html } from '../ui.js';
import { State } from '../components/icons.js';
import { Ago, Duration } from '../components/time.js';
import { ended } from '../fold.js';
import { setParams } from '../router.js';
import { text } from '../text.js';

export function Attempts({ fold }) {
  const rows = [...fold.attempts.values()].reverse();
  if (!rows.length) return html`<div class="panel-scroll"><p class="faint">${text.attempts.empty}</p></div>`;
  return html`<div class="panel-scroll"><table class="list">
    <thead><tr><th class="cell-number">${text.attempts.number}</th><th>${text.runs.state}</th><th>${text.attempts.kind}</th><th>${text.runs.started}</th>
      <th class="cell-number">${text.runs.duration}</th></tr></thead>
    <tbody>${rows.map(({ attempt, kind, status, from, to, error, id }) => html`<tr key=${attempt}>
      <td class="cell-number">${attempt}</td>
      <td class="cell-state"><${State} status=${status} word />${error && html`<span class="cell-sub attempt-error" dir="auto">${error}</span>`}</td>
      <td><button type="button" class="button-quiet" title=${text.attempts.show} onClick=${() => setParams({ tab: null, node: null, line: id })}>${text.attempts.kinds[kind]}</button></td>
      <td class="cell-time"><${Ago} time=${from} /></td>
      <td class="cell-number"><${Duration} ms=${ended(status) && to ? Date.parse(to) - Date.parse(from) : undefined} since=${ended(status) ? null : from} /></td>
    </tr>`)}</tbody>
  </table></div>`;
}
