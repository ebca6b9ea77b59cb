// Filters of a list of runs, as chips and fields above it. The address holds what is chosen.

import { html, useEffect, useRef, useState } from '../ui.js';
import { listWorkflows } from '../api.js';
import { route, setParams } from '../router.js';
import { text } from '../text.js';
import { Icon } from './icons.js';
import { useResource } from './resource.js';

const TYPING_MS = 250; // after the last key, before the list follows
const SPANS = { day: 1, week: 7, month: 30 };
const DAY_MS = 86400000;

/** The beginning of the address's span as RFC 3339, counted back from the beginning of today, UTC; null: all time. */
export function spanStart(params) {
  const days = SPANS[params.get('span')];
  return days ? new Date((Math.floor(Date.now() / DAY_MS) - days + 1) * DAY_MS).toISOString() : null;
}

const change = (part) => setParams({ ...part, page: null, until: null });

const Chips = ({ name, all, choices, label }) => html`<div class="chips" role="group" aria-label=${label}>
  ${[null, ...choices].map((choice) => html`<button key=${choice} type="button" class="chip" aria-pressed=${choice === route.value.params.get(name)} onClick=${() => change({ [name]: choice })}>
    ${choice ? (text.state[choice] ?? text.history.spans[choice]) : all}</button>`)}</div>`;

function Search({ value, label }) {
  const [typed, setTyped] = useState(value);
  const timer = useRef(null);
  const asked = useRef(value);
  useEffect(() => {
    if (value !== asked.current) setTyped(value); // the address was changed otherwise; else more may have been typed since
    asked.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (words) => {
    setTyped(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => change({ q: (asked.current = words) }), TYPING_MS);
  };
  return html`<label class="search page-search"><${Icon} name="search" /><span class="hidden">${label}</span>
    <input type="search" maxLength="80" placeholder=${label} value=${typed} onInput=${(event) => type(event.currentTarget.value)} /></label>`;
}

/** states: those to choose from. */
export function RunFilters({ states }) {
  const { params } = route.value;
  const workflow = params.get('workflow') ?? '';
  const { data } = useResource('workflows of the filter', (signal) => listWorkflows({ limit: 200 }, signal));
  const items = data?.items ?? [];
  const unlisted = workflow && !items.some(({ id }) => id === workflow);
  return html`<div class="filters">
    <${Chips} name="status" all=${text.runs.all} choices=${states} label=${text.runs.filter} />
    <${Chips} name="span" all=${text.history.spans.all} choices=${Object.keys(SPANS)} label=${text.history.span} />
    <label><span class="hidden">${text.history.workflow}</span><select value=${workflow} onChange=${(event) => change({ workflow: event.currentTarget.value })}>
      <option value="">${text.history.allWorkflows}</option>
      ${unlisted && html`<option value=${workflow} selected>${workflow}</option>`}
      ${items.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === workflow}>${name || id}</option>`)}</select></label>
    <${Search} value=${params.get('q') ?? ''} label=${text.history.find} />
  </div>`;
}
