// Shapes that say the state without colour, and the few other icons. 16 x 16, drawn in the current colour.

import { html } from '../ui.js';
import { text } from '../text.js';

const ring = html`<circle cx="8" cy="8" r="6.25" />`;

const STATE = {
  pending: () => ring,
  queued: () => ring,
  running: () => html`<circle cx="8" cy="8" r="6.25" class="icon-track" /><path d="M8 1.75A6.25 6.25 0 0 1 14.25 8" class="icon-turn" />`,
  success: () => html`${ring}<path d="M5 8.2l2.1 2.1L11 6.2" />`,
  error: () => html`${ring}<path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" />`,
  cancelled: () => html`${ring}<path d="M4.8 8h6.4" />`,
  skipped: () => html`<path d="M2.5 8h3M6.8 8h2.6M10.7 8h2.8" />`,
  waiting: () => html`<path d="M4 1.75h8M4 14.25h8M4.75 1.75c0 4 6.5 4.5 6.5 12.5M11.25 1.75c0 4-6.5 4.5-6.5 12.5" />`,
  paused: () => html`<path d="M5.25 3v10M10.75 3v10" stroke-width="2.5" />`,
  added: () => html`${ring}<path d="M8 5v6M5 8h6" />`,
  removed: () => html`${ring}<path d="M5 8h6" />`,
  changed: () => html`${ring}<path d="M5 9c1.2-2.4 2.2-2.4 3-1s1.8 1.4 3-1" />`,
  same: () => html`<path d="M5 6.5h6M5 9.5h6" />`,
  never: () => html`<path d="M5.5 8h5" />`,
  available: () => html`${ring}<circle cx="8" cy="8" r="2.5" class="icon-dot" />`,
  offline: () => html`${ring}<path d="M3.6 12.4l8.8-8.8" />`,
};

const SHAPE = {
  manual: 'M5 3.5l7 4.5-7 4.5z',
  webhook: 'M8 2v5M5.5 11.5a3 3 0 1 1 5 0M3 13.5h10',
  schedule: 'M8 4.5V8l2.5 1.5M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5',
  event: 'M9 1.75L3.5 9H8l-1 5.25L12.5 7H8z',
  shell: 'M3 4.5L6.5 8 3 11.5M8 12h5',
  script: 'M5.5 4L2 8l3.5 4M10.5 4L14 8l-3.5 4',
  git_clone: 'M4.5 4.5v7M4.5 4.5a1.5 1.5 0 1 0 0-.01M4.5 13a1.5 1.5 0 1 0 0-.01M11.5 6a1.5 1.5 0 1 0 0-.01M11.5 6c0 3-7 2-7 5',
  http_request: 'M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5M1.75 8h12.5M8 1.75c4 4 4 8.5 0 12.5M8 1.75c-4 4-4 8.5 0 12.5',
  transform: 'M2.5 5h9l-2.5-2.5M13.5 11h-9L7 13.5',
  condition: 'M8 2l6 6-6 6-6-6z',
  approval: 'M8 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5M2.5 14c.4-3 2.6-4.5 5.5-4.5M9.5 12l1.75 1.75L14.5 10',
  delay: 'M4.5 1.75h7M4.5 14.25h7M5.5 1.75v2.5L8 8l2.5-3.75v-2.5M5.5 14.25v-2.5L8 8l2.5 3.75v2.5',
  switch: 'M2 8h4l3-4.5h5M6 8l3 4.5h5M6 8h8',
  foreach: 'M4 4.5h8.5L10 2M12 11.5H3.5L6 14M2 6.5v3M14 6.5v3',
  subworkflow: 'M2.5 2.5h5v4h-5zM8.5 9.5h5v4h-5zM5 6.5v5h3.5',
  scrape: 'M2 3.5h12v9H2zM2 6.5h12M4.5 9.5h4',
  websearch: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5l3.5 3.5M2.5 7h9',
  rag_search: 'M3 2.5h8v5M3 2.5v11h4M10.5 9a2 2 0 1 0 0 4 2 2 0 0 0 0-4M12 12.5l2 2',
  read_file: 'M4 1.75h5L12.5 5v9.25H4zM9 1.75V5h3.5M6 8.5h4.5M6 11h4.5',
  write_file: 'M4 1.75h5L12.5 5v2M4 1.75v12.5h3M8.5 14l.5-2 4.5-4.5 1.5 1.5-4.5 4.5z',
  test_run: 'M5.5 2h5M6.5 2v4L3 13.5h10L9.5 6V2M5 10h6',
  http_callback: 'M2.5 8h9M8 4.5L11.5 8 8 11.5M13.5 3v10',
  email: 'M2 3.5h12v9H2zM2 4l6 5 6-5',
  result: 'M8 2v8M4.5 6.5L8 10l3.5-3.5M2.5 13.5h11',
  file: 'M4 1.75h5L12.5 5v9.25H4zM9 1.75V5h3.5',
  agent: 'M3 5.5h10v7H3zM8 2.5v3M6 8.5v1M10 8.5v1',
  other: 'M3 3h10v10H3z',
  theme: 'M8 1.75a6.25 6.25 0 1 0 0 12.5zM8 1.75a6.25 6.25 0 0 1 0 12.5',
  bell: 'M8 2a4 4 0 0 0-4 4v3l-1.5 2.5h11L12 9V6a4 4 0 0 0-4-4M6.75 14h2.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5l3.5 3.5',
  close: 'M4 4l8 8M12 4l-8 8',
  filter: 'M2 3h12l-4.5 5.5V13l-3-1.5v-3z',
  wrap: 'M2 3.5h12M2 8h9.5a2.25 2.25 0 0 1 0 4.5H8M10 10.5l-2 2 2 2M2 12.5h3',
  down: 'M8 3v9M4.5 8.5L8 12l3.5-3.5',
  up: 'M4 10l4-4 4 4',
  download: 'M8 2v8M4.5 6.5L8 10l3.5-3.5M2.5 13.5h11',
  pause: 'M5.25 3v10M10.75 3v10',
  braces: 'M6 2.5c-3 0-1 5.5-3.5 5.5C5 8 3 13.5 6 13.5M10 2.5c3 0 1 5.5 3.5 5.5C11 8 13 13.5 10 13.5',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  map: 'M2 3h12v10H2zM8.5 8h4v3.5h-4z',
  layout: 'M2 3h4.5v4H2zM9.5 9H14v4H9.5zM6.5 5H9a2.5 2.5 0 0 1 2.5 2.5V9',
  chevron: 'M4 6l4 4 4-4',
  grip: 'M6 3.5v.01M10 3.5v.01M6 8v.01M10 8v.01M6 12.5v.01M10 12.5v.01',
  retry: 'M13.5 8a5.5 5.5 0 1 1-1.75-4M12 1.5V4.25H9.25',
};

const svg = (name, content) =>
  html`<svg class=${name} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">${content}</svg>`;

export const Icon = ({ name }) => svg('icon', html`<path d=${SHAPE[name] ?? SHAPE.other} />`);

/** The shape alone, where the state is said otherwise. */
export const StateShape = ({ status }) => html`<span class=${`state s-${status}`}>${svg('icon', (STATE[status] ?? STATE.pending)())}</span>`;

/** word: beside the shape for everyone (true), or only for those who do not see it (false); label: another word. */
export function State({ status, word = false, label = text.state[status] ?? status }) {
  const shape = STATE[status] ?? STATE.pending;
  return html`<span class=${`state s-${status}`}>
    ${svg('icon', shape())}<span class=${word ? 'state-word' : 'hidden'}>${label}</span>
  </span>`;
}
