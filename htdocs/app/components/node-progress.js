// How far a node is, in words and as a share; and how long it has taken.

import { html } from '../ui.js';
import { ended } from '../fold.js';
import { count, duration } from '../format.js';
import { text } from '../text.js';
import { Duration } from './time.js';

/** {share: 0 to 1, words, short} or null: it has not told. */
export function progressOf({ progress }) {
  if (!progress) return null;
  const { done, total, failed = 0, percent, items } = progress;
  if (total === undefined) return { share: percent / 100, words: text.run.scraped(percent, items ?? 0), short: text.run.scraped(percent) };
  return { share: total ? (done + failed) / total : 1, words: text.run.counted(count(done), count(total), failed), short: `${count(done + failed)}/${count(total)}` };
}

/** The share as a bar, while the node is at work. */
export const ProgressBar = ({ progress, status }) =>
  progress && !ended(status) && html`<span class="node-progress"><span style=${{ transform: `scaleX(${progress.share})` }}></span></span>`;

/** The time of a node: counting while it is at work, beside what it usually takes. */
export function NodeTime({ record }) {
  const { status, startedAt, durationMs, expectedMs, slow } = record;
  if (!startedAt) return null;
  if (ended(status)) return html`<${Duration} ms=${durationMs ?? null} />`;
  return html`<span class=${slow ? 'node-time node-slow' : 'node-time'} title=${expectedMs ? text.run.usual(duration(expectedMs)) : undefined}>
    <${Duration} since=${startedAt} />${expectedMs > 1000 && html`<span class="number"> / ~${duration(expectedMs)}</span>`}</span>`;
}
