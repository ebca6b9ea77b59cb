import { useRef } from '../ui.js';

const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/** keep(key, parts, make): what was drawn from the same parts is not drawn again. */
export function useKept() {
  const kept = useRef(new Map());
  return (key, parts, make) => {
    const known = kept.current.get(key);
    if (known && same(known.parts, parts)) return known.drawn;
    const drawn = make();
    kept.current.set(key, { parts, drawn });
    return drawn;
  };
}
