// Where one writes: Enter sends, Shift and Enter begin a new line; the tools and the model of the conversation.

import { html, useLayoutEffect, useRef } from '../ui.js';
import { text } from '../text.js';

const HEIGHT_MAX = 240;

function Tools({ tools, enabled, onToggle }) {
  return html`<div class="tools" role="group" aria-label=${text.assistant.tools}>
    ${tools.map(({ id, label, hint }) => html`<button key=${id} type="button" role="switch" class="tool" data-tool=${id} aria-checked=${enabled[id] === true} title=${hint}
      onClick=${() => onToggle(id, enabled[id] !== true, label)}><span class="tool-mark" aria-hidden="true"></span>${label}</button>`)}
  </div>`;
}

function Models({ models, chosen, onChoose }) {
  const usable = models.filter(({ purposes }) => !purposes.includes('embedding'));
  const all = chosen && !usable.some(({ id }) => id === chosen) ? [...usable, { id: chosen, purposes: [], available: null }] : usable;
  return html`<label class="model"><span class="hidden">${text.assistant.model}</span>
    <select value=${chosen} onChange=${(event) => onChoose(event.currentTarget.value)}>
      <option value="" selected=${!chosen}>${text.assistant.auto}</option>
      ${all.map(({ id, purposes, available }) => html`<option key=${id} value=${id} selected=${id === chosen} disabled=${available === false}>${
        text.assistant.modelFor(id, available === false ? [text.assistant.modelGone] : purposes.map(text.assistant.purpose))}</option>`)}
    </select></label>`;
}

export function Composer({ draft, onDraft, onSend, onStop, active, sending, tools, enabled, onToggle, models, model, onModel }) {
  const field = useRef(null);
  useLayoutEffect(() => {
    const { style } = field.current;
    style.blockSize = 'auto';
    style.blockSize = `${Math.min(HEIGHT_MAX, field.current.scrollHeight + 2)}px`;
  }, [draft]);
  const send = () => draft.trim() && !sending && onSend(draft);
  const keys = (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return html`<form class="composer" onSubmit=${(event) => event.preventDefault()}>
    <label class="composer-field"><span class="hidden">${text.assistant.prompt}</span>
      <textarea ref=${field} rows="1" dir="auto" placeholder=${text.assistant.prompt} value=${draft} onInput=${(event) => onDraft(event.currentTarget.value)}
        onKeyDown=${keys} autoFocus></textarea></label>
    <div class="composer-row">
      <${Tools} tools=${tools} enabled=${enabled} onToggle=${onToggle} />
      <span class="composer-end"><${Models} models=${models} chosen=${model} onChoose=${onModel} />
      ${active && html`<button type="button" class="button" onClick=${onStop}>${text.assistant.stop}</button>`}
      ${(!active || draft.trim()) && html`<button type="button" class="button button-primary" disabled=${!draft.trim() || sending} onClick=${send}>${text.assistant.send}</button>`}</span>
    </div>
  </form>`;
}
