// The log of a run against a real instance: search, colours, times, wrapping, links to lines, copying, keys.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { beforeEach, test } from 'node:test';
import { call, onStage, settled, soon } from './stage.js';

let runspool, page, coloured, many;
onStage((now) => ({ runspool = runspool, page = page } = now));

const node = (id, type, data) => ({ id, type, position: { x: 0, y: 0 }, data: { label: id, ...data } });
const chain = (...nodes) => nodes.slice(1).map(({ id }, i) => ({ id: `e${i}`, source: nodes[i].id, target: id, ...(nodes[i].id === 'ask' ? { sourceHandle: 'approved' } : {}) }));
const shell = (id, script) => node(id, 'tool', { kind: 'shell', command: ['sh', '-c', script] });
const start = node('start', 'trigger', { kind: 'manual' });
const begin = async (...nodes) => {
  const all = [start, ...nodes];
  return (await call(runspool, 'POST', 'api/workflows/logs/run', { nodes: all, edges: chain(...all) })).runId;
};
const open = async (run, tail = '') => {
  await page.goto('about:blank');
  await page.goto(`${runspool.url}#/runs/${run}${tail}`);
  await page.locator('.log .line').first().waitFor();
};
const ended = () => page.getByText(/^Complete, /).waitFor();
const button = (name) => page.getByRole('button', { name });
const find = async (words) => {
  const field = page.getByPlaceholder('Search the log');
  await field.fill(words);
  await page.waitForURL((url) => url.hash.includes('q='));
};
const eventOf = async (run, message) => (await call(runspool, 'GET', `api/runs/${run}/events?limit=10000`)).items.find(({ data }) => data.message === message).id;
/** The line stands within the log's box. */
const inView = (line) => line.evaluate((element) => {
  const { top, bottom } = element.getBoundingClientRect();
  const box = element.closest('.log-scroll').getBoundingClientRect();
  return top >= box.top - 1 && bottom <= box.bottom + 1;
});

const COLOURS = String.raw`printf '\033[31mred\033[0m plain \033[38;5;17mdeep\033[0m \033[38;2;250;250;210mpale\033[0m \033[41mground\033[0m \033[7mturned\033[0m \033[48;2;1;2;3;38;5;16mblack on black\033[0m\n'; printf 'Nee\033[1mdle\033[0m here\nneedle 7 there\n'; printf 'worse\n' >&2; printf 'a\tb   c\n'; printf '%0300d end\n' 0`;

beforeEach(async () => {
  coloured ??= await begin(shell('paint', COLOURS), shell('bad', 'echo needle 8; exit 3'));
  many ??= await begin(shell('count', 'seq -f "number %.0f" 5000'));
});

test('a search counts, steps, marks across colours, and takes case and patterns; the address holds it', async () => {
  await open(coloured);
  await ended();
  await find('needle');
  await page.getByText('3 matches').waitFor();
  const marks = page.locator('.line mark');
  await soon(() => marks.allTextContents(), ['Nee', 'dle', 'needle', 'needle']);
  const field = page.getByPlaceholder('Search the log');
  const at = (words) => page.locator('.log-found', { hasText: words }).waitFor();
  await field.press('Enter');
  await at('1 of 3');
  await field.press('Shift+Enter');
  await at('3 of 3');
  await page.locator('.line.current', { hasText: 'needle 8' }).waitFor();
  await button('Match case').click();
  await at('2 matches');
  await button('Regular expression').click();
  await find('needle [7]');
  await at('1 match');
  await button('Only matching lines').click();
  await page.locator('.line', { hasText: 'worse' }).waitFor({ state: 'detached' });
  await soon(() => page.locator('.line').count(), 1);
  await page.reload();
  await page.locator('.line mark', { hasText: 'needle 7' }).waitFor();
  await soon(() => page.locator('.line').count(), 1);
  await find('needle [');
  await at('Not a pattern');
  await field.press('Escape');
  await page.locator('.line', { hasText: 'worse' }).waitFor();
  await page.waitForURL((url) => !url.hash.includes('q='));
});

test('search, level and node are taken together', async () => {
  await open(coloured, '?q=e&level=warning&only=1');
  await ended();
  await page.locator('.line', { hasText: 'bad failed' }).waitFor();
  await soon(() => page.locator('.line-text').allTextContents(), ['worse', 'bad failed: exit status 3']);
  await page.getByLabel(/^Node/).selectOption('paint');
  await page.locator('.line', { hasText: 'bad failed' }).waitFor({ state: 'detached' });
  await soon(() => page.locator('.line-text').allTextContents(), ['worse']);
});

