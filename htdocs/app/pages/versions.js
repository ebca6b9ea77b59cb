// The versions of a workflow: who saved which when, two of them side by side, and an older one made the newest again.

import { html, classes, useEffect, useMemo, useState } from '../ui.js';
import { getVersion, getWorkflow, listVersions, saveWorkflow } from '../api.js';
import { DiffLines } from '../components/diff-lines.js';
import { Graph } from '../components/graph.js';
import { State } from '../components/icons.js';
import { explain, Failure, Skeleton, useResource } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { toast } from '../components/toast.js';
import { versionDiff } from '../forms/version-diff.js';
import { href, route, setParams } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';

const PAGE = 20;
const NAMED = 3; // changed nodes that a row names

/** Definitions by version, fetched one after another as they are wanted; they never change. */
function useDefinitions(id, wanted) {
  const [found, setFound] = useState(new Map());
  useEffect(() => {
    let going = true;
    (async () => {
      for (const version of wanted) {
        if (!going || found.has(version)) continue;
        const definition = await getVersion(id, version).catch(() => null);
        if (going && definition) setFound((was) => new Map(was).set(version, definition));
      }
    })();
    return () => (going = false);
  }, [id, wanted.join()]);
  return found;
}

function changesOf({ parts, moved }) {
  const words = text.versions;
  const of = (mark) => parts.filter((part) => part.id && part.mark === mark).map(({ name }) => name);
  const list = (names) => (names.length > NAMED ? words.andMore(names.slice(0, NAMED).join(', '), names.length - NAMED) : names.join(', '));
  const said = ['added', 'removed', 'changed'].map((mark) => [mark, of(mark)]).filter(([, names]) => names.length).map(([mark, names]) => words.nodes[mark](list(names)));
  if (parts.some(({ id }) => id === null)) said.push(words.headChanged);
  if (parts.some(({ id }) => id === undefined)) said.push(words.edgesChanged);
  const all = said.join(' · ');
  return all ? all[0].toUpperCase() + all.slice(1) : moved ? words.moved(moved) : words.nothing;
}

function Row({ item, newest, before, definitions, chosen, onRestore, busy }) {
  const [a, b] = [definitions.get(before), definitions.get(item.version)];
  const changes = useMemo(() => (before && a && b ? changesOf(versionDiff(a, b)) : null), [a, b]);
  const choose = (event) => {
    event.preventDefault();
    setParams({ a: before ?? item.version, b: item.version });
  };
  return html`<tr class=${chosen ? 'chosen-row' : ''} data-version=${item.version}>
    <td class="cell-main"><a href=${href(['workflows', route.value.parts[1], 'versions'], { a: before ?? item.version, b: item.version })} aria-current=${chosen ? 'true' : undefined} onClick=${choose}>
        ${text.versions.version(item.version)}${item.version === newest && html`<span class="field-required">${text.versions.current}</span>`}</a>
      <span class="cell-sub" dir="auto">${before ? changes : text.versions.first}</span>
      <span class="cell-sub"><${Ago} time=${item.createdAt} />${item.by && html` · <bdi>${item.by}</bdi>`}</span></td>
    <td class="cell-action">${item.version !== newest && html`<button type="button" class="button" disabled=${busy} aria-label=${text.versions.restoreNamed(item.version)} onClick=${() => onRestore(item.version)}>${text.versions.restore}</button>`}</td>
  </tr>`;
}

function Part({ part, chosen }) {
  const title = part.id === null ? text.versions.head : part.id === undefined ? text.versions.edges : part.name;
  return html`<section class=${classes('diff', { chosen })} id=${`part-${part.id}`} data-part=${String(part.id)}>
    <h3 dir="auto"><${State} status=${part.mark} word />${' '}${title}</h3>
    <${DiffLines} before=${part.before} after=${part.after} />
  </section>`;
}

