// Where two JSON values differ, as a list of places.

const isObject = (value) => typeof value === 'object' && value !== null;
const isPlain = (key) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(key);
const step = (path, key) => (typeof key === 'number' ? `${path}[${key}]` : isPlain(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`);

/** [{path, a, b}] of at most `most` places; a or b is undefined where that side has nothing. Paths are jq's. */
export function jsonDiff(a, b, most = 200, path = '', found = []) {
  if (found.length >= most || Object.is(a, b)) return found;
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) {
    found.push({ path: path || '.', a, b });
    return found;
  }
  const keys = Array.isArray(a)
    ? Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i)
    : [...new Set([...Object.keys(a), ...Object.keys(b)])];
  for (const key of keys) jsonDiff(a[key], b[key], most, step(path, key), found);
  return found;
}
