// Nodes that wait for a person: what they ask, and the answer.

import { html, useState } from '../ui.js';
import { decide } from '../api.js';
import { State } from '../components/icons.js';
import { explain } from '../components/resource.js';
import { Ago } from '../components/time.js';
import { text } from '../text.js';
import { nextStep } from './run-actions.js';

function Ask({ runId, nodeId, name, ask }) {
  const [comment, setComment] = useState('');
  const [given, setGiven] = useState(null); // the answer, shown before the run's events tell it
  const [failure, setFailure] = useState(null);
  const answer = (what) => async () => {
    setGiven(what);
    setFailure(null);
    try {
      await decide(runId, nodeId, what, comment.trim() ? { comment: comment.trim() } : {});
    } catch (error) {
      setFailure(`${explain(error)} ${nextStep(error)}`);
      setGiven(null);
    }
  };
  if (given) return html`<section class="ask" data-ask=${nodeId}><p class="ask-title" role="status"><${State} status=${given === 'approve' ? 'success' : 'cancelled'} />${text.exported.given[given](name)}</p></section>`;
  const id = `comment-${nodeId}`;
  return html`<section class="ask" data-ask=${nodeId}>
    <h2 class="ask-title"><${State} status="waiting" />${text.approval.title(name)}</h2>
    <p class="ask-prompt" dir="auto">${ask.prompt}</p>
    ${ask.deadline && html`<p class="faint">${text.approval.until} <${Ago} time=${ask.deadline} /></p>`}
    <div class="ask-answer">
      <label class="hidden" for=${id}>${text.approval.comment}</label>
      <input id=${id} type="text" placeholder=${text.approval.comment} value=${comment} dir="auto" maxLength="1000" onInput=${(event) => setComment(event.currentTarget.value)} />
      <button type="button" class="button" onClick=${answer('reject')}>${text.approval.reject}</button>
      <button type="button" class="button button-primary" onClick=${answer('approve')}>${text.approval.approve}</button>
    </div>
    ${failure && html`<p class="field-error" role="alert">${failure}</p>`}
  </section>`;
}

export const Approvals = ({ id, fold }) =>
  fold.asks.size > 0 &&
  html`<div class="asks">${[...fold.asks].map(([nodeId, ask]) => html`<${Ask} key=${nodeId} runId=${id} nodeId=${nodeId} name=${fold.label(nodeId)} ask=${ask} />`)}</div>`;
