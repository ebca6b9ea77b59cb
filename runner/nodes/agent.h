/* agent - what the files of the kind agent share: agent.c asks the model again and again, agent_setup.c knows what
 * and whom, agent_loop.c works off the tool calls of an answer, agent_tools.c knows which tools there are, agent_call.c
 * executes one, agent_events.c tells of it. Threads: the loop's. */
#ifndef RUNSPOOL_RUNNER_NODES_AGENT_H
#define RUNSPOOL_RUNNER_NODES_AGENT_H

#include "base/mask.h"
#include "model/model_usage.h"
#include "runner/chat.h"
#include "runner/execution.h"
#include "runner/price.h"

#define AGENT_ITERATIONS 10
#define AGENT_TOOLS_MAX 128
#define AGENT_TOOL_NAME_MAX 64       /* bytes of a function's name, as endpoints take it */
#define AGENT_RESULT_MAX (32 * 1024) /* bytes of a tool's result that the model reads */
#define AGENT_CALL_KEEP_MAX 4096     /* bytes of a call's arguments, of a result in an event */
#define AGENT_DELTA_MS 50            /* at most one agent.delta in so long: 20 a second */
#define AGENT_DELTA_MAX (64 * 1024)  /* bytes of one */
#define AGENT_TITLE_MAX 200          /* bytes of a task's name */

/* A tool the model may be offered. */
struct agent_tool {
    char id[ID_MAX + 1];                    /* as the node's `tools` and a session name it */
    char function[AGENT_TOOL_NAME_MAX + 1]; /* as the model names it */
    const struct kind *kind;
    struct json_object *params; /* of a saved workflow, which the kind subworkflow runs; owned, else NULL */
    struct json_object *fixed;  /* settings the model has no say in; owned, may be NULL */
    char *description;          /* owned */
};
struct agent_tools {
    struct agent_tool *all; /* owned */
    int n;
};
/* agent_tools_init - those the node's settings name, else those enabled in the session. RS_INVALID: a name that is no
 * tool. */
enum rs_err agent_tools_init(struct agent_tools *tools, const struct node *node, struct fault *fault) RS_MUST_CHECK;
void agent_tools_release(struct agent_tools *tools);
/* agent_tools_json - the functions of those enabled now, for a request; NULL: none. *ret: owned. */
enum rs_err agent_tools_json(const struct agent_tools *tools, const struct node *node, struct json_object **ret,
                             struct fault *fault) RS_MUST_CHECK;
const struct agent_tool *agent_tools_find(const struct agent_tools *tools, const char *function); /* NULL: none */
/* agent_tool_enabled - may it be called now? In a run with a session: when it is enabled there. Reads the database. */
enum rs_err agent_tool_enabled(const struct agent_tool *tool, const struct node *node, bool *ret,
                               struct fault *fault) RS_MUST_CHECK;
/* agent_tool_settings - the settings of a call: the model's arguments and what is fixed. *ret: owned. RS_INVALID with
 * words the model can act on: no JSON object, a setting that does not exist, is missing or of another type. */
enum rs_err agent_tool_settings(const struct agent_tool *tool, const char *arguments, struct json_object **ret,
                                struct fault *fault) RS_MUST_CHECK;

/* One call of a tool: a node of its own, in no graph. */
struct agent_call;
struct agent_call_result {
    const char *error_code; /* NULL: well */
    const char *error;
    struct json_object *output; /* borrowed; may be NULL, and be there with an error */
    int64_t duration_ms;
};
typedef void agent_call_fn(void *ctx, const struct agent_call_result *result);
/* agent_call_start - execute the tool for the agent's (or another) node: tool.started now, then fn once, later, behind
 * tool.finished; the call is gone after fn. settings: borrowed. Never NULL. */
struct agent_call *agent_call_start(struct node *parent, const struct agent_tool *tool, struct json_object *settings,
                                    const char *call_id, agent_call_fn *fn, void *ctx);
/* agent_call_stop - end it soon; fn is called all the same. code: "cancelled" or "timeout". */
void agent_call_stop(struct agent_call *call, const char *code);

/* Events. A state event that cannot be written ends the process, as every write does. */
void agent_emit(struct node *node, const char *type, struct json_object *data); /* takes data */
/* agent_event_data - {crewId,nodeId}, owned by the caller. */
struct json_object *agent_event_data(const struct node *node);
/* agent_put_seconds - milliseconds as a number of seconds. */
void agent_put_seconds(struct json_object *data, const char *key, int64_t ms);
/* agent_put_text - text, cut at max bytes at a character's end, so that of a secret no part is left. */
void agent_put_text(const struct node *node, struct json_object *data, const char *key, const char *text, size_t max);

/* The text a model writes, told as agent.delta, at most one in AGENT_DELTA_MS. */
struct agent_deltas {
    struct node *node;
    struct mask_stream masked; /* a secret may come in pieces */
    struct buf text;           /* not told yet */
    uv_timer_t timer;
    int64_t told_ms; /* monotonic; 0: nothing yet */
};
void agent_deltas_init(struct agent_deltas *deltas, struct node *node);
void agent_deltas_add(struct agent_deltas *deltas, const char *text, size_t len);
void agent_deltas_flush(struct agent_deltas *deltas);
/* agent_deltas_close - flush, and ask the loop to close the timer; closed is called then. */
void agent_deltas_close(struct agent_deltas *deltas, uv_close_cb closed);

struct agent {
    struct node *node;
    char *url, *key, *model; /* owned; key may be NULL */
    bool allow_private;
    struct price price;
    struct agent_tools tools;
    struct agent_deltas deltas;
    struct json_object *messages; /* the conversation */
    struct json_object *asked;    /* tool calls of the newest answer, in the model's form; NULL: none open */
    size_t next_call;
    struct json_object *current; /* the item of `called` under way; borrowed */
    struct json_object *called;  /* toolCalls of the output */
    struct chat *chat;           /* under way */
    struct agent_call *call;     /* under way */
    struct model_usage usage;
    int iterations;
    bool schema_retried;
    int64_t begun_ms;
};

/* agent_setup - endpoint, model, price and tools; url or model NULL: none is configured. *ret_session: owned, NULL:
 * none. */
enum rs_err agent_setup(struct agent *agent, struct json_object **ret_session, struct fault *fault) RS_MUST_CHECK;
/* agent_setup_messages - the conversation up to the prompt. session may be NULL. */
enum rs_err agent_setup_messages(struct agent *agent, struct json_object *session, struct fault *fault) RS_MUST_CHECK;
/* agent_remember - with `remember`, the question and this answer become part of the session. */
void agent_remember(struct agent *agent, const char *text);
/* agent_message - {role, content}, owned by the caller. */
struct json_object *agent_message(const char *role, const char *text);
/* agent_response_format - what asks an endpoint for JSON of that schema, owned by the caller; takes schema. */
struct json_object *agent_response_format(struct json_object *schema, const char *name);
/* agent_ask - one more request of the conversation as it is. */
void agent_ask(struct agent *agent);
/* agent_next_call - go on with the calls of `asked`, then ask. */
void agent_next_call(struct agent *agent);
/* agent_fail - the node has failed; agent is gone. parts: the newest answer, may be NULL. */
void agent_fail(struct agent *agent, const char *code, const struct chat_parts *parts, const char *fmt, ...)
    RS_PRINTF(4, 5);

#endif
