// One turn: what was asked, the steps to the answer, the tools that were called, the answer as it is written, and what it cost.

import { followRun } from '../follow-run.js';
import { getRun } from '../api.js';
import { ended, RunFold } from '../fold.js';
import { Copy, JsonBlock } from '../components/json-view.js';
import { State } from '../components/icons.js';
import { Duration } from '../components/time.js';
import { toast } from '../components/toast.js';
import { html, signal, useEffect, useLayoutEffect, useRef, useState } from '../ui.js';
import { count, duration, money } from '../format.js';
import { href } from '../router.js';
import { text } from '../text.js';
import { adviceFor } from './advice.js';
import { Markdown } from './markdown.js';
import { Steps } from './steps.js';

const NEAR = '600px'; // from the view, where the record of a turn is fetched
const NOTHING = signal({ fold: null, rev: 0, error: null, reading: null });

/** The run of a turn, once it is near the view: its record, when it ended well; else it is followed, for what had been written. */
function useRun(turn, box) {
  const [near, setNear] = useState(false);
  const [source, setSource] = useState(null);
  const follow = turn.status !== 'success' || source?.close !== undefined;
  useEffect(() => {
    const seen = new IntersectionObserver(([entry]) => entry.isIntersecting && setNear(true), { root: box.current.closest('.chat-scroll'), rootMargin: NEAR });
    seen.observe(box.current);
    return () => seen.disconnect();
  }, []);
  useEffect(() => {
    if (!turn.runId || !(near || turn.here)) return;
    if (follow) {
      const run = followRun(turn.runId);
      setSource(run);
      return () => run.close();
    }
    const abort = new AbortController();
    getRun(turn.runId, abort.signal).then((record) => setSource({ view: signal({ fold: new RunFold(record), rev: 1, error: null }) }), () => {}); // it may be gone; the messages stand
    return () => abort.abort();
  }, [turn.runId, follow, near || turn.here]);
  return source?.view ?? NOTHING;
}

/** The calls of a run: as its events tell them, or as the record keeps them. */
function callsOf(fold) {
  const told = fold.work.calls.filter(({ byAgent }) => byAgent);
  if (told.length) return told;
  const results = [...fold.nodes.values()].flatMap(({ output }) => (Array.isArray(output?.results) ? output.results : []));
  return results.filter(({ tool }) => tool).map(({ tool, arguments: params, success, output, error, durationMs }, i) => ({
    key: `r${i}`, tool, params, output, error, status: success ? 'success' : 'error', durationS: durationMs / 1000,
  }));
}

/** A model may think aloud before it answers; the end of a run's answer is without it. */
function splitThinking(words) {
  const [, thinking, rest] = words.match(/^\s*<think(?:ing)?>([\s\S]*?)(?:<\/think(?:ing)?>([\s\S]*)|$)/) ?? [];
  return thinking === undefined ? { thinking: '', answer: words } : { thinking: thinking.trim(), answer: rest ?? '' };
}

function answerOf(fold, turn) {
  const { run, work } = fold;
  const final = run.status === 'success' && run.output?.text;
  if (typeof final === 'string') return { thinking: '', answer: final };
  const agent = work.agents.get('llm_response') ?? [...work.agents.values()].at(-1);
  return agent ? splitThinking(agent.text) : { thinking: '', answer: turn.answer ?? '' };
}

/** What a call is about, in its one line. */
const aboutOf = (params) => params?.url ?? params?.query ?? params?.path ?? Object.values(params ?? {}).find((value) => typeof value === 'string') ?? '';

function Call({ call, status }) {
  const [open, setOpen] = useState(false);
  const failure = call.error?.message ?? call.error;
  const advice = /search\.url/.test(failure) && adviceFor({ message: failure });
  return html`<details class="call" data-call=${call.tool} data-status=${status} open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${State} status=${status} /><strong>${text.assistant.toolName(call.tool)}</strong>
      <span class="call-what mono" dir="auto">${aboutOf(call.params)}</span>
      <span class="call-time number">${Number.isFinite(call.durationS) && duration(call.durationS * 1000)}</span>
      ${failure && html`<span class="call-error" dir="auto">${String(failure)}</span>`}</summary>
    ${open && html`<div class="call-body">
      <${JsonBlock} title=${text.work.params} value=${call.params} />
      ${status !== 'running' && html`<${JsonBlock} title=${failure ? text.io.error : text.io.output} value=${failure ? String(failure) : call.output} />`}
    </div>`}
  </details>
  ${advice && html`<p class="call-advice">${advice.words} <code class="command">${advice.line}</code></p>`}`;
}

