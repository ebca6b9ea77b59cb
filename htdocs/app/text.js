// Every word the dashboard says. Sentence case, verbs on buttons, numbers with units, no exclamation marks.

const n = (count, one, many) => `${new Intl.NumberFormat('en').format(count)} ${count === 1 ? one : many}`;

export const text = {
  product: 'Runspool',
  skip: 'Skip to the content',
  justNow: 'just now',
  nav: { main: 'Main', workflows: 'Workflows', runs: 'Runs', history: 'History', assistant: 'Assistant', monitor: 'Monitor' },
  theme: { label: 'Theme', system: 'System', light: 'Light', dark: 'Dark', dracula: 'Dracula' },

  state: {
    queued: 'Queued',
    pending: 'Pending',
    running: 'Running',
    waiting: 'Waiting',
    paused: 'Paused',
    success: 'Success',
    error: 'Failed',
    cancelled: 'Cancelled',
    skipped: 'Skipped',
    never: 'Never run',
  },

  door: { websocket: 'WebSocket', sse: 'SSE', 'long-poll': 'long poll', polling: 'polling' },
  live: {
    connecting: 'Connecting',
    live: (door) => `Live · ${door}`,
    catchingUp: (count) => `Catching up ${count}`,
    reconnecting: (seconds) => (seconds > 0 ? `Reconnecting in ${seconds} s` : 'Reconnecting'),
    ended: (door) => `Complete · ${door}`,
    denied: 'Not allowed to watch',
    closed: 'Not connected',
    failed: 'Not connected',
    missing: 'Nothing to follow',
    hint: {
      websocket: 'Events arrive over a WebSocket, the fastest way.',
      sse: 'Events arrive over server-sent events. A WebSocket was not possible; it is tried again from time to time.',
      'long-poll': 'Events arrive by long poll. Streaming was not possible; it is tried again from time to time.',
      polling: 'Events are fetched from the event log. The bridge was not reachable; it is tried again from time to time.',
    },
  },

  failure: {
    title: 'This could not be loaded',
    network: 'The server did not answer. In a terminal, "runspool status" says whether it runs.',
    notFound: { workflow: 'There is no workflow with this id.', run: 'There is no run with this id.' },
    server: (status, detail) => `The server answered ${status}: ${detail}`,
    retry: 'Try again',
    notHere: 'There is no such page.',
    toWorkflows: 'Go to workflows',
    staleList: 'The list could not be refreshed. It shows the last state known.',
  },

  workflows: {
    title: 'Workflows',
    count: (count) => n(count, 'workflow', 'workflows'),
    empty: 'No workflow is saved yet. Import one in a terminal:',
    emptyCommand: 'runspool workflow import FILE.json',
    reload: 'Look again',
    name: 'Name',
    nodes: 'Nodes',
    last: 'Last run',
    recent: 'Last 20',
    rate: 'Success',
    spark: (count, failed) => `Of the last ${n(count, 'run', 'runs')} ${failed} failed`,
    filter: 'Filter workflows',
    noMatch: 'No workflow matches.',
    clear: 'Show all workflows',
    run: 'Run',
    runNamed: (name) => `Run ${name}`,
    more: 'Show more',
    nodeCount: (count) => n(count, 'node', 'nodes'),
  },

  workflow: {
    run: 'Run workflow',
    running: 'Starting',
    input: 'Input',
    noInput: 'This workflow needs no input.',
    required: 'required',
    graph: 'Graph',
    recent: 'Recent runs',
    noRuns: 'It has never run.',
    version: (version) => `Version ${version}`,
    missing: 'Enter a value.',
    notNumber: 'Enter a number.',
    notInteger: 'Enter a whole number.',
    notJson: (what) => `Enter ${what} as JSON.`,
    object: 'an object',
    array: 'a list',
    lines: 'One per line, or a JSON list',
    json: 'JSON',
    refused: 'The run was not started.',
    yes: 'Yes',
    choose: 'Choose',
  },

  forms: {
  },

  editor: {
  },

  runs: {
    title: 'Runs',
    empty: 'Nothing has run yet.',
    emptyFilter: 'No run matches.',
    toWorkflows: 'Choose a workflow',
    clear: 'Show all runs',
    filter: 'State',
    all: 'All',
    state: 'State',
    name: 'Run',
    progress: 'Progress',
    started: 'Started',
    duration: 'Duration',
    more: 'Show older runs',
    ofWorkflow: (name) => `Workflow: ${name}`,
  },

  versions: {
  },

  run: {
    label: (id) => `Run ${id}`,
    progress: 'Progress',
    started: 'Started',
    queuedAt: 'Queued',
    attempt: (attempt) => `Attempt ${attempt}`,
    more: 'More to do with this run',
    busy: 'One moment',
    action: { cancel: 'Cancel', pause: 'Pause', unpause: 'Go on', resume: 'Go on at the failure', retry: 'Start over', rerun: 'Run again', edit: 'Run again with other input', compare: 'Compare' },
    actionHint: {
      resume: 'The same run; what succeeded is kept',
      retry: 'The same run, from its first node',
      rerun: 'A new run with the same input',
      edit: 'A new run',
      compare: 'With the run before, or another',
    },
    inputJson: 'Input as JSON',
    notJson: 'This is no JSON object.',
    close: 'Close',
    graph: 'Graph',
    nodes: 'Nodes',
    nodeOf: (done, total) => `${done} of ${total} nodes`,
    detail: 'Details',
    divider: 'Width of the graph',
    tabs: { log: 'Log', timeline: 'Timeline', results: 'Results', io: 'Input and output', artifacts: 'Artifacts', attempts: 'Attempts' },
    whole: (events) => `Complete, ${n(events, 'event', 'events')}`,
    wholeHint: 'The run has ended, and every event of it is here.',
    openSheet: 'Open the details',
    closeSheet: 'Close the details',
    nodeKind: (kind) => kind.replaceAll('_', ' '),
    allNodes: 'All nodes',
    clearNode: 'Show all nodes',
    announce: (name, state) => `${name}: ${state}`,
    fit: 'Fit',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    gap: 'Older events are no longer kept. States are complete, the log is not.',
    actionFailed: (detail) => `That did not work: ${detail}`,
    dismiss: 'Dismiss',
  },

  assistant: {
  },

  monitor: {
    title: 'Monitor',
    views: { active: 'Active runs', queue: 'Queue', schedules: 'Schedules', webhooks: 'Webhooks', adws: 'ADWs', routes: 'Routes', system: 'System' },
    idle: 'Nothing is queued or running.',
    polled: 'Not live at the moment; as it was',
  },

  queue: {
    entry: 'Entry',
    priority: 'Priority',
    added: 'Added',
    change: 'Change',
    issue: (number) => `Issue ${number}`,
    phase: (phase) => `phase ${phase}`,
    up: (name) => `Move ${name} up`,
    down: (name) => `Move ${name} down`,
    remove: (name) => `Remove ${name}`,
    pause: 'Pause the queue',
    resume: 'Resume the queue',
    paused: 'Paused: nothing that waits begins.',
    waiting: (count) => (count ? `${n(count, 'entry waits', 'entries wait')}` : 'Nothing waits.'),
    empty: 'The queue is empty. POST /api/queue adds to it.',
  },

  crews: {
  },

  schedules: {
    next: 'Next times',
    last: 'Last time',
    note: 'Note',
    missed: (count) => `${n(count, 'time', 'times')} missed`,
    empty: 'No workflow has a schedule. A trigger node of kind schedule makes one.',
  },

  scraping: {
  },

  webhooks: {
    source: 'Source',
    received: 'Received',
    accepted: 'Accepted',
    refused: 'Refused',
    rejected: (reason, count) => `${reason}: ${count}`,
    last: 'Last delivery',
    empty: 'No webhook has come yet. Setting hooks.NAME.secret opens /hooks/NAME.',
  },

  metrics: {
  },

  adws: {
    id: 'ADW',
    issue: 'Issue',
    template: 'Workflow',
    model: 'Model',
    summary: { total: 'Total', running: 'Running', completed: 'Completed', failed: 'Failed', paused: 'Paused' },
    empty: 'No ADW has told its state yet. PUT /api/adws/ID tells it.',
  },

  routes: { path: 'Route', calls: 'Calls', errors: 'Errors', p50: '50 % within', p95: '95 % within', last: 'Last call', ms: (ms) => `${ms} ms` },

  system: {
    component: 'Component',
    latency: 'Answer',
    version: 'Version',
    uptime: 'Up for',
    checked: 'Looked at',
    status: { healthy: 'Healthy', degraded: 'Degraded', down: 'Down', disabled: 'Not set up' },
    components: { bridge: 'Bridge', runner: 'Runner', database: 'Database', event_log: 'Event log', redis: 'Redis', model_endpoint: 'Model endpoint', disk: 'Disk', scheduler: 'Scheduler' },
  },

  doctor: {
  },

  history: {
    title: 'History',
    empty: 'No run has ended yet.',
    runs: 'Runs',
    rate: 'Success',
    average: 'Average duration',
    p50: '50 % of the runs',
    p95: '95 % of the runs',
    p95Hint: '95 % of the runs took at most so long',
    failures: 'Failures in 24 hours',
    perDay: 'Runs a day',
    day: 'Day',
    ends: 'Runs a day, by how they ended',
    took: 'Duration',
    rateDay: 'Success a day',
    charted: (runs) => `The charts show the newest ${runs} runs.`,
    ended: 'Ended',
    workflow: 'Workflow',
    allWorkflows: 'All workflows',
    find: 'Find a run',
    span: 'Time',
    spans: { all: 'All time', day: 'Today', week: '7 days', month: '30 days' },
    pages: 'Pages',
    newer: 'Newer',
    older: 'Older',
    pageOf: (page, pages) => `Page ${page} of ${pages}`,
  },

  keys: {
  },

  compare: {
    title: 'Compare runs',
    of: (name) => `Two runs of ${name}`,
    side: (letter) => `Run ${letter}`,
    first: (name) => `They first differ at ${name}.`,
    equal: 'States and outputs of all nodes are the same.',
    versions: (a, b) => `A ran version ${a ?? 'never saved'} of the workflow, B ${b ?? 'never saved'}.`,
    inputs: 'Inputs',
    node: 'Node',
    change: 'A to B',
    same: 'the same',
    absent: 'not there',
    nothing: 'nothing',
    place: 'Place',
    places: (count) => n(count, 'difference', 'differences'),
    cut: (count) => `Only the first ${count} differences are shown.`,
    alone: 'There is no other run of this workflow yet.',
    back: 'Go back to the run',
  },

  toast: {
    region: 'Notes',
    open: 'Open',
    dismiss: 'Dismiss this note',
  },

  approval: {
    title: (name) => `${name} asks`,
    until: 'Until',
    comment: 'Comment',
    approve: 'Approve',
    reject: 'Reject',
  },

  exported: {
  },

  attempts: {
    empty: 'It has not begun yet.',
    number: 'Attempt',
    kind: 'Begun by',
    kinds: { first: 'Start', retried: 'Started over', resumed: 'Went on at the failure' },
    show: 'Show where it begins in the log',
  },

  work: {
    tools: 'Tools',
    params: 'Parameters',
    tokens: (count, estimated) => `${estimated ? 'about ' : ''}${n(count, 'token', 'tokens')}`,
    split: (read, written) => `${read} read, ${written} written`,
    thinking: 'No text yet.',
    silent: 'It wrote no text.',
    earlier: (count) => `Show ${n(count, 'earlier call', 'earlier calls')}`,
  },

  scrubber: {
    label: 'Time in the run',
    play: 'Play',
    stop: 'Stop',
    at: (at, whole) => `${at} of ${whole}`,
    end: 'Show the end',
  },

  timeline: {
    empty: 'Nothing has begun yet.',
    label: 'Nodes over time',
    bar: (name, state, from, length) => `${name}: ${state}, after ${from}, ${length}`,
    attempt: (n) => `attempt ${n}`,
  },

  log: {
    label: 'Log',
    empty: 'No line yet.',
    emptyEnded: 'This run wrote no line.',
    emptyFilter: 'No line matches.',
    filter: 'Filter lines',
    node: 'Node',
    time: 'Time',
    follow: 'Follow',
    waiting: (count) => n(count, 'new line', 'new lines'),
    lines: (count) => n(count, 'line', 'lines'),
    linesOf: (shown, total) => `${shown} of ${total} lines`,
    permalink: (number) => `Link to line ${number}`,
    attempt: (attempt) => `Attempt ${attempt}`,
    level: 'Level',
    levels: { all: 'All levels', warning: 'Warnings and errors', error: 'Errors' },
    download: 'Download',
    dropped: (count) => `${n(count, 'line was', 'lines were')} dropped here, because they came faster than they could be kept`,
    gap: 'Lines before this one are no longer kept',
    folded: (count) => `${n(count, 'older line is', 'older lines are')} not shown, to keep this page quick`,
    cut: (count) => ` … ${n(count, 'more character', 'more characters')}`,
    errorAt: (number) => `Error in line ${number}`,
    node_: {
      finished: (name, duration) => `${name} finished${duration ? ` in ${duration}` : ''}`,
      failed: (name, message) => `${name} failed${message ? `: ${message}` : ''}`,
      cancelled: (name) => `${name} was cancelled`,
      retried: (name, attempt, message) => `${name} is tried again, attempt ${attempt}${message ? `: ${message}` : ''}`,
      waiting: (name, message) => `${name} waits${message ? `: ${message}` : ''}`,
      decided: (name, { decision, by, comment }) => `${name} ${decision}${by ? ` by ${by}` : ''}${comment ? `: ${comment}` : ''}`,
    },
  },

  results: {
    none: 'This run has no result.',
    later: 'The result appears when the run has finished.',
    result: 'Result',
    report: 'Report',
    error: 'Error',
    errorIn: (node) => `in ${node}`,
    openNode: 'Show its log',
  },

  minimap: {
  },

  io: {
    input: 'Input',
    output: 'Output',
    error: 'Error',
    run: 'Run',
    empty: 'Empty',
    notYet: 'Nothing yet.',
    choose: 'Choose a node in the graph to see only its own.',
    more: (count) => `Show ${n(count, 'more entry', 'more entries')}`,
    copy: 'Copy',
    copied: 'Copied',
  },

  artifacts: {
    empty: 'This run has left no files.',
    name: 'Name',
    size: 'Size',
    type: 'Type',
    download: 'Download',
  },
};
