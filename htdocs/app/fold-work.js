// What agents write and which tools are called in a run, folded from its events.

const TEXT_MAX = 500000; // characters kept of one agent's text

export class WorkFold {
  agents = new Map(); // node id -> {nodeId, model, text, cut, status, durationS, usage}
  calls = []; // {key, nodeId, tool, params, status, output, error, durationS, exitCode, byAgent}
  changes = 0;
  #open = new Map(); // key of a call that has not ended -> call

  /** The whole run starts over, or some of its nodes do. */
  forget(isForgotten = () => true) {
    this.changes++;
    for (const nodeId of this.agents.keys()) if (isForgotten(nodeId)) this.agents.delete(nodeId);
    this.calls = this.calls.filter(({ nodeId }) => !isForgotten(nodeId));
    for (const [key, { nodeId }] of this.#open) if (isForgotten(nodeId)) this.#open.delete(key);
  }

  apply({ type, data }) {
    if (!data.nodeId || !Object.hasOwn(this.#handlers, type)) return;
    this.#handlers[type](data);
    this.changes++;
  }

  #handlers = {
    'agent.started': (data) => this.#began(data),
    'agent.delta': (data) => this.#delta(data),
    'agent.finished': (data) => this.#finished(data),
    'tool.started': (data) => this.#call(data),
    'tool.finished': (data) => this.#called(data),
  };

  #agent(nodeId) {
    if (!this.agents.has(nodeId)) this.agents.set(nodeId, { nodeId, model: null, text: '', cut: 0, status: 'running', usage: null });
    return this.agents.get(nodeId);
  }

  #began(data) {
    this.agents.delete(data.nodeId);
    this.#agent(data.nodeId).model = data.model ?? null;
  }

  #delta(data) {
    const agent = this.#agent(data.nodeId);
    const room = TEXT_MAX - agent.text.length;
    const delta = String(data.delta ?? '');
    agent.text += delta.slice(0, room);
    agent.cut += Math.max(0, delta.length - room);
  }

  #finished({ nodeId, status, durationS, usage }) {
    Object.assign(this.#agent(nodeId), { status: status ?? 'success', durationS, usage });
  }

  #call({ nodeId, callId, agentId, tool, params }) {
    const key = `${nodeId} ${callId ?? ''}`;
    const call = { key: `${key} ${this.calls.length}`, nodeId, tool, params, status: 'running', byAgent: Boolean(callId ?? agentId) };
    this.#open.set(key, call);
    this.calls.push(call);
  }

  #called({ nodeId, callId, tool, status, output, error, durationS, exitCode }) {
    const key = `${nodeId} ${callId ?? ''}`;
    if (!this.#open.has(key)) this.#call({ nodeId, callId, tool });
    Object.assign(this.#open.get(key), { status: status ?? 'success', output, error, durationS, exitCode });
    this.#open.delete(key);
  }
}
