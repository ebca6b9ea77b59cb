/** What a subscription is doing, for a badge. */
export type LiveStatus = (
  | { state: 'connecting'; door: null }
  | { state: 'live'; door: DoorName }
  /** History is still coming; `received` messages so far. */
  | { state: 'catching-up'; door: DoorName; received: number }
  /** Said only when a break has lasted two seconds. `retryAt`: ms since the epoch of the next try, the `attempt`-th. */
  | { state: 'reconnecting'; door: null; retryAt: number; attempt: number }
  /** The stream is complete, nothing will follow. */
  | { state: 'ended'; door: DoorName }
  /** The token is missing, bad, expired, or does not allow this. */
  | { state: 'denied'; door: DoorName }
  /** There is no such run. */
  | { state: 'missing'; door: DoorName }
  /** The schedule has no further try. */
  | { state: 'failed'; door: null }
  | { state: 'closed'; door: null }
) & {
  /** Since when (ms since the epoch) it is this state through this door. */
  changedAt: number;
  /** The doors that were tried and are of no use now: refused (with what HTTP said), no first frame in time, ended again and
   * again, or as many streams are open as one page may have. */
  tried?: { door: DoorName; why: 'refused' | 'silent' | 'brief' | 'busy'; status?: number }[];
};

export type DoorName = 'websocket' | 'sse' | 'long-poll' | 'polling';

export interface Gap {
  op?: 'gap';
  type?: 'gap';
  stream: string;
  /** Ids that retention removed, both inclusive. */
  first: string;
  last: string;
}

export interface Message {
  /** Position in the log, "N" or "N.M"; valid as `since` on every door. */
  id?: string;
  [field: string]: unknown;
}

export interface NativeEvent extends Message {
  id: string;
  stream: string;
  seq: number;
  type: string;
  time: string;
  org: string;
  data: Record<string, unknown>;
}

/** A token, or a function that gets one: asked again before it expires, and when the server refuses it. */
export type TokenSource = string | (() => string | undefined | Promise<string | undefined>);
/** What is used of WebSocket, so that the class of the package `ws` fits too. */
export type WebSocketClass = new (url: string | URL, protocols?: string | string[]) => {
  readonly readyState: number;
  send(data: string): void;
  close(): void;
};

/** Defaults of everything that begins afterwards. */
export interface Defaults {
  /** The site's root. In a page served by Runspool it is known; anywhere else say it. */
  base?: string;
  token?: TokenSource;
  /** In Node without one of its own: the package `ws` when it is installed, else Server-Sent Events are used. */
  WebSocket?: WebSocketClass;
  fetch?: typeof fetch;
}
export function configure(defaults: Defaults): void;

/** One way to the server, by its name in `doors`. */
export interface Door {
  readonly name: DoorName;
  /** Milliseconds in which the first frame must come. */
  readonly firstMs: number;
}

/** When to try again: `firstMs` times `factor` each time, at most `maxMs`; 0 to 25 % are added to each. */
export interface Schedule {
  firstMs?: number;
  maxMs?: number;
  factor?: number;
  /** firstMs x attempt instead. */
  linear?: boolean;
  /** Then the status is `failed`. Default: for ever. */
  tries?: number;
  /** A connection that has lived so long was a success. */
  settleMs?: number;
}

export interface LiveOptions<M = Message> extends Defaults {
  /** Streams of the native protocol ... */
  streams?: string[];
  /** ... or the path of another live endpoint, without the door: "/workflows/r_1/logs". */
  path?: string;
  query?: Record<string, string | number>;
  /** An id, "start" or "now", exclusive. */
  since?: string;
  /** The endpoint gives states: ids only say whether it is the same one. */
  snapshots?: boolean;
  /** It has no end: a socket closed with 1000 is opened again. */
  endless?: boolean;
  /** Best first. Default: all four. */
  doors?: readonly Door[];
  /** false: a connection of its own, shared with nobody. */
  shared?: boolean;
  schedule?: Schedule;
  /** The most milliseconds that one door may take to answer. */
  connectMs?: number;
  onMessage?(message: M): void;
  onGap?(gap: Gap): void;
  onStatus?(status: LiveStatus): void;
}

/** A subscription that changes door by itself and never repeats or loses a message. */
export class Live<M = Message> {
  constructor(options: LiveOptions<M>);
  readonly cursor: string | undefined;
  readonly status: LiveStatus;
  /** Of the last messages that came live: our clock minus the time that they say, in ms. */
  readonly delays: readonly number[];
  /** Do not wait for the next try. */
  hurry(): void;
  close(): void;
}

