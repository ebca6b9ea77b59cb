// What the crews do, from the streams of the crew monitor: how each stands (mission), the agents and tasks of the runs under
// way and of each crew's last one, and the tools they use (graph). Which agents there are before anything runs is in the
// definitions of the workflows that name a crew.

import { GraphWebSocket, MissionWebSocket, RunWebSocket } from '../client/crew.js';
import { TopicClient } from '../client/topic-client.js';
import { getWorkflow, listRuns, listWorkflows } from './api.js';
import { signal } from './ui.js';

const WORKFLOWS_MAX = 100;
const RUNS_MAX = 12; // followed at a time
const PATIENT = { schedule: { firstMs: 1000, maxMs: 30000 } }; // comes back for as long as the page is open

const agentKey = (crew, workflow, node) => `${crew}/${workflow}/${node}`;

/** An agent's place in the picture: {key, crew, workflow, id, name, model, status, task, output, tool, usage, runId, since}. */
const newAgent = (crew, workflow, id, name) => ({
  key: agentKey(crew, workflow, id), crew, workflow, id, name: name || id, model: null, status: 'pending', task: null, output: null, tool: null, usage: null, runId: null, since: null,
});

export class CrewWatch {
  /** {crews: [{id, signal, workflows, agents, runs}], loaded, live, error}, by id; drawn at most once a frame. */
  view = signal({ crews: [], loaded: false, live: true, error: null });
  #only;
  #signals = new Map();
  #workflows = new Map(); // id -> {id, name, crewId}
  #agents = new Map();
  #runs = new Map(); // id -> {socket, crew, workflow, status}
  #under = []; // the runs under way
  #sockets;
  #active;
  #live = true;
  #error = null;
  #loaded = false;
  #frame = null;
  #closed = false;

  /** crewId: only that one; null: all. */
  constructor(crewId = null) {
    this.#only = crewId;
    const mission = new MissionWebSocket(undefined, { onStatus: ({ state }) => this.#stands(state) });
    mission.subscribe(({ type, payload }) => type === 'signal' && this.#signal(payload));
    const graph = new GraphWebSocket(crewId, undefined, PATIENT);
    graph.subscribe((message) => this.#tool(message));
    this.#sockets = [mission, graph];
    for (const socket of this.#sockets) socket.connect();
    this.#active = new TopicClient({ path: '/workflows', twin: 'api/workflows/active' }, {}, ({ data }) => {
      this.#under = data ?? [];
      this.#followThose();
    });
    this.load();
  }

  close() {
    this.#closed = true;
    for (const socket of this.#sockets) socket.disconnect();
    for (const { socket } of this.#runs.values()) socket.disconnect();
    this.#active.close();
    cancelAnimationFrame(this.#frame);
  }

  load = async () => {
    this.#error = null;
    try {
      const { items } = await listWorkflows({ limit: WORKFLOWS_MAX });
      const ours = items.filter(({ crewId }) => crewId && (!this.#only || crewId === this.#only));
      this.#workflows = new Map(ours.map((workflow) => [workflow.id, workflow]));
      this.#followThose();
      await Promise.all([...ours.map((workflow) => this.#define(workflow)), ...[...new Set(ours.map(({ crewId }) => crewId))].map((crew) => this.#lastRun(crew))]);
      this.#loaded = true;
    } catch (error) {
      this.#error = error;
    }
    this.#draw();
  };

  async #define({ id, crewId }) {
    const { nodes } = await getWorkflow(id);
    for (const { id: node, type, data } of nodes) if (type === 'agent') this.#agent(crewId, id, node, data?.label);
  }

  async #lastRun(crew) {
    const { items } = await listRuns({ crew, limit: 1 });
    if (items.length) this.#follow(items[0]);
  }

  // A crew that has become busy may be so with a workflow that was never saved.
  #signal({ crewId, status }) {
    this.#change(() => this.#signals.set(crewId, status));
    if (status === 'busy') this.#lastRun(crewId).catch(() => {}); // its agents are told when it is known
  }

  #agent(crew, workflow, id, name) {
    const key = agentKey(crew, workflow, id);
    if (!this.#agents.has(key)) this.#agents.set(key, newAgent(crew, workflow, id, name));
    return this.#agents.get(key);
  }

  #followThose() {
    for (const { id, workflow_id: workflowId } of this.#under)
      if (this.#workflows.has(workflowId)) this.#follow({ id, workflowId, crewId: this.#workflows.get(workflowId).crewId });
  }

  #follow({ id, crewId, workflowId }) {
    if (this.#closed || !crewId || this.#runs.has(id) || (this.#only && crewId !== this.#only)) return;
    const over = [...this.#runs].filter(([, { done }]) => done);
    if (this.#runs.size >= RUNS_MAX && over.length) this.#runs.delete(over[0][0]);
    if (this.#runs.size >= RUNS_MAX) return;
    const run = { socket: new RunWebSocket(id, PATIENT), crew: crewId, workflow: workflowId, done: false };
    this.#runs.set(id, run);
    run.socket.subscribe((message) => this.#change(() => this.#heard(id, run, message)));
    run.socket.connect();
  }

  #heard(id, run, { type, payload, timestamp }) {
    if (type === 'boot') for (const agent of this.#agents.values()) if (agent.crew === run.crew && agent.workflow === run.workflow) Object.assign(agent, { status: 'queued', task: null, output: null, tool: null, usage: null, runId: id, since: null });
    if (type === 'done') run.done = true;
    if (!payload.agent_id) return;
    const agent = this.#agent(run.crew, run.workflow, payload.agent_id, payload.name);
    const { name, model, status, usage, duration_s: took, description, output } = payload;
    if (type === 'agent_start') Object.assign(agent, { status: 'running', runId: id, since: timestamp, model: model ?? agent.model, took: null });
    if (type === 'agent_end') Object.assign(agent, { status, took, usage: usage ?? agent.usage, model: model ?? agent.model, tool: null });
    if (type === 'task_start') agent.task = { text: description, status: 'running' };
    if (type === 'task_end') Object.assign(agent, { task: { text: description, status }, output: output ?? agent.output });
    if (type === 'agent_start' && name) agent.name = name;
  }

  #tool({ type, crew_id: crew, run_id: runId, agent_id: id, tool, message }) {
    const run = this.#runs.get(runId);
    if (!run || !id || !type.startsWith('tool_')) return;
    this.#change(() => (this.#agent(crew, run.workflow, id).tool = type === 'tool_end' ? null : { name: tool, message: message ?? null }));
  }

  #stands(state) {
    const live = !['reconnecting', 'failed', 'denied'].includes(state);
    if (live !== this.#live) this.#change(() => (this.#live = live));
  }

  #change(make) {
    make();
    this.#draw();
  }

  #draw() {
    if (this.#closed) return;
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      const ids = new Set([...this.#workflows.values()].map(({ crewId }) => crewId));
      for (const id of this.#signals.keys()) ids.add(id);
      for (const { crew } of this.#runs.values()) ids.add(crew);
      const crews = [...ids].filter((id) => !this.#only || id === this.#only).sort().map((id) => ({
        id,
        signal: this.#signals.get(id) ?? null,
        workflows: [...this.#workflows.values()].filter(({ crewId }) => crewId === id),
        agents: [...this.#agents.values()].filter(({ crew }) => crew === id).map((agent) => ({ ...agent })),
      }));
      this.view.value = { crews, loaded: this.#loaded, live: this.#live, error: this.#error };
    });
  }
}
