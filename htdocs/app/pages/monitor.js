// What goes on now, each view live over its topic. The views are tabs; the address holds which.

import { html } from '../ui.js';
import { Tabs } from '../components/tabs.js';
import { go } from '../router.js';
import { usePageState } from '../state.js';
import { text } from '../text.js';
import { ActiveView } from './monitor/active.js';
import { AdwView } from './monitor/adws.js';
import { CrewsView } from './monitor/crews.js';
import { MetricsView } from './monitor/metrics.js';
import { QueueView } from './monitor/queue.js';
import { RoutesView } from './monitor/routes.js';
import { SchedulesView } from './monitor/schedules.js';
import { ScrapingView } from './monitor/scraping.js';
import { SystemView } from './monitor/system.js';
import { WebhooksView } from './monitor/webhooks.js';

const VIEWS = {
  active: ActiveView, queue: QueueView, schedules: SchedulesView, crews: CrewsView, scraping: ScrapingView, adws: AdwView, webhooks: WebhooksView,
  routes: RoutesView, metrics: MetricsView, system: SystemView,
};

export function MonitorPage({ view: asked, id }) {
  const view = Object.hasOwn(VIEWS, asked ?? '') ? asked : 'active';
  usePageState(text.monitor.views[view]);
  const View = VIEWS[view];
  return html`<div class="page monitor">
    <header class="page-head"><h1>${text.monitor.title}</h1></header>
    <${Tabs} label=${text.monitor.title} chosen=${view} onChoose=${(name) => go(['monitor', name])} tabs=${Object.entries(text.monitor.views).map(([id, label]) => ({ id, label }))} />
    <div class="monitor-view" role="tabpanel" id="panel" aria-labelledby=${`tab-${view}`}><${View} key=${`${view} ${id ?? ''}`} id=${id} /></div>
  </div>`;
}
