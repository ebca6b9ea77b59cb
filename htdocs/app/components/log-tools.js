// What stands above the log: which lines, what is searched in them, how they look.

import { html, useEffect, useRef, useState } from '../ui.js';
import { count } from '../format.js';
import { text } from '../text.js';
import { Icon } from './icons.js';

const TYPING_MS = 120;

const Toggle = ({ pressed, label, onClick, children }) =>
  html`<button type="button" class="button-quiet button-icon" aria-pressed=${pressed} aria-label=${label} title=${label} onClick=${onClick}>${children}</button>`;

const Choice = ({ label, value, options, onChoose }) => html`<label class="field-inline">
  <span class="hidden">${label}</span>
  <select value=${value} onChange=${(event) => onChoose(event.currentTarget.value)}>
    ${options.map(([id, name]) => html`<option key=${id} value=${id} selected=${id === value}>${name}</option>`)}
  </select>
</label>`;

function place({ error, hits, at, done }) {
  if (error) return text.log.badPattern;
  if (!hits) return done ? text.log.noMatch : '';
  return at ? text.log.matchOf(count(at), count(hits)) : text.log.matches(hits);
}

/** find: {query, matchCase, regex, only}; onFind(changes); found: {error, hits, at, done}; onStep(1 or -1, later). */
export function Search({ field, find, found, onFind, onStep, onLeave }) {
  const [typed, setTyped] = useState(find.query);
  const sent = useRef(find.query); // by this field: what comes back of it is older than what stands there now
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (find.query !== sent.current) setTyped((sent.current = find.query));
  }, [find.query]);
  const send = (query) => {
    if (query !== sent.current) onFind({ query: (sent.current = query) });
  };
  const commit = (query) => {
    clearTimeout(timer.current);
    setTyped(query);
    send(query);
  };
  const type = (query) => {
    setTyped(query);
    clearTimeout(timer.current);
    timer.current = setTimeout(send, TYPING_MS, query);
  };
  const keys = (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      const { value } = event.currentTarget;
      commit(value);
      onStep(event.shiftKey ? -1 : 1, value !== find.query);
    } else if (event.key === 'Escape') {
      event.preventDefault(); // it would only empty the field
      commit('');
      onLeave();
    }
  };
  const toggle = (name) => () => onFind({ [name]: !find[name] });
  return html`<div class="log-search" role="search">
    <label class=${found.error ? 'search search-wrong' : 'search'}><${Icon} name="search" /><span class="hidden">${text.log.find}</span>
      <input type="search" ref=${field} placeholder=${text.log.find} value=${typed} aria-invalid=${Boolean(found.error)} title=${found.error}
        onInput=${(event) => type(event.currentTarget.value)} onKeyDown=${keys} /></label>
    <${Toggle} pressed=${find.matchCase} label=${text.log.matchCase} onClick=${toggle('matchCase')}><span class="mono">Aa</span><//>
    <${Toggle} pressed=${find.regex} label=${text.log.regex} onClick=${toggle('regex')}><span class="mono">.*</span><//>
    <${Toggle} pressed=${find.only} label=${text.log.only} onClick=${toggle('only')}><${Icon} name="filter" /><//>
    ${find.query && html`<span class="log-found number" role="status">${place(found)}</span>
      <button type="button" class="button-quiet button-icon" disabled=${!found.hits} aria-label=${text.log.previous} title=${text.log.previous} onClick=${() => onStep(-1)}><${Icon} name="up" /></button>
      <button type="button" class="button-quiet button-icon" disabled=${!found.hits} aria-label=${text.log.next} title=${text.log.next} onClick=${() => onStep(1)}><${Icon} name="chevron" /></button>`}
  </div>`;
}

/** Which lines: of a node, of a level. */
export const Filters = ({ fold, node, level, onNode, onLevel }) => html`
  <${Choice} label=${text.log.node} value=${node ?? ''} onChoose=${(id) => onNode(id || null)}
    options=${[['', text.run.allNodes], ...fold.graph.nodes.map(({ id }) => [id, fold.label(id)])]} />
  <${Choice} label=${text.log.level} value=${level ?? 'all'} onChoose=${(id) => onLevel(id === 'all' ? null : id)} options=${Object.entries(text.log.levels)} />`;

const NEXT_TIMES = { off: 'relative', relative: 'absolute', absolute: 'off' };

/** look: {times: 'off', 'relative' or 'absolute', wrap}; onLook(changes). */
export const Looks = ({ look, onLook, saving, onDownload, shown, all }) => html`
  <${Toggle} pressed=${look.times !== 'off'} label=${text.log.times[look.times]} onClick=${() => onLook({ times: NEXT_TIMES[look.times] })}><${Icon} name="schedule" /><//>
  <${Toggle} pressed=${look.wrap} label=${text.log.wrap} onClick=${() => onLook({ wrap: !look.wrap })}><${Icon} name="wrap" /><//>
  <button type="button" class="button-quiet button-icon" aria-label=${text.log.download} title=${all ? text.log.downloadAll : text.log.downloadShown(shown)}
    disabled=${!shown || saving} onClick=${onDownload}><${Icon} name="download" /></button>`;
