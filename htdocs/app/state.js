// What pages tell the frame.

import { signal, useEffect } from './ui.js';

/** Status of the live connection of the page in view, or null when it has none. */
export const liveStatus = signal(null);
/** Title and icon of the tab: {title, icon}. */
export const pageState = signal({});

export function usePageState(title, icon) {
  useEffect(() => {
    pageState.value = { title, icon };
  }, [title, icon]);
}
