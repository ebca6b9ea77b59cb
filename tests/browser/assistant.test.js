// The assistant's page, and the notes that tell what was done, against a real instance and a model endpoint that does what
// the test tells it.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startModel } from './model.js';
import { startRunspool } from './runspool.js';
import { call as rest, onStage, soon } from './stage.js';

let runspool, page, model;

onStage((now) => ({ runspool = runspool, page = page } = now), async () => {
  model = await startModel('test-model', 'coder-model', 'embed-model');
  return [...model.settings, 'assistant.models.code=gone-model', 'runner.http_private=allow'];
});
after(() => model?.close());

const call = (...request) => rest(runspool, ...request);
const INTENT = { text: '{"intent": "chat", "confidence": 1}' };
/** What the model says next; with tools it is asked before which it wants. */
const script = (...replies) => model.say(INTENT, ...replies);

const field = () => page.getByPlaceholder('Ask something');
const turn = (n = 0) => page.locator('.turn').nth(n);
const turnIs = (status, n = 0) => page.locator(`.turn >> nth=${n}`).and(page.locator(`[data-status="${status}"]`)).waitFor();
const open = (tail = '') => page.goto(`${runspool.url}#/assistant${tail}`);
const sessionId = () => page.url().match(/assistant\/([\w.-]+)$/)[1];
const hashOf = () => page.waitForURL(/#\/assistant\/[\w.-]+$/);
async function ask(words) {
  await field().fill(words);
  await field().press('Enter');
}

/** Show a note from within the page. */
const note = (what) => page.evaluate(async (one) => {
  const { toast } = await import(new URL('app/components/toast.js', document.baseURI).href);
  toast(one);
}, what);
const notes = () => page.locator('.toast').evaluateAll((all) => all.map((one) => one.querySelector('.toast-text').textContent));

test('notes: announced, three at most, dismissed, followed; they stay while the pointer or the focus is there', async () => {
  await page.clock.install();
  await page.goto(runspool.url);
  const region = page.getByRole('status', { name: 'Notes' });
  await region.waitFor({ state: 'attached' });
  for (const text of ['one', 'two', 'three', 'four']) await note({ text });
  await soon(notes, ['two', 'three', 'four']);
  await note({ text: 'four, again', key: 'same' });
  await note({ text: 'four, at last', key: 'same' });
  await soon(notes, ['three', 'four', 'four, at last']);
  await page.locator('.toast', { hasText: 'three' }).getByRole('button', { name: 'Dismiss this note' }).click();
  await soon(notes, ['four', 'four, at last']);
  await page.locator('.toast').first().hover();
  await page.clock.runFor(20000);
  assert.equal((await notes()).length, 2);
  await page.mouse.move(0, 0);
  await page.locator('.toast').first().getByRole('button').focus();
  await page.clock.runFor(20000);
  assert.equal((await notes()).length, 2);
  await page.locator('.brand').focus();
  await page.clock.runFor(20000);
  await page.locator('.toast').first().waitFor({ state: 'detached' });
  await note({ text: 'It failed', kind: 'error', href: '#/runs', label: 'Show runs' });
  await page.getByRole('link', { name: 'Show runs' }).click();
  await page.waitForURL(/#\/runs$/);
  await soon(notes, []);
});

test('an answer: models with their purpose, a tool with its arguments and result, safe Markdown, tokens, cost, the run; from history the same', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await open();
  await page.locator('option', { hasText: 'coder-model' }).waitFor({ state: 'attached' });
  await soon(() => page.locator('.model select').locator('option').evaluateAll((all) => all.map((one) => [one.textContent, one.disabled])), [
    ['Auto · chosen by what you ask', false], ['test-model · general', false], ['gone-model · not at the endpoint', true], ['coder-model · code', false]]);
  await page.getByRole('switch', { name: 'Web pages' }).click();
  await script({ tool_calls: [{ name: 'http_request', arguments: { url: `${model.url}/models` } }] },
    { text: '<think>Hm.</think># Three\n\n**They** are <img src=x onerror="document.title=1"> [here](https://example.org/x) and [there](javascript:alert(1)):\n\n```js\nlet three = 3;\n```', usage: { prompt_tokens: 100, completion_tokens: 50 } });
  await field().fill('Which models');
  await field().press('Shift+Enter');
  await field().pressSequentially('are there?');
  await soon(() => field().inputValue(), 'Which models\nare there?');
  await field().press('Enter');
  await turnIs('success');
  await soon(() => field().inputValue(), '');
  const looks = async () => {
    await turn().getByRole('heading', { name: 'Three' }).waitFor();
    const md = turn().locator('.md');
    await soon(() => md.evaluate((box) => [box.querySelectorAll('img, script').length, [...box.querySelectorAll('a')].map((a) => a.getAttribute('href'))]), [0, ['https://example.org/x', null]]);
    await md.getByText('<img src=x').waitFor();
    await turn().locator('.turn-question', { hasText: 'Which models\nare there?' }).waitFor();
    await soon(() => turn().getByText('Hm.').count(), 0);
    const facts = turn().locator('.turn-facts');
    for (const fact of ['test-model', /\d tokens/, /\$\d/]) await facts.getByText(fact).waitFor();
    await turn().locator('.call[data-status="success"] summary', { hasText: `${model.url}/models` }).click();
    await turn().locator('.call-body').getByText('coder-model').first().waitFor();
    await turn().locator('.steps summary').click();
    await turn().locator('.steps-list li[data-status="success"]').nth(7).waitFor();
    await turn().locator('[role="progressbar"][aria-valuenow="8"]').waitFor();
  };
  await looks();
  await page.locator('.toast', { hasText: 'Web pages gave a result' }).waitFor();
  await turn().locator('.code-copy').click();
  await soon(() => page.evaluate(() => navigator.clipboard.readText()), 'let three = 3;');
  await page.reload();
  await looks();
  await soon(() => page.locator('.toast').count(), 0);
  await turn().getByRole('link', { name: 'Open the run' }).click();
  await page.locator('.run-state[data-status="success"]').waitFor();
  assert.equal((await call('GET', `api/runs/${page.url().match(/runs\/([\w.-]+)/)[1]}`)).input.input, 'Which models\nare there?');
});

test('written as it comes; a reload and another tab find it under way; one answer at a time; stopped', async () => {
  await script({ text: 'First part. Second part. Third part.', chunks: 3, hold: 1 });
  await open();
  await ask('Slowly, please');
  await turn().locator('.md-writing', { hasText: 'First part' }).waitFor();
  await soon(() => turn().getByText('Third').count(), 0);
  await turn().getByText('Step 7 of 8').waitFor();
  await hashOf();
  await ask('And this?');
  await page.getByRole('alert').getByText('One answer at a time').waitFor();
  await soon(() => field().inputValue(), 'And this?');
  await page.reload();
  await turn().locator('.md-writing', { hasText: 'First part' }).waitFor();
  const other = await page.context().browser().newPage();
  await other.goto(page.url());
  await other.locator('.md-writing', { hasText: 'First part' }).waitFor();
  await page.goto('about:blank'); // nobody needs to watch
  await model.release();
  await other.locator('.turn[data-status="success"]', { hasText: 'Third part.' }).waitFor();
  await page.goto(other.url());
  await turn().getByText('Third part.').waitFor();
  await script({ text: 'Never to be told whole', chunks: 3, hold: 1 });
  await ask('Again');
  await turn(1).locator('.md-writing', { hasText: 'Never' }).waitFor();
  await other.locator('.md-writing', { hasText: 'Never' }).waitFor(); // the other tab follows what this one asks
  await page.getByRole('button', { name: 'Stop', exact: true }).click();
  await turnIs('cancelled', 1);
  await turn(1).getByText('Stopped').waitFor();
  await page.reload();
  await turn(1).getByText('Never').waitFor(); // what had been written
  await turn(1).getByText('Stopped').waitFor();
  await other.close();
});

test('errors of the endpoint say what to do, stay in the history, and can be asked again', async () => {
  await open();
  const failures = [
    [{ status: 401, error: 'Incorrect key' }, 'model.key = ...'],
    [{ status: 500, error: 'out of memory' }, 'The endpoint failed.'],
    [{ status: 429, error: 'slow down', headers: { 'Retry-After': '0' } }, 'Ask again in a minute'],
  ];
  for (const [n, [reply, words]] of failures.entries()) {
    await script(...Array(8).fill(reply));
    await ask(`Question ${n}`);
    await turnIs('error', n);
    await turn(n).getByRole('alert').getByText(words).waitFor();
  }
  await script({ text: 'Now it works.' });
  await turn(0).getByRole('button', { name: 'Ask again' }).click();
  await turn(3).getByText('Now it works.').waitFor();
  await page.reload();
  await turn(3).getByText('Now it works.').waitFor();
  for (const [n, question] of ['Question 0', 'Question 1', 'Question 2', 'Question 0'].entries()) await turn(n).locator('.turn-question', { hasText: question }).waitFor();
  await soon(() => page.locator('.turn').count(), 4);
  await turn(1).locator('.turn-failed').getByText('out of memory').waitFor();
});

test('tools and model: changed at once, taken back when refused, kept for the conversation, seen in other tabs', async () => {
  await open();
  const tool = page.getByRole('switch', { name: 'Web search' });
  await page.route('**/tools', async (route) => {
    await page.getByRole('switch', { name: 'Web search', checked: true }).waitFor(); // before the answer
    await route.fulfill({ status: 503, contentType: 'application/problem+json', body: '{"title":"Busy","detail":"the database is busy"}' });
  });
  await tool.click();
  await page.locator('.toast[data-kind="error"]', { hasText: 'the database is busy' }).waitFor();
  await page.getByRole('switch', { name: 'Web search', checked: false }).waitFor();
  await page.unroute('**/tools');
  await page.waitForURL(/#\/assistant$/); // there is nothing yet to come back to
  await page.locator('.model select').selectOption('coder-model');
  await tool.click();
  await hashOf();
  const other = await page.context().browser().newPage();
  await other.goto(page.url());
  await other.getByRole('switch', { name: 'Web search', checked: true }).waitFor();
  await page.getByRole('switch', { name: 'Web pages' }).click();
  await other.getByRole('switch', { name: 'Web pages', checked: true }).waitFor();
  await other.close();
  const session = await call('GET', `api/sessions/${sessionId()}`);
  assert.deepEqual([session.tools, session.model], [{ websearch: true, http_request: true }, 'coder-model']);
  await page.reload();
  await page.getByRole('switch', { name: 'Web pages', checked: true }).waitFor();
  await soon(() => page.locator('.model select').inputValue(), 'coder-model');
  await script({ tool_calls: [{ name: 'websearch', arguments: { query: 'news' } }] }, { text: 'No news.' });
  await ask('What is new?');
  await turn().locator('.turn-facts').getByText('coder-model').waitFor();
  await turn().getByText('search.url = ').waitFor();
});

test('conversations: newest first, found by what was said, renamed, deleted and brought back; a sheet on a phone', async () => {
  const say = (id, name, ...words) => call('PUT', `api/sessions/${id}`, { name, messages: words.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content })) });
  await say('h-none', undefined, 'Which zebra has no name?');
  await say('h-old', 'An old one', 'Where is the zebra?', 'In the zoo.');
  await say('h-new', 'A new one', 'Hello');
  await open('/h-old');
  await page.locator('.turn', { hasText: 'In the zoo.' }).waitFor();
  const items = page.locator('.assistant-history .history-item');
  await items.first().waitFor();
  // Of these two: conversations of other tests may still be changed when their answers end.
  await soon(() => items.evaluateAll((all) => all.map((one) => one.dataset.session).filter((id) => id.startsWith('h-'))), ['h-new', 'h-old', 'h-none']);
  await page.getByRole('searchbox').fill('ZEBRA');
  await page.locator('[data-session="h-new"]').waitFor({ state: 'detached' });
  await soon(() => items.count(), 2);
  await page.locator('[data-session="h-old"]').hover();
  await page.getByRole('button', { name: 'More to do with An old one' }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Rename' }).fill('Zebras');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Zebras' }).waitFor(); // the open one hears it
  // One without a name has none either after a rename that changes nothing.
  await page.locator('[data-session="h-none"]').hover();
  const requests = [];
  page.on('request', (request) => request.method() === 'PUT' && request.url().endsWith('/h-none') && requests.push(request.url()));
  await page.locator('[data-session="h-none"]').getByRole('button', { name: /^More to do with/ }).click();
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Rename' }).press('Enter');
  await page.getByRole('textbox', { name: 'Rename' }).waitFor({ state: 'detached' });
  await page.getByRole('searchbox').fill('the ZEBRA');
  await page.locator('[data-session="h-none"]').waitFor({ state: 'detached' });
  await page.locator('[data-session="h-old"]').hover();
  await page.getByRole('button', { name: 'More to do with Zebras' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.waitForURL(/#\/assistant$/);
  await page.getByText('No conversation matches.').waitFor();
  assert.equal((await fetch(new URL('api/sessions/h-old', runspool.url))).status, 404);
  assert.deepEqual(requests, []);
  await page.locator('.toast').getByRole('button', { name: 'Undo' }).click();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByRole('dialog').locator('[data-session="h-old"] a').click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.locator('.turn', { hasText: 'In the zoo.' }).waitFor();
  await soon(() => page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
  assert.deepEqual((await call('GET', 'api/sessions/h-old')).messages.map(({ content }) => content), ['Where is the zebra?', 'In the zoo.']);
  await open('/nobody');
  await page.getByText('There is no conversation with this id.').waitFor();
});

test('without a model the page says which line sets one, and answers with what there is', async () => {
  const bare = await startRunspool();
  try {
    await page.goto(`${bare.url}#/assistant`);
    await page.getByText('model.url = http://127.0.0.1:11434/v1').waitFor();
    await ask('Thanks, bye');
    await turnIs('success');
    await turn().getByText('No model is configured').waitFor();
  } finally {
    await bare.close();
  }
});

test('assistant.busy = queue: what is asked meanwhile waits its turn, and is answered', async () => {
  const queueing = await startRunspool([...model.settings, 'runner.http_private=allow', 'assistant.busy=queue']);
  try {
    await script({ text: 'First part. Second part.', chunks: 2, hold: 1 });
    await page.goto(`${queueing.url}#/assistant`);
    await ask('Slowly, please');
    await turn().locator('.md-writing', { hasText: 'First part' }).waitFor();
    await script({ text: 'The other answer.' });
    await ask('And this?');
    await turn(1).getByText('And this?').waitFor();
    assert.equal(await page.getByText('One answer at a time').count(), 0);
    await model.release();
    await turn().getByText('Second part.').waitFor();
    await turn(1).getByText('The other answer.').waitFor();
    await turnIs('success', 1);
  } finally {
    await queueing.close();
  }
});
