// Tries a jq program, or a text with templates, where the runner would execute it: with the data of a run, or one's own.

import { html, useState } from '../ui.js';
import { request } from '../../client/rest.js';
import { JsonBlock } from '../components/json-view.js';
import { explain } from '../components/resource.js';
import { text } from '../text.js';

const lineOf = (message) => Number(/\(line (\d+)\)/.exec(message)?.[1]) || null;

function showLine(field, line) {
  const box = document.getElementById(field);
  const lines = box.value.split('\n');
  const from = lines.slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
  box.focus();
  box.setSelectionRange(from, from + (lines[line - 1]?.length ?? 0));
}

/** field: id of the control that holds the program, where the line of an error is shown. */
export function JqTest({ expression, context, field }) {
  const run = context.lastRun;
  const [own, setOwn] = useState('');
  const [said, setSaid] = useState(null); // {value} or {error, line}
  const [busy, setBusy] = useState(false);
  const test = async () => {
    let body = { expression };
    if (own.trim()) {
      try {
        body.input = JSON.parse(own);
      } catch {
        return setSaid({ error: text.forms.notJson });
      }
    } else if (run) body.runId = run.id;
    else body.input = { input: {}, nodes: {} };
    setBusy(true);
    try {
      setSaid(await request('POST', 'api/jq', { body }));
    } catch (error) {
      setSaid({ error: error.status === 422 ? error.detail : explain(error), line: lineOf(error.detail ?? '') });
    }
    setBusy(false);
  };
  return html`<div class="jq-test">
    <div class="field-row"><button type="button" class="button" disabled=${busy || !expression.trim()} onClick=${test}>${text.forms.test}</button>
      <span class="field-hint">${own.trim() ? text.forms.againstOwn : run ? text.forms.againstRun(run.id) : text.forms.againstNothing}</span></div>
    <details class="fold"><summary>${text.forms.ownData}</summary>
      <textarea rows="4" class="mono" spellcheck=${false} dir="ltr" aria-label=${text.forms.ownData} placeholder=${'{"input": {}, "nodes": {}}'} value=${own} onInput=${(event) => setOwn(event.currentTarget.value)}></textarea></details>
    <div role="status">${said?.error &&
      html`<p class="field-error">${said.error}${said.line && html` <button type="button" class="button-quiet" onClick=${() => showLine(field, said.line)}>${text.forms.showLine(said.line)}</button>`}</p>`}
      ${said && !said.error && html`<${JsonBlock} title=${text.forms.result} value=${said.value} />`}</div>
  </div>`;
}
