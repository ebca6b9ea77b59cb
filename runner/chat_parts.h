/* chat_parts - an answer of a model put together from its pieces: the chunks of a stream, or one document
 * (OpenAI's chat completions, as vLLM, Ollama and llama.cpp speak it). Any thread. */
#ifndef RUNSPOOL_RUNNER_CHAT_PARTS_H
#define RUNSPOOL_RUNNER_CHAT_PARTS_H

#include "base/buf.h"
#include "base/json.h"

#define CHAT_TEXT_MAX                                                                                                  \
    (192 * 1024) /* bytes of the text; with what else is in an output it must stay below its maximum */
#define CHAT_REASONING_MAX (64 * 1024)  /* bytes of reasoning that are kept; the rest is dropped */
#define CHAT_CALLS_MAX 64               /* tool calls of one answer */
#define CHAT_ARGUMENTS_MAX (128 * 1024) /* bytes of the arguments of one call */

struct chat_call {
    char *id, *name;      /* owned; id may be NULL */
    struct buf arguments; /* JSON text, as the model wrote it */
};
struct chat_parts {
    struct buf text, reasoning;
    struct chat_call calls[CHAT_CALLS_MAX];
    int n_calls;
    char finish[32]; /* "stop", "tool_calls", "length", ...; "": it has not ended */
    bool has_usage;
    int64_t prompt_tokens, completion_tokens;
};
void chat_parts_init(struct chat_parts *parts);
void chat_parts_release(struct chat_parts *parts);
/* chat_parts_chunk - one chunk of a stream. *ret_text: the piece of text it adds, borrowed from chunk, NULL: none.
 * RS_INVALID: no chunk; RS_IO: the endpoint reports an error in it (message); RS_LIMIT. */
enum rs_err chat_parts_chunk(struct chat_parts *parts, struct json_object *chunk, const char **ret_text,
                             struct fault *fault) RS_MUST_CHECK;
/* chat_parts_document - a whole answer, not streamed. The same errors. */
enum rs_err chat_parts_document(struct chat_parts *parts, struct json_object *document,
                                struct fault *fault) RS_MUST_CHECK;
/* chat_parts_message - the answer as a message for the next request: {role,content,tool_calls?}. Owned by the caller.
 * Calls without an id get one. */
struct json_object *chat_parts_message(struct chat_parts *parts);
/* chat_parts_json - the answer's text as JSON, without thinking and ``` lines around it. *ret: owned. As json_parse. */
enum rs_err chat_parts_json(const struct chat_parts *parts, struct json_object **ret,
                            struct fault *fault) RS_MUST_CHECK;
/* chat_error_text - what an answer {"error":...} says; "" when it says nothing. Borrowed. */
const char *chat_error_text(struct json_object *answer);

#endif
