// The one place that knows which libraries draw the dashboard.

import { Fragment, h, render } from '../lib/preact.js';
import htm from '../lib/htm.js';

export { Fragment, render };
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../lib/preact-hooks.js';
export { signal, computed } from '../lib/preact-signals.js';
export const html = htm.bind(h);

/** Class names from an object or strings: classes('row', {chosen: true}). */
export const classes = (...parts) =>
  parts
    .flatMap((part) =>
      typeof part === 'object' && part ? Object.keys(part).filter((name) => part[name]) : part ? [part] : [],
    )
    .join(' ');
