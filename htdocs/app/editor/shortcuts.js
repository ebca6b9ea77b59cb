// The editor's keys, wherever the focus is on its page, but for fields; and the clipboard.

import { useEffect, useRef } from '../ui.js';
import { useKeys } from '../components/keys.js';
import { text } from '../text.js';
import { edgeKey, readClip } from './model.js';

const typing = (target) => target.closest?.('input, textarea, select, [contenteditable]');
const elsewhere = (target) => target.closest?.('dialog, [role="menu"]');

/** The edges of the chosen node one after the other. */
function nextEdge(editor) {
  const { edges } = editor.definition();
  const edge = editor.edge();
  const node = editor.one();
  const list = edges.filter(({ source, target }) => (edge ? source === edge.source : node ? source === node.id || target === node.id : false));
  const next = list[(list.indexOf(edge) + 1) % list.length];
  if (next) editor.choose([], [edgeKey(next)]);
}

/** save, settle(): after something that takes away what had the focus. */
export function useShortcuts(editor, { save, settle, focusName }) {
  const latest = useRef(null);
  latest.current = save;
  const add = () => editor.ask({ kind: 'add', from: editor.one()?.id, edge: editor.edge() && edgeKey(editor.edge()) });
  const remove = () => {
    editor.remove();
    settle();
  };
  useKeys(text.editor.canvas, [
    { keys: 'a', label: text.editor.add, act: add },
    { keys: '/', label: text.editor.add, act: add },
    { keys: 'c', label: text.editor.connect, act: () => editor.one() && editor.ask({ kind: 'connect', from: editor.one().id }) },
    { keys: 'e', label: text.editor.nextEdge, act: () => nextEdge(editor) },
    { keys: 'Delete', label: text.editor.remove, act: remove },
    { keys: 'Backspace', label: text.editor.remove, act: remove },
    { keys: 'F2', label: text.editor.name, act: focusName },
    { keys: 'f', label: text.editor.fitHint, act: () => editor.fit() },
    { keys: '+', label: text.run.zoomIn, act: () => editor.camera.zoomIn() },
    { keys: '-', label: text.run.zoomOut, act: () => editor.camera.zoomOut() },
  ]);
  useEffect(() => {
    const withMod = {
      z: (event) => (event.shiftKey ? editor.redo() : editor.undo()),
      y: editor.redo,
      a: editor.chooseAll,
      d: editor.duplicate,
    };
    const keys = (event) => {
      const mod = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || elsewhere(event.target)) return;
      if (mod && event.key.toLowerCase() === 's') {
        event.preventDefault();
        return latest.current();
      }
      if (typing(event.target) || event.altKey) return;
      if (event.key === 'Escape') {
        if (editor.panel.value) editor.panel.value = null;
        else editor.choose([]);
        return;
      }
      const act = mod && withMod[event.key.toLowerCase()];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    const clipboard = (event) => {
      if (typing(event.target) || elsewhere(event.target) || (event.type !== 'paste' && !getSelection().isCollapsed)) return;
      if (event.type === 'paste') {
        const clip = readClip(event.clipboardData.getData('text/plain'));
        event.preventDefault();
        if (!clip) return (editor.said.value = text.editor.notPasted);
        const { x, y } = editor.camera.middle();
        return editor.paste(clip, editor.freeSpot(x, y));
      }
      if (!editor.chosen.value.nodes.size) return;
      event.preventDefault();
      event.clipboardData.setData('text/plain', JSON.stringify(editor.clip(), null, 2));
      editor.said.value = text.editor.copied(editor.chosen.value.nodes.size);
      if (event.type === 'cut') editor.remove();
    };
    addEventListener('keydown', keys);
    for (const type of ['copy', 'cut', 'paste']) document.addEventListener(type, clipboard);
    return () => {
      removeEventListener('keydown', keys);
      for (const type of ['copy', 'cut', 'paste']) document.removeEventListener(type, clipboard);
    };
  }, []);
}
