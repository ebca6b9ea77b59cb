/* The schema, as numbered steps that are never edited once released: a change is a new step at the end.
 * The SQL is what SQLite 3.40 and PostgreSQL 15 share; IDENTITY stands for the driver's own word.
 * Times are milliseconds since 1970; flags are 0 or 1; JSON is text. */
#include "store/driver.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>

#define STATEMENT_MAX 4096

static const char *const first[] = {
    "CREATE TABLE workflow ("
    " org TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL,"
    " created BIGINT NOT NULL, updated BIGINT NOT NULL,"
    " summary TEXT NOT NULL," /* what a list shows: name, description, crewId, nodeCount, params */
    " definition TEXT NOT NULL,"
    " PRIMARY KEY (org, id))",

    /* n: age order, and the cursor of lists. concurrency: runs of this workflow at a time, 0 any number.
     * fence: raised by each claim; lease: until when it holds, 0 none; place: host, boot and pid namespace of pid,
     * with pid_start its start time, so that a recycled pid is not taken for it. tags: JSON array, of the stream. */
    "CREATE TABLE run ("
    " n IDENTITY, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL,"
    " workflow_id TEXT NOT NULL, workflow_version BIGINT NOT NULL, name TEXT NOT NULL,"
    " crew_id TEXT, session_id TEXT, status TEXT NOT NULL, priority BIGINT NOT NULL, concurrency BIGINT NOT NULL,"
    " attempt BIGINT NOT NULL, progress BIGINT NOT NULL, n_nodes BIGINT NOT NULL, n_ended BIGINT NOT NULL,"
    " cancel BIGINT NOT NULL,"
    " created BIGINT NOT NULL, started BIGINT, finished BIGINT,"
    " fence BIGINT NOT NULL, owner TEXT, lease BIGINT NOT NULL, place TEXT, pid BIGINT NOT NULL,"
    " pid_start BIGINT NOT NULL,"
    " error TEXT, tags TEXT NOT NULL, input TEXT NOT NULL, output TEXT, definition TEXT NOT NULL)",
    "CREATE INDEX run_by_org ON run (org, n)",
    "CREATE INDEX run_by_workflow ON run (org, workflow_id, status, n)",
    "CREATE INDEX run_by_workflow_age ON run (org, workflow_id, n)",
    "CREATE INDEX run_by_status ON run (status, priority DESC, n)",

    /* tool: of the tool events of nodes in group tool, else NULL. */
    "CREATE TABLE node ("
    " run_id TEXT NOT NULL REFERENCES run (id), node_id TEXT NOT NULL, place BIGINT NOT NULL,"
    " kind TEXT NOT NULL, tool TEXT, continue_on_error BIGINT NOT NULL,"
    " status TEXT NOT NULL, attempt BIGINT NOT NULL, started BIGINT, finished BIGINT,"
    " pgid BIGINT NOT NULL, pgid_start BIGINT NOT NULL, error TEXT, output TEXT,"
    " PRIMARY KEY (run_id, node_id))",

    "CREATE TABLE outbox ("
    " id IDENTITY, stream TEXT NOT NULL, type TEXT NOT NULL, created BIGINT NOT NULL, data TEXT NOT NULL)",
    "CREATE INDEX outbox_by_stream ON outbox (stream, id)",

    "CREATE TABLE runner (id TEXT NOT NULL PRIMARY KEY, seen BIGINT NOT NULL)",

    /* status 0: the first request with this key is still at work. */
    "CREATE TABLE idempotency ("
    " org TEXT NOT NULL, route TEXT NOT NULL, idem_key TEXT NOT NULL, request_hash TEXT NOT NULL,"
    " status BIGINT NOT NULL, response TEXT, created BIGINT NOT NULL,"
    " PRIMARY KEY (org, route, idem_key))",
    NULL,
};

/* resumes: how often it was put back into the queue because its process had died. */
static const char *const orphan_resumed[] = {
    "ALTER TABLE run ADD COLUMN resumes BIGINT NOT NULL DEFAULT 0",
    NULL,
};

/* state: JSON, what the node's kind keeps for the next process that executes it. */
static const char *const node_state[] = {
    "ALTER TABLE node ADD COLUMN state TEXT",
    NULL,
};

static const char *const sessions[] = {
    "CREATE TABLE session ("
    " id TEXT NOT NULL PRIMARY KEY, org TEXT NOT NULL, name TEXT NOT NULL, model TEXT, version BIGINT NOT NULL,"
    " created BIGINT NOT NULL, updated BIGINT NOT NULL, messages TEXT NOT NULL, n_messages BIGINT NOT NULL)",
    "CREATE INDEX session_by_org ON session (org, id)",
    "CREATE TABLE session_tool ("
    " session_id TEXT NOT NULL, tool TEXT NOT NULL, enabled BIGINT NOT NULL, PRIMARY KEY (session_id, tool))",
    NULL,
};

