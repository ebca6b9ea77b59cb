// Terminal colours (ECMA-48 SGR) as spans. Everything else a terminal would act on is removed.

const TAIL_MAX = 4000; // characters of one line that are drawn

// CSI and OSC sequences, other escapes, control characters except tab.
const SEQUENCE = /\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]/g;

const cube = (n) => (n ? 55 + n * 40 : 0);
function indexed(n) {
  if (n < 16) return { name: n };
  if (n < 232) return { rgb: `rgb(${cube(Math.floor((n - 16) / 36))} ${cube(Math.floor((n - 16) / 6) % 6)} ${cube((n - 16) % 6)})` };
  return { rgb: `rgb(${Array(3).fill(8 + (n - 232) * 10).join(' ')})` };
}

function apply(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) style = {};
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, faint: true };
    else if (code === 3) style = { ...style, italic: true };
    else if (code === 4) style = { ...style, underline: true };
    else if (code === 7) style = { ...style, inverse: true };
    else if (code === 9) style = { ...style, strike: true };
    else if (code === 22) style = { ...style, bold: false, faint: false };
    else if (code === 23) style = { ...style, italic: false };
    else if (code === 24) style = { ...style, underline: false };
    else if (code === 27) style = { ...style, inverse: false };
    else if (code === 29) style = { ...style, strike: false };
    else if (code === 38 || code === 48) {
      let colour;
      if (codes[i + 1] === 5) {
        colour = indexed(codes[i + 2] & 255);
        i += 2;
      } else if (codes[i + 1] === 2) {
        colour = { rgb: `rgb(${codes.slice(i + 2, i + 5).map((n) => n & 255).join(' ')})` };
        i += 4;
      }
      style = { ...style, [code === 38 ? 'fg' : 'bg']: colour };
    } else if (code === 39) style = { ...style, fg: undefined };
    else if (code === 49) style = { ...style, bg: undefined };
    else if (code >= 30 && code <= 37) style = { ...style, fg: { name: code - 30 } };
    else if (code >= 90 && code <= 97) style = { ...style, fg: { name: code - 82 } };
    else if (code >= 40 && code <= 47) style = { ...style, bg: { name: code - 40 } };
    else if (code >= 100 && code <= 107) style = { ...style, bg: { name: code - 92 } };
  }
  return style;
}

function span(text, style) {
  const names = Object.keys(style).filter((name) => style[name] === true).map((name) => `a-${name}`);
  const css = {};
  for (const [part, property] of [['fg', 'color'], ['bg', 'background-color']]) {
    if (style[part]?.name !== undefined) names.push(`a-${part}${style[part].name}`);
    else if (style[part]) css[property] = style[part].rgb;
  }
  return { text, className: names.join(' '), css };
}

/** A line as [{text, className, css}] and the number of characters that were left out. */
export function parseAnsi(line) {
  // A carriage return writes over what stands there: the last version counts.
  const shown = line.replace(/\r+$/, '').replace(/^.*\r/s, '');
  const spans = [];
  let style = {};
  let from = 0;
  let length = 0;
  const push = (part) => {
    if (!part || length >= TAIL_MAX) return (length += part.length);
    spans.push(span(part.slice(0, TAIL_MAX - length), style));
    length += part.length;
  };
  for (const match of shown.matchAll(SEQUENCE)) {
    push(shown.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = apply(style, match[1].split(/[;:]/).map(Number));
  }
  push(shown.slice(from));
  return { spans, cut: Math.max(0, length - TAIL_MAX) };
}

/** The line without any of it, for searching. */
export const plain = (line) => line.replace(SEQUENCE, '');
