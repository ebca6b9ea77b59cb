// A program that colours its output knows nothing of our grounds: what it asks for is kept as far as it can be read, and
// moved towards black or white until it can (WCAG 2.2, contrast 1.4.3).

const READABLE = 4.5;
const READABLE_ANYWHERE = 5.6; // against the plain ground: lines with an error, and chosen ones, have a tint
const BLACK = [0, 0, 0];
const WHITE = [255, 255, 255];

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.trim().slice(at, at + 2), 16));

let known = {};
/** The present theme's {ground, text, faint, named}, all [r, g, b]. */
function palette() {
  const root = document.documentElement;
  const theme = `${root.dataset.theme} ${matchMedia('(prefers-color-scheme: dark)').matches}`;
  if (known.theme !== theme) {
    const style = getComputedStyle(root);
    const token = (name) => rgb(style.getPropertyValue(`--${name}`));
    known = { theme, ground: token('ground'), text: token('text'), named: Array.from({ length: 16 }, (_, i) => token(`a${i}`)), mended: new Map() };
  }
  return known;
}

const linear = (value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4);
const luminance = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** `colour`, or the nearest to it on the way to black or white that can be read on `ground`. */
function mend(colour, ground, wanted) {
  if (contrast(colour, ground) >= wanted) return colour;
  const end = contrast(BLACK, ground) > contrast(WHITE, ground) ? BLACK : WHITE;
  const mix = (share) => colour.map((part, i) => Math.round(part + (end[i] - part) * share));
  let [low, high] = [0, 1];
  for (let i = 0; i < 7; i++) {
    const middle = (low + high) / 2;
    if (contrast(mix(middle), ground) < wanted) low = middle;
    else high = middle;
  }
  return mix(high);
}

function readable(colour, ground, wanted) {
  const { mended } = palette();
  const key = `${colour} ${ground}`;
  if (!mended.has(key)) {
    if (mended.size > 5000) mended.clear(); // a picture in a log
    mended.set(key, `rgb(${mend(colour, ground, wanted).join(' ')})`);
  }
  return mended.get(key);
}

function colours({ fg, bg, inverse, faint }) {
  if (bg === undefined && !inverse) {
    if (fg === undefined) return faint ? { name: 'a-faint' } : {};
    return typeof fg === 'number' ? { name: `a-fg${fg}` } : { css: { color: readable(fg, palette().ground, READABLE_ANYWHERE) } };
  }
  const { named, ground, text } = palette();
  const value = (colour, otherwise) => (colour === undefined ? otherwise : typeof colour === 'number' ? named[colour] : colour);
  const front = inverse ? value(bg, ground) : value(fg, text);
  const back = inverse ? value(fg, text) : value(bg, ground);
  return { css: { color: readable(front, back, READABLE), backgroundColor: `rgb(${back.join(' ')})` } };
}

const FLAGS = ['bold', 'italic', 'underline', 'strike'];

/** How a style of ansi.js looks in the present theme: {className, css}, each undefined where it is plain. */
export function looksOf(style) {
  const { name, css } = colours(style);
  const names = FLAGS.filter((flag) => style[flag]).map((flag) => `a-${flag}`);
  return { className: [...names, name].filter(Boolean).join(' ') || undefined, css };
}
