// What a page shows until the server has said so: a change is seen at once, stands until the topic's next state after the
// answer, and is taken back when it is refused.

import { useCallback, useEffect, useMemo, useRef, useState } from '../ui.js';
import { explain } from './resource.js';
import { toast } from './toast.js';

const LINGER_MS = 2000; // after the answer, when no state comes: it was told before the answer

/** Later parts over earlier ones; of sets and maps all that is in any. */
function merged(parts) {
  const all = {};
  for (const part of parts)
    for (const [name, value] of Object.entries(part))
      all[name] = all[name] && (value instanceof Set || value instanceof Map) ? new value.constructor([...all[name], ...value]) : value;
  return all;
}

/** {guess: what to show in place of the state, by name; act(part, call)}: part is shown while and after call() is at work.
 *  A refusal takes back its own part; what else was asked for and is not told yet stands. */
export function useGuess(lastUpdated) {
  const [parts, setParts] = useState([]);
  const pending = useRef(0);
  const timer = useRef(null);
  const guess = useMemo(() => merged(parts), [parts]);
  useEffect(() => {
    if (!pending.current) setParts([]);
  }, [lastUpdated]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const act = useCallback(async (part, call) => {
    clearTimeout(timer.current);
    pending.current++;
    setParts((was) => [...was, part]);
    let good = false;
    try {
      await call();
      good = true;
    } catch (error) {
      setParts((was) => was.filter((other) => other !== part));
      toast({ text: explain(error), kind: 'error', key: 'guess' });
    }
    if (--pending.current === 0) timer.current = setTimeout(() => setParts([]), LINGER_MS);
    return good;
  }, []);
  return { guess, act };
}
