// What a form needs to know of a node type's JSON Schema, and whether a value fits it. Pure: no page, no requests.

import { text } from '../text.js';

const TEMPLATE = '#/$defs/template';
const isTemplateRef = (schema) => schema.$ref === TEMPLATE;
export const isTemplate = (value) => typeof value === 'string' && /^\{\{[\s\S]*\}\}$/.test(value);
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The schema of the value itself, when a string that is one template may stand in its place. */
const valueSchema = (schema) => (schema.anyOf?.some(isTemplateRef) ? { ...schema, ...schema.anyOf.find((one) => !isTemplateRef(one)) } : schema);

const TEXT_WIDGETS = new Set(['multiline', 'code', 'jq', 'secret', 'cron', 'workflow', 'model']);
const isScalarList = ({ items = {} }) => items.type === 'string' || Boolean(items.anyOf) || items.type === 'integer';

function controlOf(schema, widget) {
  if (widget === 'node') return 'node';
  if (schema.enum) return 'choice';
  if (schema.type === 'string') return TEXT_WIDGETS.has(widget) ? widget : 'text';
  if (schema.type === 'integer' || schema.type === 'number') return 'number';
  if (schema.type === 'boolean') return 'boolean';
  if (schema.type === 'array') return schema.items?.enum ? 'choices' : schema.items?.type === 'object' ? 'items' : isScalarList(schema) ? 'list' : 'json';
  if (schema.anyOf?.some(({ type }) => type === 'array')) return 'list'; // one value, or an array of such
  if (schema.type === 'object') {
    if (schema.properties) return 'group';
    if (!schema.additionalProperties) return 'json';
    return schema.additionalProperties.type === 'object' ? 'table' : 'map';
  }
  return 'any';
}

const UNITS = {
  ms: [['ms', 1], ['s', 1000], ['min', 60000], ['h', 3600000], ['d', 86400000]],
  bytes: [['B', 1], ['KiB', 1024], ['MiB', 1024 ** 2], ['GiB', 1024 ** 3]],
};
const unitsOf = (name) => (/(^ms|Ms)$/.test(name) ? UNITS.ms : /Bytes$|^maxMemory$/.test(name) ? UNITS.bytes : null);

/** The largest unit in which a number is a whole one; the usual one where there is none. */
export const fittingUnit = (units, value) =>
  value === undefined ? units[units === UNITS.ms ? 1 : 2] : (units.findLast(([, size]) => value !== 0 && value % size === 0) ?? units[0]);

/** What one setting is: {name, label, control, schema, units, template, required, common, description, fallback}. */
export function fieldOf(name, property, required = false) {
  const schema = valueSchema(property);
  return {
    name,
    label: labelOf(name),
    control: controlOf(schema, property['x-widget']),
    schema,
    units: schema.type === 'integer' || schema.type === 'number' ? unitsOf(name) : null,
    template: Boolean(property['x-template']),
    required,
    common: Boolean(property['x-common']),
    description: property.description ?? '',
    fallback: property.default,
  };
}

/** The settings of a schema with properties, in its order, but for `kind`. */
export const fieldsOf = ({ properties = {}, required = [] }) =>
  Object.entries(properties)
    .filter(([, property]) => !Object.hasOwn(property, 'const'))
    .map(([name, property]) => fieldOf(name, property, required.includes(name)));

const WORDS = { url: 'URL', id: 'ID', css: 'CSS', json: 'JSON', html: 'HTML', usd: 'USD', ssh: 'SSH', cwd: 'Working directory', env: 'Environment', stdin: 'Standard input', args: 'Arguments', cc: 'Cc', bcc: 'Bcc', ms: 'Time', http: 'HTTP', xpath: 'XPath' };

/** maxTotalTokens: "Max total tokens"; the unit of a number stands beside it, not in its name. */
export function labelOf(name) {
  const words = name.replace(/(?<=.)(Ms|Bytes)$/, '').replace(/([a-z])([A-Z])/g, '$1 $2').split(/[\s_]+/);
  return words.map((word, i) => WORDS[word.toLowerCase()] ?? (i ? word.toLowerCase() : word[0].toUpperCase() + word.slice(1))).join(' ');
}

const TYPES = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  array: Array.isArray,
  object: isObject,
};
const words = text.forms.wrong;

function wrongHere(schema, value) {
  if (schema.anyOf) {
    const fits = schema.anyOf.some((one) => (isTemplateRef(one) ? isTemplate(value) : problemsOf(one, value).length === 0));
    return fits ? null : wrongHere(valueSchema({ ...schema, ...schema.anyOf[0], anyOf: undefined }), value) ?? words.choice;
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length && !types.some((type) => TYPES[type](value))) return words.type[types[0]];
  if (schema.enum && !schema.enum.includes(value)) return words.oneOf(schema.enum.join(', '));
  if (schema.minimum !== undefined && value < schema.minimum) return words.least(schema.minimum);
  if (schema.maximum !== undefined && value > schema.maximum) return words.most(schema.maximum);
  if (schema.minLength !== undefined && value.length < schema.minLength) return words.missing;
  if (schema.minItems !== undefined && value.length < schema.minItems) return words.missing;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return words.pattern;
  return null;
}

/** What is wrong with a value: [{path, message}], paths as the server writes them ("retry.attempts", "cases[0].handle"). */
export function problemsOf(schema, value, path = '') {
  const wrong = wrongHere(schema, value);
  if (wrong) return [{ path, message: wrong }];
  const within = valueSchema(schema);
  if (Array.isArray(value) && within.items) return value.flatMap((item, i) => problemsOf(within.items, item, `${path}[${i}]`));
  if (!isObject(value)) return [];
  const at = (name) => (path ? `${path}.${name}` : name);
  const missing = (within.required ?? []).filter((name) => value[name] === undefined).map((name) => ({ path: at(name), message: words.missing }));
  const members = Object.entries(value).flatMap(([name, member]) => {
    const property = within.properties && Object.hasOwn(within.properties, name) ? within.properties[name] : within.additionalProperties;
    return property ? problemsOf(property, member, at(name)) : [];
  });
  return [...missing, ...members];
}

/** Which setting a problem of the server is about, as far as its message names one. */
export const placeOf = ({ message = '' }) => /^the setting `([^`]+)`/.exec(message)?.[1] ?? /^([A-Za-z]\w*)(?::| must)/.exec(message)?.[1] ?? '';

/** Does a problem at this path belong to this field, or to what is in it? */
export const within = (path, place) => place === path || (place.startsWith(path) && /^[.[]/.test(place.slice(path.length)));

/** An object with one member changed; undefined takes it out. The order of the others stays. */
export function withMember(object, name, value) {
  const next = { ...object, [name]: value };
  if (value === undefined) delete next[name];
  return next;
}

/** What people write in a field for any JSON: text that is JSON is that value, all else is a string. */
export function readAny(raw) {
  if (raw === '') return undefined;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

export function writeAny(value) {
  if (value === undefined) return '';
  if (typeof value !== 'string') return JSON.stringify(value, null, 2);
  return typeof readAny(value) === 'string' && readAny(value) === value ? value : JSON.stringify(value);
}
