// Numbers and times for people. Every number has its unit.

import { text } from './text.js';

const integer = new Intl.NumberFormat('en');
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });

export const count = (n) => integer.format(n);
const dollars = new Intl.NumberFormat('en', { style: 'currency', currency: 'USD', minimumFractionDigits: 2, maximumSignificantDigits: 3 });
/** US dollars, as model prices are given. */
export const money = (usd) => dollars.format(usd);
export const percent = (n) => `${Math.round(n ?? 0)} %`;

/** counting: while it runs, without the tenths that would only flicker. */
export function duration(ms, counting = false) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '';
  if (ms < 1000 && !counting) return `${Math.round(ms)} ms`;
  const s = Math.max(0, ms) / 1000;
  if (s < 60) return counting ? `${Math.floor(s)} s` : `${s.toFixed(s < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(s % 60)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

const STEPS = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Infinity],
];

export function ago(time, now = Date.now()) {
  let value = (Date.parse(time) - now) / 1000;
  if (Math.abs(value) < 10) return text.justNow;
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size) return relative.format(Math.round(value), unit);
    value /= size;
  }
  return '';
}

export const absolute = (time) => full.format(Date.parse(time));

export const timeOfDay = (time) => {
  const at = new Date(time);
  return `${clock.format(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`;
};

/** Time since a run began, as in +1:02.345. */
export function sinceStart(ms) {
  const s = Math.max(0, ms) / 1000;
  const parts = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  const tail = parts[2].toFixed(3);
  if (s < 60) return `+${tail}`;
  const padded = `${String(parts[1]).padStart(parts[0] ? 2 : 1, '0')}:${tail.padStart(6, '0')}`;
  return parts[0] ? `+${parts[0]}:${padded}` : `+${padded}`;
}

const CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
/** A name without the characters that turn the direction of what follows it: for titles, which cannot isolate it. */
export const stripped = (name) => String(name ?? '').replace(CONTROLS, '');

export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let i = -1;
  do {
    n /= 1000;
    i++;
  } while (n >= 999.5 && i < units.length - 1);
  return `${n.toFixed(n < 10 ? 1 : 0)} ${units[i]}`;
}