export const doors: readonly Door[];
export const siteBase: string;
export function comparePositions(a: string, b: string): number;

export class RequestError extends Error {
  /** 0: no answer at all. */
  status: number;
  title: string;
  detail: string;
  errors: { nodeId?: string; edgeId?: string; param?: string; code: string; message: string }[];
}

export interface RequestOptions extends Pick<Defaults, 'base' | 'token' | 'fetch'> {
  body?: unknown;
  /** Media type of a body that is text and goes as it is. */
  type?: string;
  query?: Record<string, string | number | (string | number)[] | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  as?: 'json' | 'text' | 'response';
}
export function request(method: string, path: string, options?: RequestOptions): Promise<any>;

export interface RunStarted {
  runId: string;
  workflowId: string;
  status: string;
  wsUrl: string;
  pollUrl: string;
}
export interface RunRequest {
  input?: Record<string, unknown>;
  sessionId?: string;
  nodes?: unknown[];
  edges?: unknown[];
}

export interface Session {
  id: string;
  name: string | null;
  model: string | null;
  tools: Record<string, boolean>;
  messages: unknown[];
  createdAt: string;
  updatedAt: string;
}

type Follow = Omit<LiveOptions, 'path' | 'streams' | 'onMessage'>;

interface Placed {
  id: string;
  runId: string;
  timestamp: string;
}
type NodeState = 'pending' | 'running' | 'success' | 'error' | 'skipped' | 'cancelled' | 'waiting';
export type WorkflowMessage =
  | (Placed & {
      type: 'connected';
      workflowId: string;
      status: string;
      nodes: Record<string, { status: NodeState; startedAt?: string; finishedAt?: string; error?: unknown }>;
    })
  | (Placed & { type: 'workflow_status'; status: 'running' | 'success' | 'error' | 'cancelled' | 'queued' | 'paused'; error?: string })
  | (Placed & {
      type: 'node_status';
      nodeId: string;
      status: 'running' | 'success' | 'error' | 'skipped';
      output?: unknown;
      error?: string;
      durationMs?: number;
    });
export interface LogMessage {
  type: 'log';
  id: string;
  level: 'info' | 'success' | 'warning' | 'error';
  message: string;
  nodeId: string | null;
  timestamp: string;
}
export type LogStreamMessage = LogMessage | { type: 'connected'; id: string; runId: string; logs: LogMessage[] };
export type ScrapingMessage =
  | { type: 'connected'; id: string; toolId: string }
  | {
      type: 'scraping_progress';
      id: string;
      toolId: string;
      url: string;
      status: 'pending' | 'scraping' | 'success' | 'error';
      items: number;
      progress: number;
      preview: unknown[];
      timestamp: string;
    };

// Workflow console
export function connectWorkflowStream(runId: string, onMessage: (message: WorkflowMessage) => void, options?: Follow): Live<WorkflowMessage>;
export function connectWorkflowLogsStream(runId: string, onMessage: (message: LogStreamMessage) => void, options?: Follow): Live<LogStreamMessage>;
export function connectScrapingStream(toolId: string, onMessage: (message: ScrapingMessage) => void, options?: Follow): Live<ScrapingMessage>;
export function runWorkflow(workflowId: string, run?: RunRequest, options?: RequestOptions): Promise<RunStarted>;
export function updateSessionTools(sessionId: string, toolId: string, enabled: boolean, options?: RequestOptions): Promise<Session>;

// Native protocol
export function connectStreams(streams: string[], onEvent: (event: NativeEvent) => void, options?: Follow): Live<NativeEvent>;

// Execution monitor; its components are in runspool-client/monitor
export interface ExecutionUpdate {
  type: 'status' | 'log' | 'progress' | 'error' | 'complete';
  id: string;
  timestamp: string;
  data: {
    runId: string;
    status?: 'running' | 'completed' | 'failed' | 'cancelled';
    message?: string;
    progress?: number;
    step?: string;
    error?: string;
  };
}
export interface SocketOptions extends Defaults {
  onStatus?(status: LiveStatus): void;
}
export class WorkflowWebSocketClient {
  constructor(workflowId: string, onUpdate: (update: ExecutionUpdate) => void, onError?: (error: Error) => void, options?: SocketOptions);
  readonly isConnected: boolean;
  connect(): void;
  disconnect(): void;
}

