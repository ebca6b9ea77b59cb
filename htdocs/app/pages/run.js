// The page that matters: one run, live or from history, the same.

import { html, useEffect, useMemo, useRef, useState } from '../ui.js';
import { Failure, Skeleton } from '../components/resource.js';
import { Graph } from '../components/graph.js';
import { useKeys } from '../components/keys.js';
import { Scrubber } from '../components/scrubber.js';
import { Split } from '../components/split.js';
import { plain } from '../ansi.js';
import { ended } from '../fold.js';
import { foldAt, spanOf } from '../fold-at.js';
import { followRun } from '../follow-run.js';
import { percent } from '../format.js';
import { layoutGraph } from '../layout.js';
import { tellEnd, unwatch, watchOn } from '../notify.js';
import { route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { Approvals } from './run-approvals.js';
import { RunDetails } from './run-details.js';
import { RunHead } from './run-head.js';
import { Stepper } from './run-stepper.js';

const NARROW = '(max-width: 760px)';
const GRAPH_SHARE = 50;

function useMedia(query) {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const change = () => setMatches(media.matches);
    media.addEventListener('change', change);
    return () => media.removeEventListener('change', change);
  }, [query]);
  return matches;
}

/** Says what a person who does not see the graph has to know: the run's states and the nodes that failed. */
function Announcer({ fold, rev }) {
  const said = useRef(new Map());
  const [words, setWords] = useState('');
  useEffect(() => {
    const news = [];
    const note = (key, name, status, worth) => {
      if (said.current.get(key) === status) return;
      if (said.current.has(key) && worth) news.push(text.run.announce(name, text.state[status]));
      said.current.set(key, status);
    };
    note('', fold.run.name ?? fold.run.workflowId, fold.run.status, true);
    for (const [id, { status }] of fold.nodes) note(`n ${id}`, fold.label(id), status, status === 'error' || status === 'waiting');
    if (news.length) setWords(news.join('. '));
  }, [rev]);
  return html`<div class="hidden" role="status" aria-live="polite">${words}</div>`;
}

/**
 * The moment of a replay: drawn at once, kept in the URL where it stays. A moment is none when there is nothing to replay.
 * wanted: what the URL says; where it was moved since then counts, and no effect takes that back: keys come faster than frames.
 */
function useMoment(span, wanted) {
  const moved = useRef(null); // {ms, wanted}
  const [, drawAgain] = useState(null);
  if (moved.current?.wanted !== wanted) moved.current = null;
  const asked = wanted !== null && Number(wanted) >= 0 ? Number(wanted) : null;
  const at = moved.current ? moved.current.ms : asked;
  const move = (ms, stays) => {
    if (stays) setParams({ at: ms === null ? null : Math.round(ms) });
    moved.current = { ms, wanted: route.value.params.get('at') };
    drawAgain({});
  };
  return [span && at !== null && at < span.whole ? at : null, move];
}

function titleOf(run) {
  const name = run.name || run.workflowId;
  const word = text.state[run.status];
  return run.status === 'running' ? `${word} ${percent(run.progress)} · ${name}` : `${word} · ${name}`;
}

function Sheet({ open, setOpen, last, children }) {
  return html`<section class=${open ? 'sheet sheet-open' : 'sheet'} aria-label=${text.run.detail}>
    <button type="button" class="sheet-grip" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <span class="sheet-handle"></span>
      <span class="hidden">${open ? text.run.closeSheet : text.run.openSheet}</span>
      ${!open && html`<span class="sheet-title">${text.run.tabs.log}</span><span class="sheet-last mono" dir="auto">${last}</span>`}
    </button>
    ${open && html`<div class="sheet-body">${children}</div>`}
  </section>`;
}

/** The shortcuts of its tabs. */
const TABS = Object.entries(text.run.tabs).map(([tab, label], i) => ({ keys: `${i + 1}`, label, act: () => setParams({ tab: tab === 'log' ? null : tab }) }));