/* What the models of a run's nodes were asked, in all attempts. cost: millionths of a US dollar; unpriced: requests to a
 * model without a known price. */
static const char *const model_usage[] = {
    "CREATE TABLE model_usage ("
    " run_id TEXT NOT NULL, node_id TEXT NOT NULL, requests BIGINT NOT NULL, prompt_tokens BIGINT NOT NULL,"
    " completion_tokens BIGINT NOT NULL, cost BIGINT NOT NULL, unpriced BIGINT NOT NULL,"
    " PRIMARY KEY (run_id, node_id))",
    NULL,
};

/* pause: somebody wants it to pause; ran: milliseconds it was executed before it was paused last; cancel_reason: why, when
 * it was not a person. A row in queue_state: the organisation's queue is or was paused. */
static const char *const policies[] = {
    "ALTER TABLE run ADD COLUMN pause BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN ran BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN cancel_reason TEXT",
    "ALTER TABLE workflow ADD COLUMN paused BIGINT NOT NULL DEFAULT 0",
    "CREATE TABLE queue_state (org TEXT NOT NULL PRIMARY KEY, paused BIGINT NOT NULL, changed BIGINT NOT NULL)",
    "CREATE INDEX run_leased ON run (lease) WHERE lease > 0",
    NULL,
};

/* started_by: JSON, {kind, nodeId, ...} of the trigger; NULL: somebody did.
 * schedule: one row for each schedule trigger of a saved workflow. due: what comes next; fire: when, with its jitter; 0: it
 * does not. paused: by a person. last: newest due time that was dealt with; missed: how many it let go; error: why the last
 * came to nothing.
 * schedule_run: which due time became which run, so that none becomes two.
 * lease: who does what only one may; fence: raised whenever it changes hands. */
static const char *const schedules[] = {
    "ALTER TABLE run ADD COLUMN started_by TEXT",
    "CREATE TABLE schedule ("
    " org TEXT NOT NULL, workflow_id TEXT NOT NULL, node_id TEXT NOT NULL,"
    " cron TEXT NOT NULL, timezone TEXT NOT NULL, catch_up TEXT NOT NULL, jitter BIGINT NOT NULL,"
    " enabled BIGINT NOT NULL, paused BIGINT NOT NULL, due BIGINT NOT NULL, fire BIGINT NOT NULL,"
    " last BIGINT NOT NULL, last_run TEXT, missed BIGINT NOT NULL, error TEXT,"
    " PRIMARY KEY (org, workflow_id, node_id))",
    "CREATE INDEX schedule_by_fire ON schedule (fire)",
    "CREATE TABLE schedule_run ("
    " org TEXT NOT NULL, workflow_id TEXT NOT NULL, node_id TEXT NOT NULL, due BIGINT NOT NULL,"
    " run_id TEXT NOT NULL, created BIGINT NOT NULL,"
    " PRIMARY KEY (org, workflow_id, node_id, due))",
    "CREATE INDEX schedule_run_by_age ON schedule_run (created)",
    "CREATE TABLE lease (name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL, fence BIGINT NOT NULL, until BIGINT NOT NULL)",
    NULL,
};

/* One row a node that asked; n: age order. status: waiting, approved, rejected, closed. */
static const char *const approvals[] = {
    "CREATE TABLE approval ("
    " n IDENTITY, run_id TEXT NOT NULL REFERENCES run (id), node_id TEXT NOT NULL, org TEXT NOT NULL,"
    " status TEXT NOT NULL, message TEXT NOT NULL, requested BIGINT NOT NULL, deadline BIGINT NOT NULL,"
    " decided BIGINT NOT NULL DEFAULT 0, decided_by TEXT, comment TEXT, data TEXT,"
    " UNIQUE (run_id, node_id))",
    "CREATE INDEX approval_waiting ON approval (org, n) WHERE status = 'waiting'",
    NULL,
};

static const char *const versions[] = {
    "CREATE TABLE workflow_version ("
    " org TEXT NOT NULL, id TEXT NOT NULL, version BIGINT NOT NULL, created BIGINT NOT NULL, definition TEXT NOT NULL,"
    " PRIMARY KEY (org, id, version))",
    "INSERT INTO workflow_version (org, id, version, created, definition)"
    " SELECT org, id, version, updated, definition FROM workflow",
    /* A run's attempts but the present one, which is in its row. */
    "CREATE TABLE run_attempt ("
    " run_id TEXT NOT NULL REFERENCES run (id), attempt BIGINT NOT NULL, status TEXT NOT NULL, started BIGINT,"
    " finished BIGINT, error TEXT, PRIMARY KEY (run_id, attempt))",
    NULL,
};

