'use strict';
// Filters the lines of the log by text, node and level. All else works without a script.
const lines = [...document.querySelectorAll('#log p')];
const [find, node, level] = ['find', 'node', 'level'].map((id) => document.getElementById(id));
const found = document.getElementById('found');
const LEVELS = { error: ['e'], warning: ['e', 'w'] };
let words;

function filter() {
  if (!words) words = lines.map((line) => line.textContent.slice(line.firstChild.textContent.length).toLowerCase());
  const wanted = find.value.toLowerCase();
  const levels = LEVELS[level.value];
  let shown = 0;
  lines.forEach((line, i) => {
    const { classList } = line;
    const fits = words[i].includes(wanted) && (!node.value || classList.contains(node.value)) && (!levels || levels.some((name) => classList.contains(name)));
    line.hidden = !fits;
    if (fits) shown++;
  });
  for (const part of document.querySelectorAll('#log .part')) part.hidden = !part.querySelector('p:not([hidden])');
  found.textContent = shown === lines.length ? '' : `${shown.toLocaleString('en')} of ${lines.length.toLocaleString('en')} lines`;
}

let soon;
find.addEventListener('input', () => {
  clearTimeout(soon);
  soon = setTimeout(filter, 150);
});
for (const choice of [node, level]) choice.addEventListener('change', filter);
document.getElementById('tools').hidden = false;

// A link to something folded unfolds it.
function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  for (let at = target; at; at = at.parentElement) if (at.localName === 'details') at.open = true;
  target?.scrollIntoView();
}
addEventListener('hashchange', reveal);
reveal();