function Difference({ a, b }) {
  const diff = useMemo(() => versionDiff(a, b), [a, b]);
  const nodes = useMemo(() => new Map([...diff.marks].map(([id, status]) => [id, { status }])), [diff]);
  const [chosen, setChosen] = useState(null);
  const choose = (id) => {
    setChosen(id);
    document.getElementById(`part-${id}`)?.scrollIntoView({ block: 'start', behavior: 'smooth' });
  };
  return html`<p class="compare-verdict" role="status">${changesOf(diff)}</p>
    <div class="card workflow-graph versions-graph"><${Graph} graph=${diff.graph} nodes=${nodes} chosen=${chosen} onChoose=${choose} label=${text.versions.graph} /></div>
    ${diff.parts.map((part) => html`<${Part} key=${String(part.id)} part=${part} chosen=${part.id !== null && part.id === chosen} />`)}`;
}

export function VersionsPage({ id }) {
  const [limit, setLimit] = useState(PAGE);
  const [busy, setBusy] = useState(false);
  const { data, error, slow, reload } = useResource(`versions ${id} ${limit}`, async (signal) => {
    const [workflow, list] = await Promise.all([getWorkflow(id, signal), listVersions(id, { limit: limit + 1 }, signal)]);
    return { workflow, items: list.items };
  });
  const items = data?.items.slice(0, limit) ?? [];
  const newest = data?.items[0]?.version;
  const { params } = route.value;
  const b = Number(params.get('b')) || newest;
  const a = Number(params.get('a')) || data?.items.find(({ version }) => version < b)?.version || b;
  const versions = (data?.items ?? []).map(({ version }) => version);
  const definitions = useDefinitions(id, newest ? [...new Set([a, b, ...versions])] : []);
  usePageState(data ? text.versions.title(data.workflow.name || id) : id);
  if (error && !data) return html`<div class="page"><${Failure} error=${error} missing=${text.failure.notFound.workflow} retry=${reload} /></div>`;
  if (!data) return html`<div class="page">${slow && html`<${Skeleton} />`}</div>`;

  const restore = async (version) => {
    setBusy(true);
    try {
      const saved = await saveWorkflow(id, await getVersion(id, version));
      toast({ text: saved.version === newest ? text.versions.same(version) : text.versions.restored(version, saved.version), kind: 'success', href: href(['workflows', id]) });
      setParams({ a: newest, b: saved.version });
      reload();
    } catch (failed) {
      toast({ text: explain(failed), kind: 'error' });
    }
    setBusy(false);
  };
  const pick = (side, value) => html`<label class="field-row"><span class="faint">${text.versions[side]}</span><select value=${value} onChange=${(event) => setParams({ a, b, [side]: event.currentTarget.value })}>
    ${[...new Set([...versions, value])].sort((x, y) => y - x).map((version) => html`<option key=${version} value=${version} selected=${version === value}>${text.versions.version(version)}</option>`)}</select></label>`;
  return html`<div class="page">
    <header class="page-head"><h1 dir="auto">${text.versions.title(data.workflow.name || id)}</h1><a href=${href(['workflows', id])}>${text.versions.back}</a></header>
    <div class="versions">
      <section class="versions-list"><table class="list"><thead class="hidden"><tr><th>${text.versions.what}</th><th>${text.versions.restore}</th></tr></thead>
        <tbody>${items.map((item, i) => html`<${Row} key=${item.version} item=${item} newest=${newest} before=${data.items[i + 1]?.version} definitions=${definitions}
          chosen=${item.version === b} onRestore=${restore} busy=${busy} />`)}</tbody></table>
        ${data.items.length > limit && html`<button type="button" class="button" onClick=${() => setLimit(limit + PAGE)}>${text.versions.older}</button>`}</section>
      <section class="versions-diff">
        <div class="field-row">${pick('a', a)}${pick('b', b)}</div>
        ${definitions.has(a) && definitions.has(b) ? html`<${Difference} key=${`${a} ${b}`} a=${definitions.get(a)} b=${definitions.get(b)} />` : html`<${Skeleton} rows=${3} />`}
      </section>
    </div>
  </div>`;
}
