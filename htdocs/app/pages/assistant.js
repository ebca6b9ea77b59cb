// The assistant: a conversation and, beside it, those there were. The address holds which: #/assistant/ID.

import { getWorkflow } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { Icon } from '../components/icons.js';
import { explain, Failure, Skeleton, useResource } from '../components/resource.js';
import { toast } from '../components/toast.js';
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../ui.js';
import { replaceRoute, route } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { listModels } from '../assistant/api.js';
import { Composer } from '../assistant/composer.js';
import { History, nameOf } from '../assistant/history.js';
import { newId, Session } from '../assistant/session.js';
import { Turn } from '../assistant/turn.js';

const NEAR_END = 80; // px from the end that still count as being there

/** The tools the assistant's steps may call, as its workflow names them. */
function toolsOf(workflow) {
  const tools = new Map();
  for (const { data } of workflow?.nodes ?? [])
    for (const id of Array.isArray(data.tools) ? data.tools : [])
      tools.set(id, data.toolDefinitions?.[id]?.description ?? tools.get(id));
  return [...tools].map(([id, hint]) => ({ id, label: text.assistant.toolName(id), hint }));
}

function NoModel({ models, retry }) {
  if (!models || (models.configured && models.items.length)) return null;
  return html`<section class="notice assistant-notice">
    <p>${models.configured ? text.assistant.endpointFails(models.endpoint, models.reason) : text.assistant.noModel}</p>
    <code class="command">${models.configured ? 'model.key = ...' : 'model.url = http://127.0.0.1:11434/v1'}</code>
    <p class="faint">${text.assistant.noModelHow}</p>
    <button type="button" class="button" onClick=${retry}>${text.assistant.lookAgain}</button>
  </section>`;
}

/** Keeps to the end while one is there. */
function useEnd(box) {
  const [away, setAway] = useState(false);
  const stay = useRef(true);
  const toEnd = () => {
    stay.current = true;
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  const scrolled = () => {
    const { scrollHeight, scrollTop, clientHeight } = box.current;
    stay.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    setAway(!stay.current);
  };
  return { away, toEnd, scrolled, grown: () => stay.current && toEnd() };
}

function Conversation({ id, fresh, onBegun, draft, onDraft, models, lookAgain, tools }) {
  const session = useMemo(() => new Session(id, fresh), [id]);
  const [refused, setRefused] = useState(null);
  const [sheet, setSheet] = useState(false);
  const box = useRef(null);
  const { away, toEnd, scrolled, grown } = useEnd(box);
  useEffect(() => () => session.close(), [session]);

  const turns = session.turns.value;
  const active = session.active.value;
  const asking = session.asking.value;
  const { tools: enabled, model, name } = session.view.value;
  const title = session.doc.value ? nameOf({ id, name }) : text.assistant.unnamed;
  usePageState(session.doc.value ? title : text.assistant.title, active ? 'running' : undefined);
  useLayoutEffect(grown, [turns.length, asking]);

  const send = async (words) => {
    setRefused(null);
    onDraft('');
    toEnd();
    try {
      await session.ask(words);
      onBegun();
    } catch (error) {
      onDraft((now) => now || words);
      setRefused(error);
      toEnd();
    }
  };
  const stop = () => session.stop().catch((error) => error.status === 409 || toast({ text: `${text.assistant.stopFailed} ${explain(error)}`, kind: 'error' }));
  const change = (what) => what.then(() => session.doc.value && onBegun());
  const error = session.error.value;
  const empty = session.loaded.value && !turns.length && !asking;
  return html`<section class="chat">
    <header class="chat-head"><h1 dir="auto" title=${title}>${title}</h1>
      <button type="button" class="button chat-sheet" onClick=${() => setSheet(true)}>${text.assistant.conversations}</button></header>
    <div class="chat-scroll" ref=${box} onScroll=${scrolled} tabIndex="0" role="log" aria-label=${text.assistant.conversation} aria-busy=${Boolean(active)}><div class="chat-turns">
      ${error && html`<${Failure} error=${error} missing=${text.assistant.missing} retry=${() => session.load()} />`}
      ${!error && !session.loaded.value && html`<${Skeleton} rows=${4} />`}
      ${empty && html`<div class="chat-empty"><${NoModel} models=${models} retry=${lookAgain} /><p>${text.assistant.empty}</p><div class="chips">${text.assistant.examples.map((one) => html`<button key=${one} type="button" class="chip" onClick=${() => onDraft(one)}>${one}</button>`)}</div></div>`}
      ${turns.map((turn) => html`<${Turn} key=${turn.key} turn=${turn} onAsk=${send} onGrown=${grown} />`)}
      ${asking && html`<article class="turn" data-status="asking"><div class="turn-question" dir="auto">${asking}</div><p class="faint">${text.assistant.sending}</p></article>`}
      ${turns.length > 0 && html`<${NoModel} models=${models} retry=${lookAgain} />`}
    </div></div>
    <div class="chat-below">
    ${away && html`<button type="button" class="button chat-end" aria-label=${text.assistant.toEnd} title=${text.assistant.toEnd} onClick=${toEnd}><${Icon} name="down" /></button>`}
    ${refused && html`<div class="chat-refused" role="alert"><p>${refused.status === 409 ? text.assistant.busy : text.assistant.refused} ${explain(refused)}</p>
      ${refused.status === 409 && active && html`<button type="button" class="button-quiet" onClick=${stop}>${text.assistant.stop}</button>`}
      <button type="button" class="button-quiet" onClick=${() => setRefused(null)}>${text.run.dismiss}</button></div>`}
    <${Composer} draft=${draft} onDraft=${onDraft} onSend=${send} onStop=${stop} active=${active} sending=${Boolean(asking)}
      tools=${tools} enabled=${enabled} onToggle=${(...toggle) => change(session.setTool(...toggle))}
      models=${models?.items ?? []} model=${model ?? ''} onModel=${(chosen) => change(session.setModel(chosen))} />
    </div>
    ${sheet && html`<${Dialog} title=${text.assistant.conversations} onClose=${() => setSheet(false)}><div onClick=${(event) => event.target.closest('a') && setSheet(false)}>
      <${History} openId=${id} /></div><//>`}
  </section>`;
}

/** id: of the conversation; none: a new one, which gets an address with its first change. */
export function AssistantPage({ id }) {
  const own = useRef(null); // the new one's id
  const [turn, setTurn] = useState(0);
  const [draft, setDraft] = useState('');
  const { data: models, reload: lookAgain } = useResource('models', listModels);
  const { data: workflow } = useResource('assistant', (signal) => getWorkflow('assistant', signal));
  const tools = useMemo(() => toolsOf(workflow), [workflow]);
  if (!id && !own.current) own.current = newId();
  const shown = id ?? own.current;
  const fresh = shown === own.current;
  const left = useRef(id);
  useLayoutEffect(() => { // from a conversation back to a new one
    if (!id && left.current) {
      own.current = newId();
      setTurn(turn + 1);
    }
    left.current = id;
  }, [id]);
  const begun = () => {
    const { parts } = route.value; // one may be elsewhere by now
    if (parts[0] === 'assistant' && !parts[1]) replaceRoute(['assistant', shown]);
  };
  return html`<div class="assistant">
    <aside class="assistant-history" aria-label=${text.assistant.conversations}><${History} openId=${id} /></aside>
    <${Conversation} key=${shown} id=${shown} fresh=${fresh} onBegun=${begun} draft=${draft} onDraft=${setDraft} models=${models} lookAgain=${lookAgain} tools=${tools} />
  </div>`;
}
