// What agents wrote, as they write it, with tokens and cost; and what the tools gave they called.

import { html, useRef, useState } from '../ui.js';
import { State } from '../components/icons.js';
import { JsonBlock } from '../components/json-view.js';
import { count, duration, money } from '../format.js';
import { text } from '../text.js';

const SHOWN = 50; // calls drawn at first
const BLOCK = 3000; // characters of a text drawn as one: of a long one that grows only the last is laid out again

/** success, error and so on; "completed_with_errors" is an end that was allowed to be bad. */
const stateOf = (status) => (status === 'completed_with_errors' ? 'error' : status);

function Usage({ usage }) {
  if (!usage?.totalTokens) return null;
  const { promptTokens, completionTokens, totalTokens, costUsd, estimated } = usage;
  return html`<span class="number" title=${text.work.split(count(promptTokens ?? 0), count(completionTokens ?? 0))}>${
    text.work.tokens(totalTokens, estimated)}</span>
    ${typeof costUsd === 'number' && html`<span class="number">${money(costUsd)}</span>`}`;
}

function Call({ call }) {
  const [open, setOpen] = useState(false);
  const failure = call.error?.message ?? call.error;
  return html`<details class="call" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${State} status=${stateOf(call.status)} /><strong class="mono">${call.tool}</strong>
      ${failure && html`<span class="call-error" dir="auto">${String(failure)}</span>`}
      <span class="call-time number">${typeof call.durationS === 'number' && duration(call.durationS * 1000)}</span></summary>
    ${open && html`<div class="call-body">
      <${JsonBlock} title=${text.work.params} value=${call.params} />
      ${call.status !== 'running' && html`<${JsonBlock} title=${text.io.output} value=${call.output ?? call.error} />`}
    </div>`}
  </details>`;
}

function Calls({ calls }) {
  const [all, setAll] = useState(false);
  const drawn = all ? calls : calls.slice(-SHOWN);
  return html`<div class="calls">
    ${calls.length > drawn.length && html`<button type="button" class="button-quiet" onClick=${() => setAll(true)}>${text.work.earlier(calls.length - drawn.length)}</button>`}
    ${drawn.map((call) => html`<${Call} key=${call.key} call=${call} status=${call.status} />`)}</div>`;
}

function Written({ words }) {
  const ends = useRef([]);
  let from = ends.current.at(-1) ?? 0;
  if (from > words.length) from = (ends.current = []).length;
  for (let end; (end = words.indexOf('\n', from + BLOCK)) >= 0; from = end + 1) ends.current.push(end + 1);
  return [...ends.current, words.length + 1].map((end, i, all) => html`<div key=${i} class="work-block">${words.slice(all[i - 1] ?? 0, end - 1)}</div>`);
}

/** node: only this one's, or null for all. changes: the fold changes in place. */
export function Work({ fold, node }) {
  const { agents, calls } = fold.work;
  const mine = (one) => !node || one.nodeId === node;
  const writers = [...agents.values()].filter(mine);
  const alone = calls.filter((call) => mine(call) && !agents.has(call.nodeId));
  return html`${writers.map(({ nodeId, model, text: written, cut, status, durationS, usage }) => {
    const called = calls.filter((call) => call.nodeId === nodeId);
    return html`<section class="block work" key=${nodeId} data-agent=${nodeId}>
      <header class="block-head"><h3><${State} status=${stateOf(status)} /> <span dir="auto">${fold.label(nodeId)}</span></h3>
        <span class="work-facts">${model && html`<span class="mono">${model}</span>`}<${Usage} usage=${usage} />
          ${typeof durationS === 'number' && html`<span class="number">${duration(durationS * 1000)}</span>`}</span></header>
      ${called.length > 0 && html`<${Calls} calls=${called} rev=${fold.work.changes} />`}
      <div class=${status === 'running' ? 'work-text work-writing' : 'work-text'} dir="auto">${written ? html`<${Written} words=${written} />` : status === 'running' ? text.work.thinking : text.work.silent}${
        cut > 0 && html`<span class="faint">${text.log.cut(cut)}</span>`}</div>
    </section>`;
  })}
  ${alone.length > 0 && html`<section class="block"><header class="block-head"><h3>${text.work.tools}</h3></header><${Calls} calls=${alone} rev=${fold.work.changes} /></section>`}`;
}
