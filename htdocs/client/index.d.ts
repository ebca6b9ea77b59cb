/** What a subscription is doing, for a badge. */
export type LiveStatus =
  | { state: 'connecting'; door: null }
  | { state: 'live'; door: DoorName }
  /** History is still coming; `received` messages so far. */
  | { state: 'catching-up'; door: DoorName; received: number }
  /** Said only when a break has lasted two seconds. `retryAt`: ms since the epoch of the next try. */
  | { state: 'reconnecting'; door: null; retryAt: number }
  /** The stream is complete, nothing will follow. */
  | { state: 'ended'; door: DoorName }
  /** The token is missing, bad, expired, or does not allow this. */
  | { state: 'denied'; door: DoorName }
  | { state: 'closed'; door: null };

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

/** One way to the server. A door reports to `on` and ends itself when the returned function is called. */
export interface Door {
  name: DoorName;
  /** Milliseconds in which the first frame must come. */
  firstMs: number;
  open(target: DoorTarget, on: DoorEvents): () => void;
}
export interface DoorTarget {
  base: string;
  path: string;
  streams?: string[];
  since?: string;
  token?: string;
  WebSocket: typeof WebSocket;
  fetch: typeof fetch;
}
export interface DoorEvents {
  frame(): void;
  message(message: Message): void;
  position(id: string): void;
  caughtUp(): void;
  closed(outcome: { kind: 'unusable' | 'cut' | 'denied' | 'ended'; retryMs?: number }): void;
}

export interface LiveOptions<M extends Message = Message> {
  /** Streams of the native protocol ... */
  streams?: string[];
  /** ... or the path of another live endpoint, without the door: "/workflows/r_1/logs". */
  path?: string;
  /** An id, "start" or "now", exclusive. */
  since?: string;
  /** The site's root; by default where this module was loaded from. */
  base?: string;
  token?: string;
  /** Best first. Default: all four. */
  doors?: Door[];
  onMessage?(message: M): void;
  onGap?(gap: Gap): void;
  onStatus?(status: LiveStatus): void;
  WebSocket?: typeof WebSocket;
  fetch?: typeof fetch;
}

/** A subscription that changes door by itself and never repeats or loses a message. */
export class Live<M extends Message = Message> {
  constructor(options: LiveOptions<M>);
  readonly cursor: string | undefined;
  readonly status: LiveStatus;
  close(): void;
}

export const doors: Door[];
export const siteBase: string;
export function comparePositions(a: string, b: string): number;

export class RequestError extends Error {
  /** 0: no answer at all. */
  status: number;
  title: string;
  detail: string;
  errors: { nodeId?: string; edgeId?: string; param?: string; code: string; message: string }[];
}

export interface RequestOptions {
  body?: unknown;
  query?: Record<string, string | number | (string | number)[] | null | undefined>;
  token?: string;
  base?: string;
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

type Follow = Omit<LiveOptions, 'path' | 'streams' | 'onMessage'>;
export function connectWorkflowStream(runId: string, onMessage: (message: Message) => void, options?: Follow): Live;
export function connectWorkflowLogsStream(runId: string, onMessage: (message: Message) => void, options?: Follow): Live;
export function connectScrapingStream(toolId: string, onMessage: (message: Message) => void, options?: Follow): Live;
export function connectStreams(
  streams: string[],
  onEvent: (event: NativeEvent) => void,
  options?: Follow,
): Live<NativeEvent>;
export function runWorkflow(workflowId: string, run?: RunRequest, options?: RequestOptions): Promise<RunStarted>;
export function updateSessionTools(
  sessionId: string,
  toolId: string,
  enabled: boolean,
  options?: RequestOptions,
): Promise<unknown>;
