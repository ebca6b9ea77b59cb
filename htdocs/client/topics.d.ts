import type { TokenSource, TopicConnection } from './index.js';

export interface TopicHookOptions {
  maxReconnectAttempts?: number;
  reconnectInterval?: number;
  backoffMultiplier?: number;
  connectionTimeout?: number;
  base?: string;
  token?: TokenSource;
}

export interface ActiveWorkflow {
  id: string;
  name: string;
  workflow_id: string;
  status: 'queued' | 'running' | 'paused';
  start_time: string | null;
  progress: number;
  current_node: string | null;
}
export interface Route {
  method: string;
  path: string;
  description: string;
  calls: number;
  errors: number;
  p50_ms: number | null;
  p95_ms: number | null;
  last_called: string | null;
}
export interface HistoryItem {
  id: string;
  name: string;
  workflow_id: string;
  status: string;
  start_time: string | null;
  end_time: string;
  duration: number | null;
  error: string | null;
}
export interface HistoryAnalytics {
  total_count: number;
  success_rate: number | null;
  average_duration: number | null;
  p95_duration: number | null;
  recent_failures: number;
  runs_per_day: unknown;
}
export interface ADWState {
  adw_id?: string;
  issue_number?: number | string;
  status?: string;
  branch_name?: string;
  plan_file?: string;
  issue_class?: string;
  worktree_path?: string;
  backend_port?: number;
  frontend_port?: number;
  model_set?: string;
  all_adws?: unknown[];
  workflow_template?: string;
  model_used?: string;
  start_time?: string;
  nl_input?: string;
  github_url?: string;
  [member: string]: unknown;
}
export interface ADWSummary {
  total: number;
  running: number;
  completed: number;
  failed: number;
  paused: number;
}
export interface QueuePhase {
  queue_id: string;
  issue_number: number | string | null;
  parent_issue: number | string | null;
  phase: number | string | null;
  status: 'queued' | 'running' | 'completed' | 'failed';
  priority: number;
  metadata: Record<string, unknown> | null;
  run_id?: string | null;
  created_at: string;
  updated_at: string;
}
export interface ComponentStatus {
  status: string;
  latency_ms?: number | null;
  version?: string | null;
  uptime_s?: number | null;
  detail?: unknown;
}
export interface SystemStatus {
  status: 'healthy' | 'degraded' | 'down';
  components: Record<string, ComponentStatus>;
  checked_at: string;
}
export interface WebhookStatus {
  sources: {
    source: string;
    received: number;
    accepted: number;
    rejected: Record<string, number>;
    last_delivery: string | null;
    last_run: string | null;
  }[];
}

type Topic<T> = T & TopicConnection;
export function useWorkflowsWebSocket(options?: TopicHookOptions): Topic<{ workflows: ActiveWorkflow[] }>;
export function useRoutesWebSocket(options?: TopicHookOptions): Topic<{ routes: Route[] }>;
export function useWorkflowHistoryWebSocket(
  options?: TopicHookOptions,
): Topic<{ workflows: HistoryItem[]; totalCount: number; analytics: HistoryAnalytics | null }>;
/** adwId null: not connected. */
export function useADWStateWebSocket(adwId: string | null, options?: TopicHookOptions): Topic<{ state: ADWState | null }>;
export function useADWMonitorWebSocket(options?: TopicHookOptions): Topic<{ workflows: ADWState[]; summary: ADWSummary | null }>;
export function useQueueWebSocket(options?: TopicHookOptions): Topic<{ phases: QueuePhase[]; paused: boolean }>;
export function useSystemStatusWebSocket(options?: TopicHookOptions): Topic<{ systemStatus: SystemStatus | null }>;
export function useWebhookStatusWebSocket(options?: TopicHookOptions): Topic<{ webhookStatus: WebhookStatus | null }>;
