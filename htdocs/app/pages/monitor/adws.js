// The board of ADWs: a column for each status, with how many there are in all.

import { html, useState } from '../../ui.js';
import { useADWMonitorWebSocket } from '../../../client/topics.js';
import { State } from '../../components/icons.js';
import { JsonBlock } from '../../components/json-view.js';
import { Empty, TopicState } from '../../components/topic-state.js';
import { Ago } from '../../components/time.js';
import { count } from '../../format.js';
import { text } from '../../text.js';

const SHOWN = { queued: 'queued', running: 'running', paused: 'paused', completed: 'success', failed: 'error' };
const ALWAYS = ['running', 'paused', 'failed', 'completed'];
const FIRST = 30; // cards of a column that are drawn at once

/** Free text is allowed as a status; only known words have a shape. */
const Head = ({ status, n }) => html`<h2 class="board-head">${SHOWN[status] ? html`<${State} status=${SHOWN[status]} word label=${text.adws.status[status]} />` : html`<span dir="auto">${status || text.adws.noStatus}</span>`}<span class="tab-count number">${count(n)}</span></h2>`;

function Card({ adw }) {
  const [open, setOpen] = useState(false);
  const { adw_id: id, issue_number: issue, github_url: url, nl_input: words, branch_name: branch, workflow_template: template, model_used: used, model_set: set, start_time: started } = adw;
  const linked = /^https?:\/\//.test(url ?? '');
  return html`<li class="board-card" data-adw=${id}>
    <p class="board-title"><strong class="mono" title=${id}>${id}</strong>${issue && (linked ? html`<a href=${url} rel="noreferrer">${text.queue.issue(issue)}</a>` : html`<span class="faint">${text.queue.issue(issue)}</span>`)}</p>
    ${(words || branch) && html`<p class="board-words" dir="auto">${words || branch}</p>`}
    <p class="board-meta">${[template, used ?? set].filter(Boolean).join(' · ')}${started && html`<${Ago} time=${started} />`}</p>
    <details onToggle=${(event) => setOpen(event.currentTarget.open)}><summary>${text.adws.all}<span class="hidden"> ${id}</span></summary>${open && html`<${JsonBlock} title=${text.adws.state} value=${adw} />`}</details></li>`;
}

function Column({ status, adws, n }) {
  const [shown, setShown] = useState(FIRST);
  return html`<section class="board-column" data-status=${status}><${Head} status=${status} n=${n} />
    ${adws.length ? html`<ul class="board-cards">${adws.slice(0, shown).map((adw) => html`<${Card} key=${adw.adw_id} adw=${adw} />`)}</ul>` : html`<p class="faint">${text.adws.none}</p>`}
    ${adws.length > shown && html`<button type="button" class="button-quiet" onClick=${() => setShown(shown * 2)}>${text.adws.more(adws.length - shown)}</button>`}</section>`;
}

export function AdwView() {
  const topic = useADWMonitorWebSocket();
  const { workflows, summary } = topic;
  const columns = new Map(ALWAYS.map((status) => [status, []]));
  for (const adw of workflows) {
    const status = adw.status ?? '';
    if (!columns.has(status)) columns.set(status, []);
    columns.get(status).push(adw);
  }
  return html`<${TopicState} topic=${topic}>${workflows.length
    ? html`<p class="faint" role="status">${text.adws.total(summary?.total ?? workflows.length)}${(summary?.total ?? 0) > workflows.length ? ` ${text.adws.newest(workflows.length)}` : ''}</p>
      <div class="board">${[...columns].map(([status, adws]) => html`<${Column} key=${status} status=${status} adws=${adws} n=${summary?.[status] ?? adws.length} />`)}</div>`
    : html`<${Empty} words=${text.adws.empty}><p class="command">curl -X PUT -H 'Content-Type: application/json' -d '{"status":"running"}' ${new URL('api/adws/first', document.baseURI).href}</p><//>`}<//>`;
}