/* sealed: base64 of a sealed box (model/secret.h), opened by the private key that key_id names. */
static const char *const secrets[] = {
    "CREATE TABLE secret ("
    " org TEXT NOT NULL, name TEXT NOT NULL, key_id TEXT NOT NULL, sealed TEXT NOT NULL,"
    " created BIGINT NOT NULL, updated BIGINT NOT NULL, PRIMARY KEY (org, name))",
    NULL,
};

/* expected_ms: of the run, 0 unknown; expected: JSON, of its nodes (see model/expected.h). slow: it takes far longer. */
static const char *const expected[] = {
    "ALTER TABLE run ADD COLUMN expected_ms BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN expected TEXT",
    "ALTER TABLE node ADD COLUMN slow BIGINT NOT NULL DEFAULT 0",
    NULL,
};

/* One row an item of a foreach that has begun. bytes: of output. */
static const char *const items[] = {
    "CREATE TABLE item ("
    " run_id TEXT NOT NULL REFERENCES run (id), node_id TEXT NOT NULL, idx BIGINT NOT NULL,"
    " status TEXT NOT NULL, attempt BIGINT NOT NULL, started BIGINT NOT NULL, finished BIGINT NOT NULL,"
    " pgid BIGINT NOT NULL DEFAULT 0, pgid_start BIGINT NOT NULL DEFAULT 0,"
    " error TEXT, output TEXT, bytes BIGINT NOT NULL DEFAULT 0, state TEXT,"
    " PRIMARY KEY (run_id, node_id, idx))",
    NULL,
};

/* parent_*: the node (and item, -1 none) of the run that started it; depth: how many runs stand above it, or came before it
 * by triggers. idle: its nodes only wait, so that it takes no place of runner.max_runs. */
static const char *const lineage[] = {
    "ALTER TABLE run ADD COLUMN parent_run_id TEXT",
    "ALTER TABLE run ADD COLUMN parent_node_id TEXT",
    "ALTER TABLE run ADD COLUMN parent_item BIGINT NOT NULL DEFAULT -1",
    "ALTER TABLE run ADD COLUMN depth BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE run ADD COLUMN idle BIGINT NOT NULL DEFAULT 0",
    "CREATE INDEX run_by_parent ON run (parent_run_id) WHERE parent_run_id IS NOT NULL",
    NULL,
};

/* What saved workflows listen for: runs of workflow source (or any, *) that end with this status. */
static const char *const event_triggers[] = {
    "CREATE TABLE event_trigger ("
    " org TEXT NOT NULL, source TEXT NOT NULL, status TEXT NOT NULL, workflow_id TEXT NOT NULL, node_id TEXT NOT NULL,"
    " PRIMARY KEY (org, source, status, workflow_id, node_id))",
    "CREATE INDEX event_trigger_by_workflow ON event_trigger (org, workflow_id)",
    NULL,
};

/* Agents, their tasks and calls of tools that have begun and not ended: whoever finds their process dead tells of their end.
 * data: what was told of the beginning. */
static const char *const begun[] = {
    "CREATE TABLE begun ("
    " run_id TEXT NOT NULL, node_id TEXT NOT NULL, what TEXT NOT NULL, ref TEXT NOT NULL, since BIGINT NOT NULL,"
    " data TEXT NOT NULL, PRIMARY KEY (run_id, node_id, what, ref))",
    NULL,
};

/* hook: one row for each webhook trigger of a saved workflow. hook_seen: deliveries that are refused a second time, until then.
 * hook_run: which of them became which run, so that none becomes two. hook_delivery: the newest of each source; runs: JSON.
 * hook_source, hook_rejected: how many there were. */
