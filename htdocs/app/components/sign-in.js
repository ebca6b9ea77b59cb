// Where tokens are asked for (auth = jwt): a token is pasted once and kept in a cookie that no script can read.

import { html, signal, useEffect, useState } from '../ui.js';
import { endSession, getSession, startSession } from '../api.js';
import { absolute } from '../format.js';
import { text } from '../text.js';
import { Dialog } from './dialog.js';
import { clockSkew } from './time.js';

const EARLY_MS = 5 * 60000; // so long before its end one is told
const TIMER_MAX_MS = 0x7fffffff;

/** Who one is here, as /api/auth/session says; null: not known. */
const session = signal(null);

function Form() {
  const [token, setToken] = useState('');
  const [failure, setFailure] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await startSession(token.trim());
      location.reload(); // all that was refused is asked for again
    } catch (error) {
      setFailure(error.status === 401 ? text.signIn.refused(error.detail) : error.message);
    }
  };
  return html`<form class="run-form sign-in" onSubmit=${submit}>
    <div class=${failure ? 'field field-wrong' : 'field'}><label class="field-label" for="token">${text.signIn.token}</label>
      <textarea id="token" rows="4" required spellcheck=${false} autocomplete="off" value=${token} onInput=${(event) => setToken(event.currentTarget.value)}></textarea>
      <div class="field-hint">${failure ? html`<span class="field-error" role="alert">${failure}</span>` : text.signIn.hint}</div></div>
    <button type="submit" class="button button-primary">${text.signIn.enter}</button>
  </form>`;
}

/** In place of a page that the server does not show without a token (401). */
export const SignIn = () => html`<section class="notice" role="alert"><h2>${text.signIn.title}</h2>
  <p>${text.signIn.why}</p><code class="command">${text.signIn.command}</code><${Form} /></section>`;

/** Where what is followed live is denied: no token, or one that does not allow it. */
export const Denied = () => (session.value ? html`<section class="notice" role="alert"><p>${text.live.hint.denied}</p></section>` : html`<${SignIn} />`);

/** In the frame: who one is, and before the session ends a word about it. Nothing where no token is asked for. */
export function Session() {
  const [soon, setSoon] = useState(false);
  const [again, setAgain] = useState(false);
  const { auth, sub, org, scope, expiresAt } = session.value ?? {};
  useEffect(() => {
    getSession().then((found) => (session.value = found), () => {}); // a page that needs one says so
  }, []);
  useEffect(() => {
    if (!expiresAt) return;
    const left = Date.parse(expiresAt) - EARLY_MS - Date.now() - clockSkew.value;
    const timer = setTimeout(() => setSoon(true), Math.min(TIMER_MAX_MS, Math.max(0, left)));
    return () => clearTimeout(timer);
  }, [expiresAt]);
  if (auth !== 'jwt') return null;
  const leave = () => endSession().then(() => location.reload());
  return html`<button type="button" class="button-quiet session" popovertarget="session" title=${text.signIn.who(sub, org)}>${sub}${soon && html`<span class="session-soon">${text.signIn.soon}</span>`}</button>
    <section class="popover" id="session" popover="auto" aria-label=${text.signIn.session}>
      <dl class="facts"><dt>${text.signIn.name}</dt><dd>${sub}</dd><dt>${text.signIn.org}</dt><dd>${org}</dd><dt>${text.signIn.scope}</dt><dd>${scope}</dd>
        ${expiresAt && html`<dt>${text.signIn.until}</dt><dd>${absolute(expiresAt)}</dd>`}</dl>
      <p class="popover-end"><button type="button" class="button" onClick=${() => setAgain(true)}>${text.signIn.renew}</button>
        <button type="button" class="button" onClick=${leave}>${text.signIn.leave}</button></p>
    </section>
    ${again && html`<${Dialog} title=${text.signIn.renew} onClose=${() => setAgain(false)}><${Form} /><//>`}`;
}
