// A text in which templates may stand, or a jq program, with a list of what is at hand where the caret is.

import { html, useLayoutEffect, useRef, useState } from '../ui.js';
import { Icon } from '../components/icons.js';
import { text } from '../text.js';
import { completions } from './complete.js';

const ROWS_MAX = 16;

/** props: {id, value, onInput(text), context, jq, lines: 0 for one line, else at least so many; attributes of the control}. */
export function ExpressionInput({ id, value, onInput, context, jq = false, lines = 0, attributes = {} }) {
  const box = useRef(null);
  const [offer, setOffer] = useState(null); // {from, items, at}
  const caret = useRef(null); // where to put it once the new text is there
  useLayoutEffect(() => {
    if (caret.current === null) return;
    box.current.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [value]);

  const look = (always = false) => {
    const { value: now, selectionStart, selectionEnd } = box.current;
    const found = selectionStart === selectionEnd || always ? completions(now, selectionStart, context, jq) : null;
    setOffer(found && { ...found, at: 0 });
  };
  const put = (from, insert, open) => {
    const { value: now, selectionStart } = box.current;
    const next = now.slice(0, from) + insert + now.slice(selectionStart);
    box.current.value = next;
    const at = from + insert.length;
    box.current.setSelectionRange(at, at);
    box.current.focus();
    caret.current = at;
    onInput(next);
    if (open) look();
    else setOffer(null);
  };
  const choose = (item) => put(offer.from, item.insert, false);
  const insert = () => {
    const { value: now, selectionStart } = box.current;
    box.current.focus();
    if (completions(now, selectionStart, context, jq)) return look(true);
    put(selectionStart, jq ? '.' : '{{ . }}', jq);
    if (jq) return;
    caret.current = selectionStart + 4;
    box.current.setSelectionRange(caret.current, caret.current);
    look();
  };
  const keys = (event) => {
    if (event.key === ' ' && event.ctrlKey) {
      event.preventDefault();
      return look(true);
    }
    if (!offer) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setOffer({ ...offer, at: (offer.at + step + offer.items.length) % offer.items.length });
    else if (event.key === 'Enter' || event.key === 'Tab') choose(offer.items[offer.at]);
    else if (event.key === 'Escape') setOffer(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const common = {
    id, ref: box, value, spellcheck: false, autocomplete: 'off', dir: 'auto', ...attributes, role: 'combobox',
    'aria-autocomplete': 'list', 'aria-expanded': Boolean(offer), 'aria-controls': `${id}-offer`,
    'aria-activedescendant': offer ? `${id}-offer-${offer.at}` : undefined,
    onInput: (event) => {
      onInput(event.currentTarget.value);
      look();
    },
    onKeyDown: keys, onClick: () => offer && look(), onBlur: () => setOffer(null),
  };
  const rows = Math.min(ROWS_MAX, Math.max(lines, String(value).split('\n').length));
  return html`<div class="expression">
    ${lines ? html`<textarea ...${common} rows=${rows} class=${jq ? 'mono' : ''}></textarea>` : html`<input type="text" ...${common} class=${jq ? 'mono' : ''} />`}
    <button type="button" class="button-quiet button-icon expression-insert" tabIndex=${-1} aria-label=${text.forms.insert} title=${text.forms.insert}
      onMouseDown=${(event) => event.preventDefault()} onClick=${insert}><${Icon} name="braces" /></button>
    <ul class="offer" id=${`${id}-offer`} role="listbox" aria-label=${text.forms.offered} hidden=${!offer}>
      ${offer?.items.map((item, i) => html`<li key=${item.name} id=${`${id}-offer-${i}`} role="option" class="offer-item" aria-selected=${i === offer.at}
        onMouseDown=${(event) => event.preventDefault()} onClick=${() => choose(item)}><span class="mono">${item.name}</span><span class="offer-hint" dir="auto">${item.hint}</span></li>`)}
    </ul>
  </div>`;
}