static const char *const hooks[] = {
    "CREATE TABLE hook ("
    " org TEXT NOT NULL, workflow_id TEXT NOT NULL, node_id TEXT NOT NULL, source TEXT NOT NULL, events TEXT NOT NULL,"
    " filter TEXT, PRIMARY KEY (org, workflow_id, node_id))",
    "CREATE INDEX hook_by_source ON hook (org, source)",
    "CREATE TABLE hook_seen ("
    " org TEXT NOT NULL, source TEXT NOT NULL, delivery TEXT NOT NULL, until BIGINT NOT NULL,"
    " PRIMARY KEY (org, source, delivery))",
    "CREATE INDEX hook_seen_by_end ON hook_seen (until)",
    "CREATE TABLE hook_run ("
    " org TEXT NOT NULL, source TEXT NOT NULL, delivery TEXT NOT NULL, workflow_id TEXT NOT NULL, node_id TEXT NOT NULL,"
    " run_id TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (org, source, delivery, workflow_id, node_id))",
    "CREATE INDEX hook_run_by_age ON hook_run (created)",
    "CREATE TABLE hook_delivery ("
    " n IDENTITY, org TEXT NOT NULL, source TEXT NOT NULL, received BIGINT NOT NULL, delivery TEXT, event TEXT,"
    " outcome TEXT NOT NULL, reason TEXT, runs TEXT NOT NULL, bytes BIGINT NOT NULL)",
    "CREATE INDEX hook_delivery_by_source ON hook_delivery (org, source, n)",
    "CREATE TABLE hook_source ("
    " org TEXT NOT NULL, source TEXT NOT NULL, received BIGINT NOT NULL, accepted BIGINT NOT NULL, last BIGINT NOT NULL,"
    " last_run TEXT, PRIMARY KEY (org, source))",
    "CREATE TABLE hook_rejected ("
    " org TEXT NOT NULL, source TEXT NOT NULL, reason TEXT NOT NULL, n BIGINT NOT NULL, PRIMARY KEY (org, source, reason))",
    NULL,
};

static const char *const under_way[] = {
    "DROP INDEX run_leased",
    "CREATE INDEX run_under_way ON run (org, workflow_id) WHERE lease > 0",
    NULL,
};

/* An entry of the queue, of a run or only tracked. issue, parent, phase: JSON, a number or a text; metadata: a JSON object.
 * status: queued, running, completed, failed. */
static const char *const queue_entries[] = {
    "CREATE TABLE queue_entry ("
    " n IDENTITY, id TEXT NOT NULL UNIQUE, org TEXT NOT NULL, issue TEXT, parent TEXT, phase TEXT, status TEXT NOT NULL,"
    " priority BIGINT NOT NULL, metadata TEXT NOT NULL, run_id TEXT, created BIGINT NOT NULL, updated BIGINT NOT NULL)",
    "CREATE INDEX queue_entry_by_org ON queue_entry (org, status, updated)",
    "CREATE INDEX queue_entry_by_run ON queue_entry (run_id) WHERE run_id IS NOT NULL",
    NULL,
};

/* State of an ADW (a workflow that outside programs drive), as they tell it. state: JSON; status: its member of that name, when
 * that is a text. deleted: only the id is left, with whom it belongs to, as its stream does for ever. */
static const char *const adws[] = {
    "CREATE TABLE adw ("
    " id TEXT NOT NULL PRIMARY KEY, org TEXT NOT NULL, version BIGINT NOT NULL, deleted BIGINT NOT NULL,"
    " status TEXT, created BIGINT NOT NULL, updated BIGINT NOT NULL, state TEXT NOT NULL)",
    "CREATE INDEX adw_by_age ON adw (org, deleted, updated)",
    NULL,
};

/* Runs started by actions of the assistant console. */
static const char *const assistant[] = {
    "CREATE TABLE assistant_run ("
    " n IDENTITY, run_id TEXT NOT NULL, org TEXT NOT NULL, caller TEXT NOT NULL, after_run_id TEXT, deltas BIGINT NOT NULL)",
    "CREATE UNIQUE INDEX assistant_run_by_id ON assistant_run (run_id)",
    "CREATE INDEX assistant_run_by_caller ON assistant_run (org, caller, n)",
    NULL,
};

/* What lists of runs under way and the history of ended ones are read from. The last two hold all that is searched and counted,
 * so that no row is read for it; one in the order of ends, one in that of durations. */
static const char *const history[] = {
    "CREATE INDEX run_active ON run (org, n) WHERE status IN ('queued', 'running', 'paused')",
    "CREATE INDEX run_ended ON run (org, finished, n, status, started, workflow_id, name, id)"
    " WHERE status IN ('success', 'error', 'cancelled')",
    "CREATE INDEX run_took ON run (org, (CASE WHEN finished > started THEN finished - started ELSE 0 END), status, started,"
    " finished, workflow_id, name, id) WHERE status IN ('success', 'error', 'cancelled') AND started IS NOT NULL",
    NULL,
};

/* signal: how it stood when that was computed last, '' not yet; home: see model/crew.h. */
static const char *const crews[] = {
    "CREATE TABLE crew ("
    " org TEXT NOT NULL, id TEXT NOT NULL, home TEXT NOT NULL UNIQUE, signal TEXT NOT NULL, PRIMARY KEY (org, id))",
    "INSERT INTO crew (org, id, home, signal)"
    " SELECT MIN(org), crew_id, crew_id, '' FROM run WHERE crew_id IS NOT NULL GROUP BY crew_id",
    NULL,
};

