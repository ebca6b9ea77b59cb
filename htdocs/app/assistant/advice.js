// What to do about an error of the assistant: a sentence, and the line of runspool.conf that mends it, if one does.

import { text } from '../text.js';

const KNOWN = [
  [/search\.url/, 'search', 'search.url = http://127.0.0.1:8888'],
  [/\b(401|403)\b|accept the key/, 'key', 'model.key = ...'],
  [/\b429\b|rate limit|too many requests/i, 'busy'],
  [/cannot be reached|refused|timed out|resolve|unreachable/i, 'reach', 'model.url = http://127.0.0.1:11434/v1'],
  [/has none of the models|does not exist|no model is named/i, 'model', 'model.default = ...'],
  [/\b5\d\d\b/, 'server'],
];

/** error: {code, message}. {words, line?} */
export function adviceFor({ code, message = '' }) {
  const known = code === 'model' || code === undefined || /search\.url/.test(message) ? KNOWN.find(([pattern]) => pattern.test(message)) : null;
  if (known) return { words: text.assistant.advice[known[1]], line: known[2] };
  return { words: text.assistant.advice[code] ?? text.assistant.advice.other };
}