/** A note when a tool has ended; not about what had been before this page was opened. */
function useToolNotes(calls, { runId, here }) {
  const told = useRef(new Set());
  useEffect(() => {
    if (!here) return;
    for (const { key, tool, status, error } of calls) {
      if (status === 'running' || told.current.has(key)) continue;
      told.current.add(key);
      const name = text.assistant.toolName(tool);
      if (status === 'success') toast({ text: text.assistant.toolDone(name), kind: 'success', key: `${runId} ${key}`, href: href(['runs', runId], { tab: 'results' }) });
      else toast({ text: text.assistant.toolError(name, error?.message ?? error), kind: 'error', key: `${runId} ${key}`, href: href(['runs', runId]) });
    }
  });
}

function Failed({ turn, error, onAsk }) {
  const advice = adviceFor(error);
  return html`<div class="turn-failed" role=${turn.here && 'alert'}>
    <p><${State} status="error" word=${true} /> <span dir="auto">${error.message}</span></p>
    <p>${advice.words}${advice.line && html` <code class="command">${advice.line}</code>`}</p>
    ${turn.question && html`<button type="button" class="button" onClick=${() => onAsk(turn.question)}>${text.assistant.again}</button>`}
  </div>`;
}

function Facts({ fold, turn, answer }) {
  const { run, work } = fold;
  const agent = work.agents.get('llm_response');
  const model = agent?.model ?? fold.nodes.get('model_selection')?.output?.model;
  const usage = run.usage ?? agent?.usage;
  return html`<footer class="turn-facts">
    ${model && html`<span class="mono">${model}</span>`}
    ${usage?.totalTokens > 0 && html`<span class="number" title=${text.work.split(count(usage.promptTokens ?? 0), count(usage.completionTokens ?? 0))}>${text.work.tokens(usage.totalTokens, usage.estimated)}</span>`}
    ${typeof usage?.costUsd === 'number' && html`<span class="number">${money(usage.costUsd)}</span>`}
    ${run.startedAt && html`<${Duration} ms=${ended(run.status) ? run.durationMs : null} since=${run.startedAt} />`}
    <a href=${href(['runs', turn.runId])}>${text.assistant.openRun}</a>
    ${answer && ended(run.status) && html`<${Copy} value=${answer} />`}
  </footer>`;
}

function Sources({ sources }) {
  if (!sources?.length) return null;
  return html`<section class="sources" aria-label=${text.assistant.sources}><h3>${text.assistant.sources}</h3><ol>
    ${sources.map(({ number, passage }) => html`<li key=${number} value=${number}><details><summary dir="auto">${passage?.title ?? passage?.path ?? passage?.id}</summary>
      <p dir="auto">${passage?.text}</p></details></li>`)}
  </ol></section>`;
}

export function Turn({ turn, onAsk, onGrown }) {
  const box = useRef(null);
  const { fold, rev } = useRun(turn, box).value;
  const calls = fold ? callsOf(fold) : [];
  const { thinking, answer } = fold ? answerOf(fold, turn) : { thinking: '', answer: turn.answer ?? '' };
  const status = fold?.run.status ?? turn.status;
  const question = turn.question ?? fold?.run.input?.input ?? fold?.nodes.get('input')?.output?.text;
  const writing = !ended(status);
  useToolNotes(calls, turn);
  useLayoutEffect(() => onGrown?.(), [answer.length, calls.length, status, rev]);
  return html`<article class="turn" ref=${box} data-run=${turn.runId} data-status=${status}>
    ${question && html`<h2 class="hidden">${text.assistant.you}</h2><div class="turn-question" dir="auto">${question}</div>`}
    <div class="turn-answer">
      <h2 class="hidden">${text.assistant.title}</h2>
      ${fold && html`<${Steps} fold=${fold} changes=${fold.changes} status=${status} />`}
      ${calls.length > 0 && html`<div class="calls">${calls.map((call) => html`<${Call} key=${call.key} call=${call} status=${call.status} />`)}</div>`}
      ${thinking && html`<details class="thinking"><summary>${text.assistant.thinking}</summary><p dir="auto">${thinking}</p></details>`}
      ${answer && html`<${Markdown} source=${answer} writing=${writing} />`}
      ${status === 'error' && html`<${Failed} turn=${{ ...turn, question }} error=${fold?.run.error ?? { message: text.assistant.failed }} onAsk=${onAsk} />`}
      ${status === 'cancelled' && html`<p class="turn-stopped"><${State} status="cancelled" label=${text.assistant.stopped} word=${true} />
        ${question && html`<button type="button" class="button-quiet" onClick=${() => onAsk(question)}>${text.assistant.again}</button>`}</p>`}
      ${fold && html`<${Sources} sources=${fold.run.output?.sources} />`}
      ${fold && html`<${Facts} fold=${fold} turn=${turn} answer=${answer} rev=${rev} />`}
    </div>
  </article>`;
}
