// The frame around every page, and which page a route is.

import { html, render, useEffect } from './ui.js';
import { Badge } from './components/badge.js';
import { lazy } from './components/lazy.js';
import { ThemeSwitch } from './components/theme-switch.js';
import { Toasts } from './components/toast.js';
import { RunPage } from './pages/run.js';
import { RunsPage } from './pages/runs.js';
import { WorkflowPage } from './pages/workflow.js';
import { WorkflowsPage } from './pages/workflows.js';
import { href, route } from './router.js';
import { pageState } from './state.js';
import { text } from './text.js';

const AssistantPage = lazy(() => import('./pages/assistant.js'), 'AssistantPage');
const ComparePage = lazy(() => import('./pages/compare.js'), 'ComparePage');
const EditPage = lazy(() => import('./pages/edit.js'), 'EditPage');
const VersionsPage = lazy(() => import('./pages/versions.js'), 'VersionsPage');
const HistoryPage = lazy(() => import('./pages/history.js'), 'HistoryPage');
const MonitorPage = lazy(() => import('./pages/monitor.js'), 'MonitorPage');

const PAGES = {
  workflows: (id, view) => {
    if (!id) return html`<${WorkflowsPage} />`;
    if (id === 'new' && !view) return html`<${EditPage} />`;
    if (view === 'edit') return html`<${EditPage} id=${id} />`;
    return view === 'versions' ? html`<${VersionsPage} key=${id} id=${id} />` : html`<${WorkflowPage} key=${id} id=${id} />`;
  },
  runs: (id) => (id ? html`<${RunPage} key=${id} id=${id} />` : html`<${RunsPage} />`),
  history: () => html`<${HistoryPage} />`,
  assistant: (id) => html`<${AssistantPage} id=${id} />`,
  monitor: (view, id) => html`<${MonitorPage} view=${view} id=${id} />`,
  compare: (b, a) => (b ? html`<${ComparePage} b=${b} a=${a} />` : html`<${NotHere} />`),
};
const NAV = ['workflows', 'runs', 'history', 'assistant', 'monitor'];
const UNDER = { compare: 'runs' }; // pages that belong to an entry of the navigation

const NotHere = () => html`<div class="page"><section class="notice"><p>${text.failure.notHere}</p>
  <a class="button" href=${href(['workflows'])}>${text.failure.toWorkflows}</a></section></div>`;

function useTitle() {
  const { title, icon } = pageState.value;
  useEffect(() => {
    document.title = title ? `${title} · ${text.product}` : text.product;
    document.getElementById('favicon').href = `icons/${icon ?? 'idle'}.svg`;
  }, [title, icon]);
}

function App() {
  useTitle();
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
      <span class="top-space"></span>
      <${Badge} />
      <${ThemeSwitch} />
    </header>
    <main id="main" tabIndex=${-1}>${page}</main>
    <${Toasts} />`;
}

render(html`<${App} />`, document.getElementById('app'));
