// A workflow from a file or pasted text: of Runspool, Dagu or n8n; what became of it is shown before it is saved.

import { html, useState } from '../ui.js';
import { getWorkflow, importWorkflow, saveWorkflow, validateWorkflow } from '../api.js';
import { Dialog } from '../components/dialog.js';
import { explain } from '../components/resource.js';
import { toast } from '../components/toast.js';
import { go } from '../router.js';
import { text } from '../text.js';
import { Described } from './described.js';
import { isObject } from './schema.js';

const ID = /^[A-Za-z0-9._-]{1,128}$/;

/** A definition of ours, or null: text in another format. */
function ownDefinition(source) {
  try {
    const value = JSON.parse(source);
    return isObject(value) && Array.isArray(value.nodes) && value.nodes.every((node) => node?.data?.kind) ? value : null;
  } catch {
    return null;
  }
}

/** {definition, report: of another format or null, errors, taken: is there one with its id?} */
async function read(source, name) {
  const own = ownDefinition(source);
  const { workflow, report } = own ? { workflow: own, report: null } : await importWorkflow(source, name);
  const { errors } = own ? await validateWorkflow(own) : { errors: [] };
  const id = workflow.id || (name || 'workflow').replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 128);
  return { definition: { ...workflow, id }, report, errors };
}

const isTaken = (id) => getWorkflow(id).then(({ version }) => version > 0, () => false);

function Notes({ title, notes }) {
  if (!notes.length) return null;
  return html`<h3>${title}</h3><ul class="import-notes">${notes.map((note, i) => html`<li key=${i}>
    ${note.line && html`<span class="faint number">${text.importing.line(note.line)} </span>`}<code dir="auto">${note.what}</code> <${Described} words=${note.message} /></li>`)}</ul>`;
}

function Report({ found }) {
  const { report, errors } = found;
  return html`<div role="status">
    ${report && html`<p><strong>${text.importing.carried(text.importing.systems[report.from] ?? report.from, report.mapped, report.nodes)}</strong></p>
      <${Notes} title=${text.importing.notMapped} notes=${report.notMapped} /><${Notes} title=${text.importing.approximated} notes=${report.approximated} />`}
    ${!report && !errors.length && html`<p>${text.importing.right}</p>`}
    ${errors.length > 0 && html`<p class="form-failure">${text.importing.wrong}</p><ul class="import-notes">${errors.map(({ nodeId, edgeId, message }, i) => html`<li key=${i}><code>${nodeId ?? edgeId ?? ''}</code> <${Described} words=${message} /></li>`)}</ul>`}
  </div>`;
}

export function ImportDialog({ onClose }) {
  const [source, setSource] = useState('');
  const [name, setName] = useState('');
  const [found, setFound] = useState(null);
  const [id, setId] = useState('');
  const [taken, setTaken] = useState(false);
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const change = (words) => {
    setSource(words);
    setFound(null);
    setFailure(null);
  };
  const doing = async (work) => {
    setBusy(true);
    setFailure(null);
    try {
      await work();
    } catch (error) {
      setFailure(error.status ? error.detail || error.title : explain(error));
    }
    setBusy(false);
  };
  const choose = async (event) => {
    const [file] = event.currentTarget.files;
    if (!file) return;
    setName(file.name.replace(/\.\w+$/, ''));
    change(await file.text());
  };
  const rename = async (next) => {
    setId(next);
    setTaken(ID.test(next) && (await isTaken(next)));
  };
  const look = () => doing(async () => {
    const now = await read(source, name);
    await rename(now.definition.id);
    setFound(now);
  });
  const save = () => doing(async () => {
    const { version } = await saveWorkflow(id, { ...found.definition, id });
    toast({ text: text.importing.saved(found.definition.name || id, version), kind: 'success' });
    onClose();
    go(['workflows', id]);
  });
  return html`<${Dialog} title=${text.importing.title} onClose=${onClose}>
    <form class="run-form" onSubmit=${(event) => {
      event.preventDefault();
      (found ? save : look)();
    }}>
      <p class="faint">${text.importing.what}</p>
      <div class="field"><label class="field-label" for="import-file">${text.importing.file}</label><input type="file" id="import-file" accept=".json,.yaml,.yml" onChange=${choose} /></div>
      <div class="field"><label class="field-label" for="import-text">${text.importing.paste}</label>
        <textarea id="import-text" rows="8" spellcheck=${false} dir="ltr" value=${source} onInput=${(event) => change(event.currentTarget.value)}></textarea></div>
      ${found && html`<${Report} found=${found} />
        <div class="field"><label class="field-label" for="import-id">${text.importing.id}</label>
          <input type="text" id="import-id" class="mono" value=${id} autocomplete="off" spellcheck=${false} onInput=${(event) => rename(event.currentTarget.value)} aria-invalid=${ID.test(id) ? undefined : 'true'} />
          <div class="field-hint">${!ID.test(id) ? html`<span class="field-error">${text.importing.badId}</span>` : taken && text.importing.taken}</div></div>`}
      ${failure && html`<p class="form-failure" role="alert">${failure}</p>`}
      <button type="submit" class="button button-primary" disabled=${busy || !source.trim() || (found && (found.errors.length > 0 || !ID.test(id)))}>
        ${!found ? text.importing.look : taken ? text.importing.replace : text.importing.save}</button>
    </form>
  <//>`;
}