test('colours can be read in every theme, whatever a program asks for', async () => {
  await open(coloured);
  await ended();
  for (const theme of ['light', 'dark', 'dracula']) {
    await page.getByLabel('Theme').selectOption(theme);
    const spans = page.locator('.line', { hasText: 'black on black' }).locator('.line-text span');
    await page.waitForFunction((name) => document.documentElement.dataset.theme === name, theme);
    const contrasts = () => spans.evaluateAll((all) => {
      const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
      const light = (colour) => colour.match(/[\d.]+/g).slice(0, 3).reduce((sum, v, i) => sum + linear(v / 255) * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (element) => {
        const { backgroundColor } = getComputedStyle(element);
        return /, 0\)$|transparent/.test(backgroundColor) ? ground(element.parentElement) : backgroundColor;
      };
      return all.map((element) => {
        const [low, high] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => a - b);
        return [element.textContent, (high + 0.05) / (low + 0.05)];
      });
    });
    await page.waitForFunction(() => document.querySelectorAll('.line-text span').length > 0);
    let found = await contrasts();
    for (let i = 0; i < 50 && found.some(([, ratio]) => ratio < 4.5); i++) {
      await page.evaluate(() => new Promise(requestAnimationFrame));
      found = await contrasts();
    }
    assert.deepEqual(found.map(([words]) => words), ['red', 'deep', 'pale', 'ground', 'turned', 'black on black']);
    for (const [words, ratio] of found) assert(ratio >= 4.5, `${words} in ${theme}: ${ratio.toFixed(2)}`);
  }
});

test('times since the start and by the clock, remembered; long lines wrap and the last stays the last', async () => {
  await open(coloured);
  await ended();
  await soon(() => page.locator('.line-time').count(), 0);
  await button('Time: not shown').click();
  await soon(() => page.locator('.line-time').last().textContent(), /^\+\d+\.\d{3}$/);
  await button('Time: since the start').click();
  await soon(() => page.locator('.line-time').last().textContent(), /^\d\d:\d\d:\d\d\.\d{3}$/);
  const long = page.locator('.line', { hasText: '000 end' });
  const height = async () => (await long.boundingBox()).height;
  await soon(height, 18);
  await button('Wrap long lines').click();
  await page.reload();
  await page.locator('.log-wrap').waitFor();
  await page.waitForFunction(() => {
    const lines = [...document.querySelectorAll('.log-rows .line')];
    return lines.length > 5 && lines.some((line) => line.offsetHeight > 30) &&
      lines.reduce((sum, line) => sum + line.offsetHeight, 0) === document.querySelector('.log-space').offsetHeight;
  });
  await soon(() => page.locator('.line-time').last().textContent(), /^\d\d:\d\d/);
});

test('a link to a line far back, and to a range, works after a reload; Shift and a click choose the range', async () => {
  await open(many);
  await ended();
  const [from, to] = [await eventOf(many, 'number 700'), await eventOf(many, 'number 703')];
  await open(many, `?line=${from}`);
  const wanted = page.locator('.line.wanted');
  await wanted.waitFor();
  await soon(() => inView(wanted), true);
  assert.match(await wanted.textContent(), /number 700$/);
  await page.locator(`[data-line="${to}"] .line-number`).click({ modifiers: ['Shift'] });
  await page.waitForURL((url) => url.hash.includes(`line=${from}-${to}`));
  await page.getByText(/^Lines \d+ to \d+$/).waitFor();
  await page.reload();
  await wanted.nth(3).waitFor();
  await soon(() => wanted.count(), 4);
  await soon(() => inView(wanted.first()), true);
});

test('chosen lines and a selection are copied as text, without numbers and times', async () => {
  await open(many);
  await ended();
  const [from, to] = [await eventOf(many, 'number 20'), await eventOf(many, 'number 21')];
  await open(many, `?line=${from}-${to}`);
  await page.locator('.line.wanted').nth(1).waitFor();
  await button('Time: not shown').click();
  const copy = () => page.evaluate(() => new Promise((done) => {
    addEventListener('copy', ({ clipboardData, defaultPrevented }) => done(defaultPrevented ? clipboardData.getData('text/plain') : getSelection().toString()), { once: true });
    document.execCommand('copy');
  }));
  await soon(copy, 'number 20\nnumber 21\n');
  await page.evaluate(() => {
    const [first, second] = [...document.querySelectorAll('.line')].filter(({ textContent }) => /number 3[01]$/.test(textContent));
    getSelection().setBaseAndExtent(first, 0, second, second.childNodes.length);
  });
  await soon(async () => (await copy()).trim(), 'number 30\nnumber 31');
});

