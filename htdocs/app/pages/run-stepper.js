// The nodes as a list, in place of the graph on a phone.

import { html, classes } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { Duration } from '../components/time.js';
import { ended } from '../fold.js';
import { text } from '../text.js';

export function Stepper({ fold, order, chosen, onChoose }) {
  const byId = new Map(fold.graph.nodes.map((node) => [node.id, node]));
  return html`<ol class="stepper" aria-label=${text.run.nodes}>
    ${order.map((id) => {
      const record = fold.nodes.get(id);
      const kind = byId.get(id).data?.kind ?? byId.get(id).type;
      const done = ended(record.status);
      return html`<li key=${id} class=${classes('step', `s-${record.status}`, { chosen: id === chosen })}>
        <button type="button" class="step-button" data-node=${id} data-status=${record.status} onClick=${() => onChoose(id)}>
          <${State} status=${record.status} />
          <span class="step-label" dir="auto">${fold.label(id)}</span>
          <span class="step-kind"><${Icon} name=${kind} />${text.run.nodeKind(kind)}</span>
          <span class="step-time">${record.startedAt && html`<${Duration} ms=${done ? (record.durationMs ?? null) : undefined} since=${done ? null : record.startedAt} />`}</span>
        </button>
      </li>`;
    })}
  </ol>`;
}
