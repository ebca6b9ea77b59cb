// What a model wrote, as Markdown, drawn block by block: while it is being written only the last block changes, so that what is
// selected or copied before it stays. Nothing of it is trusted: HTML in it is shown as text, pictures become links, and what
// comes out is cleaned by an allow-list.

import DOMPurify from '../../lib/dompurify.js';
import { Marked } from '../../lib/marked.js';
import { html, useMemo } from '../ui.js';
import { text } from '../text.js';

const COPIED_MS = 1500;
const TAGS = ['p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'strong', 'em', 'del', 'code', 'pre', 'a', 'ul', 'ol', 'li', 'blockquote',
  'table', 'thead', 'tbody', 'tr', 'th', 'td', 'div', 'span', 'button'];
const CLEAN = { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ['href', 'class', 'type', 'start', 'align', 'target', 'rel', 'tabindex'],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:)/i, ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false };

const escape = (value) => value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text: raw }) => escape(raw),
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    image: ({ href, text: alt }) => `<a href="${escape(href)}">${escape(alt || href)}</a>`,
    heading({ tokens, depth }) { // the page has its own first two
      const tag = `h${Math.min(6, depth + 2)}`;
      return `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`;
    },
    code: ({ text: code, lang }) => `<div class="code"><div class="code-head"><span>${escape(lang?.split(/\s/)[0] ?? '')}</span>
      <button type="button" class="button-quiet code-copy">${escape(text.io.copy)}</button></div><pre tabindex="0"><code>${escape(code)}</code></pre></div>`,
  },
});

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A') Object.assign(node, { target: '_blank', rel: 'noopener noreferrer' });
});

export const render = (token) => DOMPurify.sanitize(marked.parser([token]), CLEAN);

function Block({ token, raw }) {
  const inner = useMemo(() => ({ __html: render(token) }), [raw]);
  return html`<div class="md-block" dir="auto" dangerouslySetInnerHTML=${inner}></div>`;
}

export function Markdown({ source, writing = false }) {
  const tokens = useMemo(() => marked.lexer(source).filter(({ type }) => type !== 'space' && type !== 'def'), [source]);
  const copy = async (event) => {
    const button = event.target.closest('.code-copy');
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.closest('.code').querySelector('code').textContent);
      button.textContent = text.io.copied;
      setTimeout(() => (button.textContent = text.io.copy), COPIED_MS);
    } catch {
      getSelection().selectAllChildren(button.closest('.code').querySelector('code')); // the keyboard copies it
    }
  };
  return html`<div class=${writing ? 'md md-writing' : 'md'} onClick=${copy}>
    ${tokens.map((token, i) => html`<${Block} key=${i} token=${token} raw=${token.raw} />`)}</div>`;
}