// Crew monitor
interface RunFrame<T extends string, P> {
  type: T;
  id: string;
  timestamp: string;
  run_id: string;
  payload: P;
}
export type RunMessage =
  | RunFrame<'boot', { workflow_id: string; name: string }>
  | RunFrame<'agent_start' | 'agent_end', { agent_id: string; name: string; status?: string; duration_s?: number }>
  | RunFrame<'task_start' | 'task_end', { task_id: string; agent_id: string; description: string; output?: unknown; status?: string }>
  | RunFrame<'error', { message: string; agent_id?: string }>
  | RunFrame<'done', { status: string; duration_s: number }>;
export type MissionMessage =
  | { type: 'signal'; id: string; payload: { status: 'offline' | 'available' | 'busy'; crewId: string } }
  | { type: 'heartbeat'; timestamp: string };
interface GraphFrame<T extends string> {
  type: T;
  id: string;
  timestamp: string;
  crew_id: string;
  run_id: string;
  agent_id: string | null;
  tool: string;
}
export type GraphMessage =
  | (GraphFrame<'tool_start'> & { params: unknown })
  | (GraphFrame<'tool_progress'> & { message: string; progress?: number })
  | (GraphFrame<'tool_end'> & { duration_s: number; exit_code: number | null; status: 'success' | 'error' | 'completed_with_errors' })
  | { type: 'ping' };
declare class CrewSocket<M> {
  readonly isConnected: boolean;
  subscribe(fn: (message: M) => void): () => void;
  connect(): void;
  disconnect(): void;
}
/** After a break 3 attempts, 2 s apart; it ends with the run. */
export class RunWebSocket extends CrewSocket<RunMessage> {
  constructor(runId: string, options?: SocketOptions);
}
/** Goes on for ever, and watches the heartbeat. */
export class MissionWebSocket extends CrewSocket<MissionMessage> {
  constructor(token?: TokenSource | null, options?: SocketOptions);
  readonly lastHeartbeat: number | null;
}
/** After a break connect() again. crewId null: all crews of the caller. */
export class GraphWebSocket extends CrewSocket<GraphMessage> {
  constructor(crewId: string | null, token?: TokenSource | null, options?: SocketOptions);
}

// Assistant console; its hook is in runspool-client/assistant
export interface AssistantEvent {
  event:
    | 'workflow_start' | 'step_start' | 'step_progress' | 'step_complete' | 'step_error' | 'tool_call' | 'tool_result'
    | 'workflow_complete' | 'workflow_error' | 'error';
  id?: string;
  step: string | null;
  node: string | null;
  message: string | null;
  latency: number | null;
  data: Record<string, unknown> | null;
}
export type AssistantStatus = 'connecting' | 'connected' | 'disconnected' | 'error';
export interface AssistantOptions extends Defaults {
  /** The action socket, for example "wss://host/api/workflow/stream". Default: below `base`. */
  url?: string;
  onEvent?(event: AssistantEvent): void;
  onConnect?(): void;
  onDisconnect?(): void;
  onError?(error: Error): void;
}
export class AssistantClient {
  constructor(options?: AssistantOptions & { onStatus?(status: AssistantStatus): void });
  readonly status: AssistantStatus;
  connect(): void;
  disconnect(): void;
  /** Now, or in order when there is a connection; false: too many messages wait. */
  sendMessage(message: Record<string, unknown>): boolean;
  executeWorkflow(input: string, model?: string, more?: { deltas?: boolean; sessionId?: string }): boolean;
  cancelWorkflow(): boolean;
}

// Dashboard topics; their hooks are in runspool-client/topics
export interface TopicOptions extends Defaults {
  maxReconnectAttempts?: number;
  reconnectInterval?: number;
  backoffMultiplier?: number;
  connectionTimeout?: number;
}
export interface TopicConnection {
  isConnected: boolean;
  connectionQuality: 'good' | 'poor';
  lastUpdated: Date | null;
  reconnectAttempts: number;
}
export interface TopicState<T> extends TopicConnection {
  data: T | undefined;
}
export class TopicClient<T = unknown> {
  /** path: the endpoint without the door, "/queue"; twin: what is asked by HTTP when no door works, "api/queue". */
  constructor(topic: { path: string; twin: string }, options: TopicOptions, changed: (state: TopicState<T>) => void);
  readonly state: TopicState<T>;
  close(): void;
}
