/* The endpoint of agent nodes: does it tell its models? */
#include "model/probe.h"

#include "model/model_list.h"

/* A list that is longer than what is read is a list all the same. */
static void say_answer(struct probe *ret, long status, const struct buf *list)
{
    struct json_object *answer = NULL, *data = NULL;

    if (status != 200) {
        probe_say(ret, status >= 500 ? "down" : "degraded", "it answers with HTTP %ld", status);
        return;
    }
    if (list->len > 0 && json_parse(list->data, list->len, MODEL_LIST_BYTES, &answer, NULL) == RS_OK)
        data = json_get_array(answer, "data");
    if (data != NULL)
        probe_say(ret, "healthy", "%zu models", json_object_array_length(data));
    else if (list->err != RS_OK)
        probe_say(ret, "healthy", "many models");
    else
        probe_say(ret, "degraded", "it answers with something else than a list of models");
    json_object_put(answer);
}

void probe_model(const struct datadir *dd, struct probe *ret)
{
    struct fault fault = {0};
    struct buf list;
    long status;
    enum rs_err err = model_list_get(dd->config, PROBE_WAIT_MS, &status, &list, &fault);

    if (err != RS_OK)
        probe_say(ret, err == RS_NOT_FOUND ? "disabled" : "down", "%s", fault.message);
    else
        say_answer(ret, status, &list);
    buf_release(&list);
}
