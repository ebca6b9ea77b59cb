// The nodes as a list, in place of the graph on a phone. Of many, those that matter now are a tap away; a row of skipped
// ones is one line.

import { html, classes, useLayoutEffect, useRef, useState } from '../ui.js';
import { Icon, State } from '../components/icons.js';
import { NodeTime, ProgressBar, progressOf } from '../components/node-progress.js';
import { text } from '../text.js';

const MANY = 12; // nodes, from which on they can be filtered
const FOLDED = 3; // skipped nodes in a row that become one line
const WORTH = ['error', 'running', 'waiting']; // what is looked for first

/** [id] for a step, [id, id, ...] for skipped ones in a row. */
function groupsOf(order, nodes) {
  const groups = [];
  let skipped = [];
  const flush = () => {
    if (skipped.length >= FOLDED) groups.push(skipped);
    else groups.push(...skipped.map((id) => [id]));
    skipped = [];
  };
  for (const id of order) {
    if (nodes.get(id).status === 'skipped') skipped.push(id);
    else {
      flush();
      groups.push([id]);
    }
  }
  flush();
  return groups;
}

function Step({ node, label, record, chosen, onChoose }) {
  const kind = node.data?.kind ?? node.type;
  const progress = progressOf(record);
  return html`<li class=${classes('step', `s-${record.status}`, { chosen })}>
    <button type="button" class="step-button" data-node=${node.id} data-status=${record.status} aria-pressed=${chosen} onClick=${onChoose}>
      <${State} status=${record.status} />
      <span class="step-label" dir="auto">${label}</span>
      <span class="step-kind"><${Icon} name=${kind} />${text.run.nodeKind(kind)}${progress && html`<span class="step-words number">${progress.words}</span>`}</span>
      <span class="step-time">${record.attempt > 1 && html`<span class="node-attempt number" title=${text.run.attempt(record.attempt)}>×${record.attempt}</span>`}<${NodeTime} record=${record} /></span>
      <${ProgressBar} progress=${progress} status=${record.status} />
    </button>
  </li>`;
}

export function Stepper({ fold, order, chosen, onChoose }) {
  const list = useRef(null);
  const [only, setOnly] = useState(null);
  const [opened, setOpened] = useState(new Set());
  const byId = new Map(fold.graph.nodes.map((node) => [node.id, node]));
  const counts = new Map();
  for (const { status } of fold.nodes.values()) counts.set(status, (counts.get(status) ?? 0) + 1);
  const filter = counts.get(only) ? only : null;
  const shown = filter ? order.filter((id) => fold.nodes.get(id).status === filter).map((id) => [id]) : groupsOf(order, fold.nodes);
  // At first sight: what is chosen, else what needs a look.
  useLayoutEffect(() => {
    const id = chosen ?? WORTH.map((status) => order.find((one) => fold.nodes.get(one).status === status)).find(Boolean);
    if (id) list.current?.querySelector(`[data-node="${CSS.escape(id)}"]`)?.scrollIntoView({ block: 'center' });
  }, [fold.graph]);
  return html`<div class="steps">
    ${order.length > MANY && html`<div class="chips steps-filter" role="group" aria-label=${text.runs.state}>
      ${[null, ...WORTH].filter((status) => !status || counts.get(status)).map((status) => html`<button key=${status} type="button" class="chip" aria-pressed=${filter === status}
        onClick=${() => setOnly(status)}>${status ? text.state[status] : text.runs.all} <span class="number">${status ? counts.get(status) : order.length}</span></button>`)}
    </div>`}
    <ol class="stepper" ref=${list} aria-label=${text.run.nodes}>
      ${shown.flatMap((ids) => ids.length > 1 && !opened.has(ids[0])
        ? [html`<li key=${`fold ${ids[0]}`} class="step s-skipped"><button type="button" class="step-button" aria-expanded="false" onClick=${() => setOpened(new Set([...opened, ids[0]]))}>
            <${State} status="skipped" /><span class="step-label">${text.run.skipped(ids.length)}</span><span class="step-time"><${Icon} name="chevron" /></span></button></li>`]
        : ids.map((id) => html`<${Step} key=${id} node=${byId.get(id)} label=${fold.label(id)} record=${fold.nodes.get(id)} chosen=${id === chosen} onChoose=${() => onChoose(id)} />`))}
    </ol>
  </div>`;
}
