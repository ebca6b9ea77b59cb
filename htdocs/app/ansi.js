// Terminal colours (ECMA-48 SGR) as spans. Everything else a terminal would act on is removed.

const TAIL_MAX = 4000; // characters of one line that are drawn

// CSI and OSC sequences, other escapes, control characters except tab.
const SEQUENCE = /\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]/g;
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

const cube = (n) => (n ? 55 + n * 40 : 0);
function indexed(n) {
  if (n < 16) return n;
  if (n < 232) return [cube(Math.floor((n - 16) / 36)), cube(Math.floor((n - 16) / 6) % 6), cube((n - 16) % 6)];
  return Array(3).fill(8 + (n - 232) * 10);
}

const SET = {
  1: { bold: true }, 2: { faint: true }, 3: { italic: true }, 4: { underline: true }, 7: { inverse: true }, 9: { strike: true },
  22: { bold: false, faint: false }, 23: { italic: false }, 24: { underline: false }, 27: { inverse: false }, 29: { strike: false },
  39: { fg: undefined }, 49: { bg: undefined },
};

/** The codes of a sequence; "38:2::R:G:B" names a colour space, which nobody uses, and "4:3" is a kind of underline. */
const codesOf = (parameters) =>
  parameters.split(';').flatMap((parameter) => {
    const codes = parameter.split(':').map(Number);
    if (codes.length === 1) return codes;
    if (codes[0] !== 38 && codes[0] !== 48) return codes[1] === 0 ? [24] : codes.slice(0, 1);
    return codes.length > 5 ? [...codes.slice(0, 2), ...codes.slice(3, 6)] : codes;
  });

/** style: {bold, faint, italic, underline, strike, inverse, fg, bg}; a colour is a number to 15 of the palette, or [r, g, b]. */
function apply(style, codes) {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code === 0) style = {};
    else if (SET[code]) style = { ...style, ...SET[code] };
    else if (code === 38 || code === 48) {
      let colour;
      if (codes[i + 1] === 5) {
        colour = indexed(codes[i + 2] & 255);
        i += 2;
      } else if (codes[i + 1] === 2) {
        colour = [codes[i + 2] & 255, codes[i + 3] & 255, codes[i + 4] & 255];
        i += 4;
      }
      style = { ...style, [code === 38 ? 'fg' : 'bg']: colour };
    } else if (code >= 30 && code <= 37) style = { ...style, fg: code - 30 };
    else if (code >= 90 && code <= 97) style = { ...style, fg: code - 82 };
    else if (code >= 40 && code <= 47) style = { ...style, bg: code - 40 };
    else if (code >= 100 && code <= 107) style = { ...style, bg: code - 92 };
  }
  return style;
}

/** What is drawn of a line: a carriage return writes over what stands there, so the last version counts. */
const shownOf = (line) => (line.includes('\r') ? line.replace(/\r+$/, '').replace(/^.*\r/s, '') : line);

/** A line as [{text, style}], the style as apply() makes it, and the number of characters that were left out. */
export function parseAnsi(line) {
  const shown = shownOf(line);
  if (shown.length <= TAIL_MAX && !CONTROL.test(shown)) return { spans: [{ text: shown, style: {} }], cut: 0 };
  const spans = [];
  let style = {};
  let from = 0;
  let length = 0;
  const push = (part) => {
    if (part && length < TAIL_MAX) spans.push({ text: part.slice(0, TAIL_MAX - length), style });
    length += part.length;
  };
  for (const match of shown.matchAll(SEQUENCE)) {
    push(shown.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === 'm') style = apply(style, codesOf(match[1]));
  }
  push(shown.slice(from));
  return { spans, cut: Math.max(0, length - TAIL_MAX) };
}

/** The line without any of it, as it is searched, copied and saved. */
export const plain = (line) => (CONTROL.test(line) ? shownOf(line).replace(SEQUENCE, '') : line);