test('keys: g and G, j and k, / and n and N; the log does not follow while one reads', async () => {
  await open(many);
  await ended();
  const log = page.getByRole('log');
  await log.focus();
  const top = () => log.evaluate((element) => element.scrollTop);
  const waitTop = (test) => page.waitForFunction(`(${test})(document.querySelector('.log-scroll'))`);
  await log.press('g');
  await waitTop('({scrollTop}) => scrollTop === 0');
  await log.press('j');
  await waitTop('({scrollTop}) => scrollTop === 18');
  await log.press('k');
  await waitTop('({scrollTop}) => scrollTop === 0');
  await log.press('/');
  await page.keyboard.type('number 2500');
  await page.keyboard.press('Enter');
  const current = page.locator('.line.current');
  await current.waitFor();
  await soon(() => inView(current), true);
  await page.keyboard.press('Escape');
  await page.waitForURL((url) => !url.hash.includes('q='));
  await soon(() => log.evaluate((element) => element === document.activeElement), true, 'Escape leads back to the log');
  const was = await settled(page, top);
  await log.press('Control+f');
  await page.keyboard.type('number 499');
  await page.getByText('11 matches').waitFor();
  assert.equal(await top(), was, 'typing moves nothing');
  await log.press('n');
  await page.locator('.line.current', { hasText: /number 4990$/ }).waitFor();
  await page.locator('.log-found', { hasText: '2 of 11' }).waitFor();
  await log.press('N');
  await page.locator('.line.current', { hasText: /number 499$/ }).waitFor();
  await log.press('G');
  await waitTop('({scrollTop, scrollHeight, clientHeight}) => scrollHeight - scrollTop - clientHeight < 20');
});

test('a filter that is taken away leaves what one reads where it is', async () => {
  await open(many, '?q=number%2025&only=1');
  await ended();
  const log = page.getByRole('log');
  await log.press('g');
  const line = page.locator('.line', { hasText: /number 2500$/ });
  await log.evaluate((element) => {
    element.scrollTop = [...document.querySelectorAll('.line')].findIndex(({ textContent }) => /number 2500$/.test(textContent)) * 18;
  });
  await page.waitForFunction(() => document.querySelector('.log-scroll').scrollTop > 0);
  await line.waitFor();
  const { y } = await settled(page, () => line.boundingBox());
  await button('Only matching lines').click();
  await page.locator('.line', { hasText: /number 2499$/ }).waitFor();
  assert.equal((await line.boundingBox()).y, y);
});

test('a live log is followed until one scrolls up; then it stays, counts, and leads on', async () => {
  const run = await begin(shell('early', 'seq -f "early %.0f" 300'), node('ask', 'control', { kind: 'approval', message: 'Go on?' }), shell('late', 'seq -f "late %.0f" 40; sleep 0.1'));
  await open(run);
  await page.locator('.line', { hasText: 'early 300' }).waitFor();
  const follow = button('Follow');
  await soon(() => follow.getAttribute('aria-pressed'), 'true');
  const first = () => page.locator('.log-scroll').evaluate((element) => element.scrollTop);
  const end = await settled(page, first);
  await page.getByRole('log').hover();
  await page.mouse.wheel(0, -1000);
  await page.locator('[aria-pressed="false"]', { hasText: 'Follow' }).waitFor();
  const was = await soon(first, (top) => Math.abs(top - (end - 1000)) < 2);
  await button('Approve').click();
  await page.getByText(/^4\d new lines$/).waitFor();
  assert.equal(await first(), was);
  await page.locator('.log-waiting').click();
  await page.locator('.line', { hasText: 'late 40' }).waitFor();
});

test('the whole log as a file, and what a filter leaves of it; a screen reader is not read each line', async () => {
  await open(many);
  await ended();
  await soon(() => page.getByRole('log').getAttribute('aria-live'), 'off');
  const saved = async () => {
    const file = page.waitForEvent('download');
    await button('Download').click();
    return (await readFile(await (await file).path(), 'utf8')).trim().split('\n');
  };
  const all = await saved();
  assert.equal(all.filter((line) => /\tnumber \d+$/.test(line)).length, 5000);
  await find('number 49');
  await button('Only matching lines').click();
  await page.getByText(/^111 of /).waitFor();
  await soon(async () => (await saved()).length, 111);
});
