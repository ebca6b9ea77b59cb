// The files a run has left: each with its size, to look at where a browser can show it, and to save.

import { html } from '../ui.js';
import { artifactPath, artifactText } from '../api.js';
import { Icon } from '../components/icons.js';
import { JsonBlock } from '../components/json-view.js';
import { Failure, useResource } from '../components/resource.js';
import { siteUrl, siteBase } from '../../client/urls.js';
import { bytes } from '../format.js';
import { setParams } from '../router.js';
import { text } from '../text.js';

const SHOWN_MAX = 1024 * 1024; // bytes of a text that is shown here; larger ones are for saving

/** 'image', 'html', 'json', 'text', or null: only for saving. */
function kindOf({ name, type = '', bytes: size }) {
  if (/^image\/(png|jpeg|gif|webp|svg\+xml|avif)/.test(type)) return 'image';
  if (size > SHOWN_MAX) return null;
  if (type.startsWith('text/html') || /\.html?$/i.test(name)) return 'html';
  if (type.startsWith('application/json') || /\.json$/i.test(name)) return 'json';
  return type.startsWith('text/') || /\.(log|ya?ml|toml|xml|jsonl|patch|diff|tap)$/i.test(name) ? 'text' : null;
}

function parsed(words) {
  try {
    return { value: JSON.parse(words) };
  } catch {
    return null;
  }
}

// A page of a run may hold anything: it gets no origin, no scripts, no forms, and under our policy no styles of its own.
const SHOW = {
  html: (words, name) => html`<p class="faint">${text.artifacts.htmlNote}</p><iframe class="artifact-page" sandbox="" title=${name} srcdoc=${words}></iframe>`,
  json: (words, name) => {
    const json = parsed(words);
    return json ? html`<${JsonBlock} title=${name} value=${json.value} />` : SHOW.text(words);
  },
  text: (words) => html`<pre class="report artifact-text" dir="auto" tabIndex=${0}>${words}</pre>`,
};

function TextPreview({ runId, name, kind }) {
  const { data, error, reload } = useResource(`artifact ${runId} ${name}`, (signal) => artifactText(runId, name, signal));
  if (error) return html`<${Failure} error=${error} retry=${reload} />`;
  return data === null ? null : data === '' ? html`<p class="faint">${text.io.empty}</p>` : SHOW[kind](data, name);
}

function Preview({ runId, artifact, url }) {
  const kind = kindOf(artifact);
  return html`<section class="artifact" aria-label=${artifact.name} data-kind=${kind ?? 'none'}>
    ${kind === 'image'
      ? html`<img src=${url} alt=${artifact.name} />`
      : kind
        ? html`<${TextPreview} key=${artifact.name} runId=${runId} name=${artifact.name} kind=${kind} />`
        : html`<p class="faint">${artifact.bytes > SHOWN_MAX ? text.artifacts.large(bytes(SHOWN_MAX)) : text.artifacts.unknown}</p>`}
  </section>`;
}

/** chosen: name of the file that is shown. */
export function Artifacts({ id, artifacts, chosen }) {
  if (artifacts.error && !artifacts.data) return html`<div class="panel-scroll"><${Failure} error=${artifacts.error} retry=${artifacts.reload} /></div>`;
  if (!artifacts.data) return html`<div class="panel-scroll"></div>`;
  const { items } = artifacts.data;
  if (!items.length) return html`<div class="panel-scroll"><p class="faint">${text.artifacts.empty}</p></div>`;
  const urlOf = (name) => siteUrl(siteBase, artifactPath(id, name)).href;
  const shown = items.find(({ name }) => name === chosen);
  return html`<div class="panel-scroll"><table class="list">
    <thead><tr><th>${text.artifacts.name}</th><th class="cell-number">${text.artifacts.size}</th><th class="wide-only">${text.artifacts.type}</th><th><span class="hidden">${text.artifacts.download}</span></th></tr></thead>
    <tbody>${items.map(({ name, bytes: size, type }) => html`<tr key=${name}>
      <td class="cell-main"><button type="button" class="artifact-name" dir="auto" aria-expanded=${name === chosen} onClick=${() => setParams({ artifact: name === chosen ? null : name })}>${name}</button></td>
      <td class="cell-number">${bytes(size)}</td><td class="wide-only">${type?.split(';')[0]}</td>
      <td class="cell-number"><a class="button-quiet button-icon" href=${urlOf(name)} download=${name.split('/').pop()} aria-label=${text.artifacts.save(name)} title=${text.artifacts.download}><${Icon} name="download" /></a></td></tr>`)}</tbody>
  </table>
  ${shown && html`<${Preview} key=${chosen} runId=${id} artifact=${shown} url=${urlOf(chosen)} />`}</div>`;
}
