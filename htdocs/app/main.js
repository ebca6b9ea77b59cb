// The frame around every page, and which page a route is.

import { html, classes, render, useEffect } from './ui.js';
import { Badge } from './components/badge.js';
import { Icon } from './components/icons.js';
import { Keys, step, toSearch, useKeys } from './components/keys.js';
import { lazy } from './components/lazy.js';
import { Session } from './components/sign-in.js';
import { ThemeSwitch } from './components/theme-switch.js';
import { Toasts } from './components/toast.js';
import { RouteFocus } from './focus.js';
import { stripped } from './format.js';
import { notifying, toggleNotify } from './notify.js';
import { go, href, route } from './router.js';
import { pageState, usePageState } from './state.js';
import { text } from './text.js';

const AssistantPage = lazy(() => import('./pages/assistant.js'), 'AssistantPage', 'css/assistant.css');
const ComparePage = lazy(() => import('./pages/compare.js'), 'ComparePage');
const EditPage = lazy(() => import('./pages/edit.js'), 'EditPage', 'css/editor.css');
const VersionsPage = lazy(() => import('./pages/versions.js'), 'VersionsPage');
const DoctorPage = lazy(() => import('./pages/doctor.js'), 'DoctorPage');
const HistoryPage = lazy(() => import('./pages/history.js'), 'HistoryPage');
const MonitorPage = lazy(() => import('./pages/monitor.js'), 'MonitorPage', 'css/monitor.css');
const RunPage = lazy(() => import('./pages/run.js'), 'RunPage');
const RunsPage = lazy(() => import('./pages/runs.js'), 'RunsPage');
const WorkflowPage = lazy(() => import('./pages/workflow.js'), 'WorkflowPage');
const WorkflowsPage = lazy(() => import('./pages/workflows.js'), 'WorkflowsPage');

const PAGES = {
  workflows: (id, view) => {
    if (!id) return html`<${WorkflowsPage} />`;
    if (id === 'new' && !view) return html`<${EditPage} />`;
    if (view === 'edit') return html`<${EditPage} id=${id} />`;
    return view === 'versions' ? html`<${VersionsPage} key=${id} id=${id} />` : html`<${WorkflowPage} key=${id} id=${id} />`;
  },
  runs: (id) => (id ? html`<${RunPage} key=${id} id=${id} />` : html`<${RunsPage} />`),
  doctor: () => html`<${DoctorPage} />`,
  history: () => html`<${HistoryPage} />`,
  assistant: (id) => html`<${AssistantPage} id=${id} />`,
  monitor: (view, id) => html`<${MonitorPage} view=${view} id=${id} />`,
  compare: (b, a) => (b ? html`<${ComparePage} b=${b} a=${a} />` : html`<${NotHere} />`),
};
const NAV = ['workflows', 'runs', 'history', 'assistant', 'monitor'];
const GO = { workflows: 'w', runs: 'r', history: 'h', assistant: 'a', monitor: 'm' }; // after g
const UNDER = { compare: 'runs' }; // pages that belong to an entry of the navigation

function NotHere() {
  usePageState(text.failure.notHere);
  return html`<div class="page"><section class="notice"><h1>${text.failure.notHere}</h1>
    <a class="button" href=${href(['workflows'])}>${text.failure.toWorkflows}</a></section></div>`;
}

const KEYS = [
  ...NAV.map((name) => ({ keys: `g ${GO[name]}`, label: text.keys.goTo(text.nav[name]), act: () => go([name]) })),
  { keys: 'j', label: text.keys.next, act: () => step(1) },
  { keys: 'k', label: text.keys.previous, act: () => step(-1) },
  { keys: '/', label: text.keys.search, act: toSearch },
];

function useTitle() {
  const { title, icon } = pageState.value;
  useEffect(() => {
    document.title = title ? `${stripped(title)} · ${text.product}` : text.product;
    document.getElementById('favicon').href = `icons/${icon ?? 'idle'}.svg`;
  }, [title, icon]);
}

function App() {
  useTitle();
  useKeys(text.keys.everywhere, KEYS);
  const [section = 'workflows', ...ids] = route.value.parts;
  const page = Object.hasOwn(PAGES, section) ? PAGES[section](...ids) : html`<${NotHere} />`;
  const skip = (event) => {
    event.preventDefault();
    document.getElementById('main').focus();
  };
  return html`<a class="skip" href="#main" onClick=${skip}>${text.skip}</a>
    <header class="top">
      <a class="brand" href=${href(['workflows'])}><img src="icons/idle.svg" width="18" height="18" alt="" />${text.product}</a>
      <nav aria-label=${text.nav.main}>
        ${NAV.map((name) => html`<a key=${name} href=${href([name])} aria-current=${name === (UNDER[section] ?? section) ? 'page' : undefined}>${text.nav[name]}</a>`)}
      </nav>
      <div class="top-end"><${Badge} /><${Session} />
        <button type="button" class=${classes('button-quiet button-icon', { 'notify-on': notifying.value })} aria-pressed=${notifying.value} aria-label=${text.notify.label} title=${text.notify.label} onClick=${toggleNotify}><${Icon} name="bell" /></button>
        <${ThemeSwitch} /></div>
    </header>
    <main id="main" tabIndex=${-1}>${page}</main>
    <${RouteFocus} /><${Keys} /><${Toasts} />`;
}

render(html`<${App} />`, document.getElementById('app'));
