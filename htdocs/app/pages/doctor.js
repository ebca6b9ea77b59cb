// The way from this browser to the server: measured, the cause named, and what mends it printed for the server in front.

import { html, useEffect, useRef, useState } from '../ui.js';
import { State } from '../components/icons.js';
import { Tabs } from '../components/tabs.js';
import { CHECKS, measure } from '../measure.js';
import { recall, remember } from '../prefs.js';
import { route } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const SILENCE_S = 70; // proxies mostly cut after 60
const SILENCE_MAX_S = 600;
const LEVEL = { good: 'success', warning: 'waiting', bad: 'error' };
const OTHER = 'other';

function Check({ id, found, over }) {
  const { level, words, progress } = found ?? {};
  const status = level ? LEVEL[level] : found ? 'running' : over ? 'skipped' : 'pending';
  return html`<li class="check-row" data-check=${id} data-level=${level}>
    <${State} status=${status} label=${level ? text.doctor.level[level] : text.state[status]} />
    <span class="check-name">${text.doctor.checks[id]}</span>
    <span class="check-words">${words}${progress > 0 && html`<progress class="meter" max="1" value=${progress} aria-label=${text.doctor.checks[id]}></progress>`}</span>
  </li>`;
}

function Lines({ fault, lines }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => setCopied(false), [lines]);
  const box = useRef(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(lines);
      setCopied(true);
    } catch {
      getSelection().selectAllChildren(box.current); // no https: one key is left to be pressed
    }
  };
  return html`<section class="block" data-fault=${fault}>
    <header class="block-head"><h3>${text.doctor.faults[fault]}</h3>
      <button type="button" class="button-quiet" onClick=${copy}>${copied ? text.doctor.copied : text.doctor.copy}</button></header>
    <pre class="report" tabIndex="0" ref=${box}>${lines}</pre></section>`;
}

/** mend: of /api/doctor; faults: names; kind: what the server calls itself, null when nobody knows. */
function Mend({ mend, faults, kind }) {
  const nameOf = ({ server }) => server ?? OTHER;
  const known = mend.find(({ server }) => server && kind?.toLowerCase().startsWith(server.toLowerCase()));
  const [chosen, choose] = useState(() => (known ? nameOf(known) : kind ? OTHER : recall('server', nameOf(mend[0]))));
  const rest = mend.find(({ server }) => !server).lines;
  const { lines } = mend.find((one) => nameOf(one) === chosen) ?? { lines: rest };
  const pick = (name) => (choose(name), remember('server', name));
  return html`<section class="mend"><h2>${text.doctor.mend}</h2>
    <p class="page-lead">${known ? text.doctor.knownServer(kind) : text.doctor.whichServer}</p>
    <${Tabs} label=${text.doctor.server} chosen=${chosen} onChoose=${pick} tabs=${mend.map((one) => ({ id: nameOf(one), label: one.server ?? text.doctor.otherServer }))} />
    <div class="mend-lines" role="tabpanel" id="panel" aria-labelledby=${`tab-${chosen}`}>
      ${faults.map((fault) => html`<${Lines} key=${fault} fault=${fault} lines=${lines[fault] ?? rest[fault]} />`)}</div>
  </section>`;
}

export function DoctorPage() {
  usePageState(text.doctor.title);
  const silence = Math.min(SILENCE_MAX_S, Math.max(1, Number(route.value.params.get('silence')) || SILENCE_S));
  const [turn, setTurn] = useState(0);
  const [found, setFound] = useState({});
  const [known, setKnown] = useState(null);
  const [over, setOver] = useState(false);
  const stop = useRef(null);

  useEffect(() => {
    const abort = new AbortController();
    stop.current = () => abort.abort();
    setFound({});
    setOver(false);
    const told = (check, finding) => abort.signal.aborted || setFound((was) => ({ ...was, [check]: finding }));
    measure({ silence, signal: abort.signal, told, began: setKnown })
      .catch(() => {}) // stopped
      .finally(() => setOver(true));
    return () => abort.abort();
  }, [turn, silence]);

  const findings = CHECKS.map((id) => found[id]).filter((one) => one?.level);
  const wrong = findings.filter(({ level }) => level === 'bad').length;
  const faults = [...new Set(findings.map(({ fault }) => fault).filter(Boolean))];
  const finished = (over ? Object.entries(found).filter(([, one]) => one.level) : []).length === CHECKS.length;
  const summary = !over ? text.doctor.measuring(silence) : wrong ? text.doctor.wrong(wrong) : finished ? text.doctor.whole : text.doctor.stopped;
  return html`<div class="page doctor">
    <header class="page-head"><h1>${text.doctor.title}</h1>
      ${over ? html`<button type="button" class="button" onClick=${() => setTurn(turn + 1)}>${text.doctor.again}</button>`
        : html`<button type="button" class="button" onClick=${() => stop.current()}>${text.doctor.stop}</button>`}</header>
    <p class="page-lead" role="status">${summary}</p>
    <ol class="checks">${CHECKS.map((id) => html`<${Check} key=${id} id=${id} found=${over && found[id]?.progress !== undefined ? null : found[id]} over=${over} />`)}</ol>
    ${known && faults.length > 0 && html`<${Mend} mend=${known.report.mend} faults=${faults} kind=${known.server ?? known.report.server} />`}
    <p class="faint">${text.doctor.terminal} <code class="command">runspool doctor --url ${new URL('.', location.href).href}</code></p>
  </div>`;
}
