/* model_list - the models of the endpoint (setting model.url), and what each is for. Any thread. */
#ifndef RUNSPOOL_MODEL_MODEL_LIST_H
#define RUNSPOOL_MODEL_MODEL_LIST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/datadir.h"

#define MODEL_LIST_BYTES (256 * 1024) /* of the endpoint's list that are read */

/* model_list_get - ask the endpoint for its list (GET .../models). *ret_status: of HTTP; list: the body, as far as
 * MODEL_LIST_BYTES, to be released by the caller; longer: list->err is RS_LIMIT. RS_NOT_FOUND: model.url is not set; RS_INVALID: it
 * is no address; RS_IO: no answer. Blocks at most wait_ms. */
enum rs_err model_list_get(const struct config *config, int64_t wait_ms, long *ret_status, struct buf *list, struct fault *fault)
    RS_MUST_CHECK;

/* model_list - {"configured","endpoint","reason","items":[{"id","available","purposes":[...]}],"next"}, owned; NULL: no memory.
 * First the models that settings name, then the others of the endpoint. available: does the endpoint have it (null: it did not say,
 * see reason). purposes: "default" (of model.default), the intents whose setting assistant.models.INTENT names it; of one that no
 * setting names what its name tells: code, reasoning, vision, embedding, fast. Nothing secret is in it. Blocks at most wait_ms; an
 * endpoint that gave no answer for so long is then left alone for a while (model/model_silence.h). */
struct json_object *model_list(const struct datadir *dd, int64_t wait_ms);
/* model_list_of - the same from an answer that is there. ids: array of strings, what the endpoint has; NULL: not known. Pure. */
struct json_object *model_list_of(const struct config *config, struct json_object *ids);

#endif
