// The execution monitor's socket: a workflow's current run and each later one.

import { Live } from './live.js';

const SCHEDULE = { firstMs: 1000, linear: true, tries: 5, settleMs: 0 }; // 5 attempts, 1 s x attempt

/**
 * new WorkflowWebSocketClient(workflowId, onUpdate, onError, options): onUpdate({type, id, timestamp, data}) for each message;
 * onError(error) when the server is not found again, or refuses. options: base, token, onStatus(status).
 */
export class WorkflowWebSocketClient {
  #live = null;
  #cursor;

  constructor(workflowId, onUpdate, onError, options = {}) {
    Object.assign(this, { workflowId, onUpdate, onError, options });
  }

  get isConnected() {
    return ['live', 'catching-up'].includes(this.#live?.status.state);
  }

  connect() {
    if (this.#live) return;
    this.#live = new Live({
      schedule: SCHEDULE,
      ...this.options,
      path: `/workflow/${encodeURIComponent(this.workflowId)}`,
      since: this.#cursor,
      endless: true,
      onMessage: (message) => this.onUpdate?.(message),
      onStatus: (status) => this.#heard(status),
    });
  }

  disconnect() {
    const live = this.#live;
    this.#live = null;
    this.#cursor = live?.cursor ?? this.#cursor;
    live?.close();
  }

  #heard(status) {
    this.options.onStatus?.(status);
    const denied = status.state === 'denied';
    if (!denied && status.state !== 'failed') return;
    this.disconnect();
    this.onError?.(new Error(denied ? 'This workflow may not be followed' : 'The connection was lost and could not be made again'));
  }
}
