// A workflow's params as fields of text, and what is typed in them as values. Pure.
// A field holds a string; a boolean's holds true or false, a file's {name, data: base64, bytes} or null.

import { text } from '../text.js';
import { isObject } from './schema.js';

const words = text.workflow;
export const isStructure = ({ type }) => type === 'object' || type === 'array';
const isNumber = ({ type }) => type === 'number' || type === 'integer';
const isBoolean = ({ type }) => type === 'boolean' || type === 'bool';
export const choicesOf = (param) => param.choices ?? (isBoolean(param) ? undefined : param.enum);
const SHOWN_SECRET = '***'; // of a run whose input is filled in again: the server knows which it is
export const FILE_MAX = 512 * 1024; // unless the param's maxBytes says otherwise

export function fieldText(param, value = param.default) {
  if (isBoolean(param)) return value === true || value === 'true';
  if (param.type === 'file') return isObject(value) ? value : null;
  if (value === undefined || value === null) return '';
  if (param.type === 'array' && Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join('\n');
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
}

export const nothing = Symbol('no value');

function number(param, raw) {
  const value = Number(raw);
  if (!Number.isFinite(value)) throw new Error(words.notNumber);
  if (param.type === 'integer' && !Number.isInteger(value)) throw new Error(words.notInteger);
  if (value < param.min) throw new Error(text.forms.wrong.least(param.min));
  if (value > param.max) throw new Error(text.forms.wrong.most(param.max));
  return value;
}

/** POSIX patterns are nearly JavaScript's; what is not is left to the server. */
function fits(pattern, value) {
  try {
    return new RegExp(pattern.replaceAll('[[:digit:]]', '[0-9]').replaceAll('[[:alnum:]]', '[A-Za-z0-9]'), 'u').test(value);
  } catch {
    return true;
  }
}

function line(param, raw) {
  const length = [...raw].length;
  if (length < param.minLength) throw new Error(words.tooShort(param.minLength));
  if (length > param.maxLength) throw new Error(words.tooLong(param.maxLength));
  if (param.pattern && !fits(param.pattern, raw)) throw new Error(words.pattern(param.pattern));
  return raw;
}

function structure(param, raw) {
  if (param.type === 'array' && !raw.trim().startsWith('[')) return raw.split('\n').map((item) => item.trim()).filter(Boolean);
  const what = param.type === 'array' ? words.array : words.object;
  let value;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new Error(words.notJson(what));
  }
  if (!(param.type === 'array' ? Array.isArray(value) : isObject(value))) throw new Error(words.notJson(what));
  return value;
}

/** The field's content as a value of the param's type, or `nothing`; throws what to tell the person. */
export function readField(param, raw) {
  if (isBoolean(param)) return raw;
  if (param.type === 'file') {
    if (!raw) {
      if (param.required) throw new Error(words.missingFile);
      return nothing;
    }
    if (raw.bytes > (param.maxBytes ?? FILE_MAX)) throw new Error(words.fileTooLarge(param.maxBytes ?? FILE_MAX));
    return raw.data === undefined ? raw : { name: raw.name, data: raw.data }; // as a run shows it, it is the one it had
  }
  if (raw === '' || (param.type !== 'secret' && raw.trim() === '')) {
    if (param.required) throw new Error(words.missing);
    return nothing;
  }
  const choices = choicesOf(param);
  if (choices) {
    const chosen = choices.find((choice) => String(choice) === raw);
    if (chosen === undefined) throw new Error(text.forms.wrong.oneOf(choices.join(', ')));
    return chosen;
  }
  if (isNumber(param)) return number(param, raw);
  if (param.type === 'secret' && raw === SHOWN_SECRET) return raw;
  return isStructure(param) ? structure(param, raw) : line(param, raw);
}

export function wrongField(param, raw) {
  try {
    readField(param, raw);
    return null;
  } catch (error) {
    return error.message;
  }
}

/** What may be remembered in the browser: no secret, no file. */
export const rememberable = (params, input) =>
  Object.fromEntries(params.filter(({ type, name }) => type !== 'secret' && type !== 'file' && input[name] !== undefined).map(({ name }) => [name, input[name]]));