static const char *const runner_told[] = {
    "ALTER TABLE runner ADD COLUMN started BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE runner ADD COLUMN version TEXT",
    NULL,
};

/* How each part of the system was found last, and since when it is so. */
static const char *const components[] = {
    "CREATE TABLE component ("
    " org TEXT NOT NULL, name TEXT NOT NULL, status TEXT NOT NULL, since BIGINT NOT NULL, PRIMARY KEY (org, name))",
    NULL,
};

/* The runs of a conversation; conversations, changed last first. */
static const char *const conversations[] = {
    "CREATE INDEX run_of_session ON run (session_id, n) WHERE session_id IS NOT NULL",
    "CREATE INDEX session_recent ON session (org, updated, id)",
    NULL,
};

static const char *const version_author[] = {
    "ALTER TABLE workflow_version ADD COLUMN saved_by TEXT",
    NULL,
};

/* Deleted sessions: an id stays with the organisation that its stream belongs to. */
static const char *const sessions_gone[] = {
    "CREATE TABLE session_gone (id TEXT NOT NULL PRIMARY KEY, org TEXT NOT NULL)",
    NULL,
};

static const char *const *const migrations[] = {
    first,
    orphan_resumed,
    node_state,
    sessions,
    model_usage,
    policies,
    schedules,
    approvals,
    versions,
    secrets,
    expected,
    items,
    lineage,
    event_triggers,
    begun,
    hooks,
    under_way,
    queue_entries,
    adws,
    assistant,
    history,
    crews,
    runner_told,
    components,
    conversations,
    version_author,
    sessions_gone,
};

#define N_MIGRATIONS ((int)(sizeof(migrations) / sizeof(migrations[0])))

int db_schema_version(void)
{
    return N_MIGRATIONS;
}

static enum rs_err version_read(struct db *db, int64_t *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err;

    if ((err = db_query(db, &rows, fault, "SELECT MAX(version) FROM schema_version", "")) != RS_OK)
        return err;
    if ((err = db_next(rows, fault)) == RS_OK)
        *ret = db_int(rows, 0);
    db_done(rows);
    return err;
}

static enum rs_err step_run(struct db *db, const char *statement, struct fault *fault)
{
    static const char word[] = "IDENTITY";
    const char *at;
    struct buf sql;
    enum rs_err err;

    buf_init(&sql, STATEMENT_MAX);
    while ((at = strstr(statement, word)) != NULL) {
        buf_append(&sql, statement, (size_t)(at - statement));
        buf_puts(&sql, db->driver->identity);
        statement = at + sizeof(word) - 1;
    }
    if ((err = buf_puts(&sql, statement)) == RS_OK)
        err = db_run(db, NULL, fault, sql.data, "");
    else
        err = fault_set(fault, err, "no memory for the database schema");
    buf_release(&sql);
    return err;
}

/* One step and its number, unless another process was faster. */
static enum rs_err migrate_one(struct db *db, int64_t *version, struct fault *fault)
{
    const char *const *step;
    enum rs_err err;

    if ((err = db_begin(db, fault)) != RS_OK)
        return err;
    if ((err = version_read(db, version, fault)) != RS_OK || *version >= N_MIGRATIONS)
        goto out;
    for (step = migrations[*version]; *step != NULL; step++)
        if ((err = step_run(db, *step, fault)) != RS_OK)
            goto out;
    err = db_run(db, NULL, fault, "INSERT INTO schema_version (version, applied) VALUES ($1, $2)", "ii", *version + 1,
                 clock_wall_ms());
    if (err == RS_OK && (err = db_commit(db, fault)) == RS_OK)
        ++*version;
out:
    db_rollback(db);
    return err;
}

enum rs_err migrations_apply(struct db *db, struct fault *fault)
{
    int64_t version = 0;
    enum rs_err err;

    err = db_run(db, NULL, fault,
                 "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL PRIMARY KEY, applied BIGINT NOT NULL)",
                 "");
    if (err == RS_OK)
        err = version_read(db, &version, fault);
    while (err == RS_OK && version < N_MIGRATIONS)
        err = migrate_one(db, &version, fault);
    if (err == RS_OK && version > N_MIGRATIONS)
        err = fault_set(fault, RS_VERSION,
                        "the database has schema %lld, made by a newer Runspool; this program knows up to %d",
                        (long long)version, N_MIGRATIONS);
    return err;
}
