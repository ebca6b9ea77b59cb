// An editor at work: the definition with its past, what is chosen, what is asked, and what can be done about them.

import { computed, signal } from '../ui.js';
import { layoutGraph } from '../layout.js';
import { errorsOf, warningsOf } from './check.js';
import { aligned, boundsOf, GRID, heightOf, NODE, snap } from './geometry.js';
import { begin, commit, isDirty, markSaved, redo, undo, withId } from './history.js';
import * as model from './model.js';
import { text } from '../text.js';

const none = { nodes: new Set(), edges: new Set() };
const placed = ({ position }) => Number.isFinite(position?.x) && Number.isFinite(position?.y);
const ROW = 80;

/** Every node with a place of its own: all laid out when most have none, else those without below the others. */
export function withPlaces(definition) {
  const taken = new Set();
  const without = definition.nodes.filter((node) => {
    const place = placed(node) && `${node.position.x} ${node.position.y}`;
    return !place || taken.has(place) || !taken.add(place);
  });
  if (!without.length) return definition;
  if (without.length * 2 > definition.nodes.length) return model.move(definition, layoutGraph(definition, false).nodes);
  const { x, y, height } = boundsOf(definition.nodes.filter((node) => !without.includes(node)).map(({ position }) => position));
  return model.move(definition, new Map(without.map(({ id }, i) => [id, { x: x + i * (NODE.width + 60), y: y + height + ROW }])));
}

