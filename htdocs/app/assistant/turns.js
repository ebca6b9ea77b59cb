// A conversation as its turns, from two sources: the session's messages, which keep what was answered, and its runs, which
// know what failed, was stopped, or is under way.

import { ended } from '../fold.js';

/** messages: of the session; runs: newest first, as listed. [{key, runId, question, answer, status, here}], oldest first; here: it was
 * asked in this page. */
export function turnsOf(messages = [], runs = []) {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const turns = [];
  for (const { role, content, runId } of messages) {
    if (role !== 'user' && role !== 'assistant') continue;
    const words = typeof content === 'string' ? content : JSON.stringify(content);
    const last = turns.at(-1);
    if (role === 'assistant' && last && last.answer === null && last.runId === (runId ?? null)) last.answer = words;
    else turns.push({ key: runId ?? `#${turns.length}`, runId: runId ?? null, question: role === 'user' ? words : null, answer: role === 'user' ? null : words, status: 'success' });
  }
  for (const turn of turns) {
    const run = byId.get(turn.runId);
    byId.delete(turn.runId);
    if (run) Object.assign(turn, { status: run.status, time: run.createdAt, here: run.here });
  }
  // What the messages do not know goes where its time is.
  for (const run of [...byId.values()].reverse()) {
    const turn = { key: run.id, runId: run.id, question: run.question ?? null, answer: null, status: run.status, time: run.createdAt, here: run.here };
    const at = turns.findIndex(({ time }) => time && time > run.createdAt);
    turns.splice(at < 0 ? turns.length : at, 0, turn);
  }
  return turns;
}

export const isActive = ({ status }) => !ended(status);
