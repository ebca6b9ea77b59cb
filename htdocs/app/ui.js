// The one place that knows which libraries draw the dashboard.
// With signals a component that has state of its own is drawn again only when a property is another one: what reads a
// RunFold, which changes in place, takes its `rev`, `changes` or the value itself as a property too.

import { Fragment, h, render } from '../lib/preact.js';
import htm from '../lib/htm.js';

export { Fragment, render };
export { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from '../lib/preact-hooks.js';
export { signal, computed } from '../lib/preact-signals.js';
export const html = htm.bind(h);

/** Class names from an object or strings: classes('row', {chosen: true}). */
export const classes = (...parts) =>
  parts
    .flatMap((part) =>
      typeof part === 'object' && part ? Object.keys(part).filter((name) => part[name]) : part ? [part] : [],
    )
    .join(' ');
