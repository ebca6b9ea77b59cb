// A component may write its token function anew at each render: what is connected must not notice.

import { useRef } from 'react';

export function useToken(token) {
  const latest = useRef(token);
  latest.current = token;
  const stable = useRef(() => latest.current());
  return typeof token === 'function' ? stable.current : token;
}