export function createEditor({ definition, version, types, saved = definition }) {
  const history = signal(begin(definition, version, saved));
  const chosen = signal(none);
  const panel = signal(null); // {kind: 'add', from?, handle?, at?, edge?} | {kind: 'connect', from} | {kind: 'problems'}
  const settings = signal(false); // are the settings in view, where they have no room of their own?
  const said = signal(''); // for who does not see what happened
  const server = signal(null); // {definition, errors}: what the server says of one definition
  const byKind = new Map(types.map((type) => [type.kind, type]));
  const now = () => history.value.definition;
  const typeOf = (node) => byKind.get(node.data?.kind);

  const current = computed(() => history.value.definition);
  const dirty = computed(() => isDirty(history.value));
  const local = computed(() => ({ errors: errorsOf(current.value, byKind), warnings: warningsOf(current.value) }));
  const problems = computed(() => {
    const { errors, warnings } = local.value;
    const told = server.value?.definition === current.value ? server.value.errors : null;
    const level = (name) => (problem) => ({ ...problem, level: name });
    return [...(told ?? errors).map(level('error')), ...warnings.map(level('warning'))];
  });

  const editor = {
    types, byKind, history, chosen, panel, settings, said, server, dirty, problems, camera: null,
    definition: now,
    typeOf,
    handles: (node) => model.handlesOf(typeOf(node), node),
    height: (node) => heightOf(editor.handles(node)),
    apply(definition, merge) {
      history.value = commit(history.value, definition, merge);
    },
    /** What is there no more is chosen no more. */
    step(change) {
      history.value = change(history.value);
      const { nodes, edges } = now();
      const [ids, keys] = [new Set(nodes.map(({ id }) => id)), new Set(edges.map(model.edgeKey))];
      chosen.value = { nodes: new Set([...chosen.value.nodes].filter((id) => ids.has(id))), edges: new Set([...chosen.value.edges].filter((key) => keys.has(key))) };
    },
    undo: () => editor.step(undo),
    redo: () => editor.step(redo),
    /** What the server says of a definition. */
    tell(definition, errors) {
      server.value = { definition, errors: errors.map(({ edgeId, ...problem }) => (edgeId ? { ...problem, edge: edgeId } : problem)) };
    },
    markSaved: (definition, version) => (history.value = markSaved(history.value, definition, version)),
    setId: (id) => (history.value = withId(history.value, id)),
    /** Another definition in its place, one undo away; version: what it is of. */
    replace(definition, version) {
      editor.step((was) => ({ ...commit(was, definition), saved: definition, version }));
    },

    choose(nodes, edges = []) {
      chosen.value = { nodes: new Set(nodes), edges: new Set(edges) };
      if (!nodes.length && !edges.length) settings.value = false;
    },
    toggle(id) {
      const nodes = new Set(chosen.value.nodes);
      nodes.delete(id) || nodes.add(id);
      chosen.value = { nodes, edges: new Set() };
    },
    chooseArea(a, b) {
      const [left, right, top, bottom] = [Math.min(a.x, b.x), Math.max(a.x, b.x), Math.min(a.y, b.y), Math.max(a.y, b.y)];
      const inside = ({ position: { x, y } }) => x < right && x + NODE.width > left && y < bottom && y + NODE.height > top;
      editor.choose(now().nodes.filter(inside).map(({ id }) => id));
    },
    one() {
      const [id] = chosen.value.nodes;
      return chosen.value.nodes.size === 1 && !chosen.value.edges.size ? model.nodeOf(now(), id) : undefined;
    },
    edge() {
      const [key] = chosen.value.edges;
      return chosen.value.edges.size === 1 && !chosen.value.nodes.size ? model.edgeOf(now(), key) : undefined;
    },
    ask: (what) => (panel.value = what),
    openSettings: () => (settings.value = true),

    move: (places) => editor.apply(model.move(now(), places)),
    nudge(dx, dy) {
      const nodes = now().nodes.filter(({ id }) => chosen.value.nodes.has(id));
      editor.apply(model.move(now(), new Map(nodes.map(({ id, position: { x, y } }) => [id, { x: x + dx, y: y + dy }]))), 'nudge');
    },
    connect(link) {
      const source = model.nodeOf(now(), link.source);
      const whole = { ...link, sourceHandle: link.sourceHandle ?? model.freeHandle(now(), typeOf(source), source) };
      const why = model.refusal(now(), whole);
      said.value = why ? text.editor.refused[why] : '';
      if (!why) editor.apply(model.connect(now(), whole));
    },
    /** Where and after what: as the panel asked; of anything else by itself, in the middle of what is seen. */
    add(type, { from, handle, at, edge } = {}) {
      const source = from && model.nodeOf(now(), from);
      let added;
      if (edge && model.edgeOf(now(), edge)) added = model.insertOnEdge(now(), edge, type);
      else {
        const corner = at && { x: snap(at.x), y: snap(at.y - NODE.height / 2) };
        const middle = editor.camera.middle();
        const place = corner ?? (source ? model.placeAfter(now(), source) : editor.freeSpot(middle.x, middle.y));
        added = model.addNode(now(), type, model.freePlace(now(), place));
        if (source) added.definition = model.connect(added.definition, { source: from, target: added.id, sourceHandle: handle ?? model.freeHandle(now(), typeOf(source), source) });
      }
      editor.apply(added.definition);
      editor.choose([added.id]);
      panel.value = null;
      said.value = text.editor.added(model.nameOf(model.nodeOf(now(), added.id)));
      return added.id;
    },
    remove() {
      const { nodes, edges } = chosen.value;
      if (nodes.size || edges.size) editor.step((was) => commit(was, model.remove(was.definition, { nodes, edges })));
    },
    clip: () => model.clipOf(now(), chosen.value.nodes),
    paste(clip, at) {
      const { definition, ids } = model.paste(now(), withPlaces(clip), at);
      editor.apply(definition);
      editor.choose([...ids]);
      said.value = text.editor.pasted(ids.size);
    },
    /** On the grid, and on no other node. */
    freeSpot: (x, y) => model.freePlace(now(), { x: snap(x - NODE.width / 2), y: snap(y - NODE.height / 2) }),
    duplicate() {
      if (!chosen.value.nodes.size) return;
      const clip = editor.clip();
      const { x, y } = boundsOf(clip.nodes.map(({ position }) => position));
      editor.paste(clip, { x: x + GRID * 2, y: y + GRID * 4 });
    },
    align(how) {
      const nodes = now().nodes.filter(({ id }) => chosen.value.nodes.has(id));
      if (nodes.length > 1) editor.apply(model.move(now(), aligned(nodes, how)));
    },
    /** All nodes, or the chosen ones where they are. */
    arrange() {
      const only = chosen.value.nodes.size > 1 ? editor.clip() : now();
      const { x, y } = only === now() ? { x: 0, y: 0 } : boundsOf(only.nodes.map(({ position }) => position));
      const { nodes } = layoutGraph(only, false);
      editor.apply(model.move(now(), new Map([...nodes].map(([id, place]) => [id, { x: snap(place.x + x), y: snap(place.y + y) }]))));
    },
    rename(id, next) {
      editor.apply(model.renameNode(now(), id, next));
      editor.choose([next]);
    },
    chooseAll: () => editor.choose(now().nodes.map(({ id }) => id)),
  };
  return editor;
}
