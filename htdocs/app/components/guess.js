// What a page shows until the server has said so: a change is seen at once, stands until the topic's next state after the
// answer, and is taken back when it is refused.

import { useCallback, useEffect, useRef, useState } from '../ui.js';
import { explain } from './resource.js';
import { toast } from './toast.js';

const LINGER_MS = 2000; // after the answer, when no state comes: it was told before the answer

/** {guess: what to show in place of the state, by name; act(part, call)}: part is shown while and after call() is at work. */
export function useGuess(lastUpdated) {
  const [guess, setGuess] = useState({});
  const pending = useRef(0);
  const timer = useRef(null);
  useEffect(() => {
    if (!pending.current) setGuess({});
  }, [lastUpdated]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const act = useCallback(async (part, call) => {
    clearTimeout(timer.current);
    pending.current++;
    setGuess((was) => ({ ...was, ...part }));
    let good = false;
    try {
      await call();
      good = true;
    } catch (error) {
      setGuess({});
      toast({ text: explain(error), kind: 'error', key: 'guess' });
    }
    if (--pending.current === 0 && good) timer.current = setTimeout(() => setGuess({}), LINGER_MS);
    return good;
  }, []);
  return { guess, act };
}
