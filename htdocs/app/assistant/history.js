// The conversations there are: found by what was said in them, opened, renamed, deleted with a way back.

import { explain, Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { Menu } from '../components/menu.js';
import { toast } from '../components/toast.js';
import { html, useEffect, useRef, useState } from '../ui.js';
import { go, href } from '../router.js';
import { text } from '../text.js';
import { getSession, listSessions, putSession, removeSession } from './api.js';
import { changed } from './session.js';

const PAGE = 50;
const LIST_MAX = 500; // beyond it one searches
const TYPING_MS = 200;

export const nameOf = ({ id, name }) => (!name || name === id ? text.assistant.unnamed : name);

function Rename({ session, onDone }) {
  const save = async (event) => {
    const name = event.currentTarget.value.trim();
    const changes = name && name !== nameOf(session); // what stands for no name is none
    onDone(changes ? name : null);
    if (!changes) return;
    try {
      await putSession(session.id, { name });
      changed.value++;
    } catch (error) {
      onDone(null);
      toast({ text: `${text.assistant.renameFailed} ${explain(error)}`, kind: 'error' });
    }
  };
  const keys = (event) => {
    if (event.key === 'Enter') event.currentTarget.blur();
    if (event.key === 'Escape') {
      event.stopPropagation();
      onDone(null);
    }
  };
  return html`<input type="text" class="history-name" dir="auto" maxLength="60" aria-label=${text.assistant.rename} autoFocus ref=${(field) => field?.select()}
    value=${nameOf(session)} onBlur=${save} onKeyDown=${keys} />`;
}

function Item({ session, open, onRemove }) {
  const [renaming, setRenaming] = useState(false);
  const [hope, setHope] = useState(null); // the name until the server has it
  useEffect(() => setHope(null), [session.name]);
  const shown = { ...session, name: hope ?? session.name };
  const done = (name) => {
    setRenaming(false);
    setHope(name);
  };
  return html`<li class="history-item" data-session=${session.id}>
    ${renaming
      ? html`<${Rename} session=${shown} onDone=${done} />`
      : html`<a href=${href(['assistant', session.id])} aria-current=${open ? 'page' : undefined}>
          <span class="history-name" dir="auto">${nameOf(shown)}</span>
          <span class="history-meta"><${Ago} time=${session.updatedAt} /> · ${text.assistant.messages(session.messageCount)}</span></a>
        <${Menu} label=${text.assistant.more(nameOf(shown))} items=${[
          { id: 'rename', label: text.assistant.rename, act: () => setRenaming(true) },
          { id: 'delete', label: text.assistant.remove, act: onRemove },
        ]} />`}
  </li>`;
}

export function History({ openId }) {
  const [find, setFind] = useState('');
  const [q, setQ] = useState('');
  const [limit, setLimit] = useState(PAGE);
  const [gone, setGone] = useState([]); // deleted here, until the list knows
  useEffect(() => {
    const timer = setTimeout(() => setQ(find.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [find]);
  const { data, error, slow, reload } = useResource(`${q} ${limit}`, (signal) => listSessions({ limit, ...(q ? { q } : {}) }, signal));
  const last = useRef(null); // stays in view while the next is fetched
  last.current = data ?? last.current;
  const list = last.current;
  const turn = changed.value;
  useEffect(() => {
    if (turn) reload();
  }, [turn]);

  const remove = async (session) => {
    setGone((ids) => [...ids, session.id]);
    const back = () => setGone((ids) => ids.filter((id) => id !== session.id));
    try {
      const whole = await getSession(session.id);
      await removeSession(session.id);
      if (session.id === openId) go(['assistant']);
      const undo = async () => {
        const { name, model, tools, messages } = whole;
        try {
          await putSession(session.id, { name, tools, messages, ...(model ? { model } : {}) });
          changed.value++;
        } catch (failure) {
          toast({ text: `${text.assistant.undoFailed} ${explain(failure)}`, kind: 'error' });
        }
        back();
      };
      toast({ text: text.assistant.removed(nameOf(session)), act: undo, label: text.assistant.undo });
    } catch (failure) {
      back();
      toast({ text: `${text.assistant.removeFailed} ${explain(failure)}`, kind: 'error' });
    }
  };
  const shown = list?.items.filter(({ id }) => !gone.includes(id)) ?? [];
  return html`<div class="history">
    <a class="button" href=${href(['assistant'])}>${text.assistant.fresh}</a>
    <input type="search" placeholder=${text.assistant.find} aria-label=${text.assistant.find} value=${find} onInput=${(event) => setFind(event.currentTarget.value)} />
    ${error && !list && html`<${Failure} error=${error} retry=${reload} />`}
    ${slow && !list && html`<${Skeleton} rows=${6} />`}
    ${list && (shown.length
      ? html`<ol class="history-list">${shown.map((session) => html`<${Item} key=${session.id} session=${session} open=${session.id === openId} onRemove=${() => remove(session)} />`)}</ol>`
      : html`<p class="faint">${q ? text.assistant.noMatch : text.assistant.none}</p>`)}
    ${list?.next && limit < LIST_MAX && html`<button type="button" class="button-quiet" onClick=${() => setLimit(limit + PAGE)}>${text.assistant.older}</button>`}
  </div>`;
}