/** Who wants it is told when the run ends, here or after the page was left. */
function useEndTold(fold) {
  const { status } = fold.run;
  const was = useRef(status);
  useEffect(() => {
    if (ended(status) && !ended(was.current)) tellEnd(fold.run);
    was.current = status;
  }, [fold, status]);
  useEffect(() => {
    unwatch(fold.run.id);
    return () => watchOn(fold.run);
  }, [fold]);
}

function RunView({ id, fold, rev, reading, followed }) {
  const { params } = route.value;
  const narrow = useMedia(NARROW);
  const node = fold.nodes.has(params.get('node')) ? params.get('node') : null;
  const over = ended(fold.run.status);
  const span = over && !reading ? spanOf(fold) : null;
  const [at, setAt] = useMoment(span, params.get('at')); // ms from the start, or null: the run as it was then
  const shown = at === null ? fold : foldAt(fold, span.start + at);
  const [sheet, setSheet] = useState(() => Boolean(params.get('tab') || params.get('line') || params.get('q')));
  const order = useMemo(() => (fold.graph.nodes.length ? layoutGraph(fold.graph, false).order : []), [fold]);
  usePageState(titleOf(fold.run), fold.run.status);
  useKeys(text.keys.run, TABS);
  useEndTold(fold);

  const choose = (chosen) => {
    setParams({ node: chosen === node && !narrow ? null : chosen, line: null });
    if (narrow) setSheet(true);
  };
  const details = html`<${RunDetails} id=${id} fold=${shown} rev=${at === null ? rev : `at ${at}`} node=${node} params=${params}
    ended=${over} whole=${fold} reading=${reading} at=${at} onNode=${(chosen) => setParams({ node: chosen, line: null })} />`;
  // Drawn again when a state has changed, not with every line of the log.
  const graph = useMemo(
    () => html`<${Graph} graph=${fold.graph} nodes=${shown.nodes} changes=${fold.changes} chosen=${node} onChoose=${choose} label=${text.run.graph} name=${fold.run.workflowId} />`,
    [fold, fold.changes, node, narrow, at],
  );
  const scrubber = span && (at !== null || params.get('tab') === 'timeline') &&
    html`<${Scrubber} moments=${fold.moments} start=${span.start} whole=${span.whole} at=${at} onAt=${setAt} />`;
  const last = plain((reading?.newest ?? fold).lines.at(-1)?.message ?? '').slice(0, 200);

  return html`<div class="run">
    <${RunHead} id=${id} fold=${fold} reading=${reading} followed=${followed} />
    <${Announcer} fold=${fold} rev=${rev} />
    <${Approvals} id=${id} fold=${fold} rev=${rev} />
    ${fold.gap && html`<p class="stale" role="status">${text.run.gap}</p>`}
    ${!(narrow && sheet) && scrubber}
    ${narrow
      ? html`<${Stepper} fold=${shown} order=${order} chosen=${node} onChoose=${choose} />
          <${Sheet} open=${sheet} setOpen=${setSheet} last=${last}>${scrubber}${details}<//>`
      : html`<${Split} name="run" start=${GRAPH_SHARE} label=${text.run.divider}
          left=${graph}
          right=${html`<div class="details">${details}</div>`} />`}
  </div>`;
}

export function RunPage({ id }) {
  const followed = useMemo(() => followRun(id), [id]);
  useEffect(() => () => followed.close(), [followed]);

  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 200);
    return () => clearTimeout(timer);
  }, []);

  const { fold, rev, error, reading } = followed.view.value;
  if (error) return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.run} retry=${followed.reload} /></div>`;
  if (!fold) return html`<div class="page">${slow && html`<${Skeleton} rows=${8} />`}</div>`;
  return html`<${RunView} id=${id} fold=${fold} rev=${rev} reading=${reading} followed=${followed} />`;
}
