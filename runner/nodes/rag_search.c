/* rag_search - passages of folders that `runspool index` has indexed, by how well they fit a text. Output: {passages:
 * [{id,index,path,line,title,text,score}]}. Looked for by one of libuv's threads, with a connection of its own. */
#include "index/textindex.h"
#include "runner/execution.h"
#include "runner/nodes/nodes.h"
#include <stdlib.h>
#include <string.h>

struct search {
    uv_work_t work;
    struct node *node;
    const struct datadir *dd;
    char *query, *index; /* index NULL: all */
    int limit;
    enum rs_err err;
    struct fault fault;
    struct json_object *passages;
};

static void search_free(struct search *search)
{
    json_object_put(search->passages);
    free(search->query);
    free(search->index);
    free(search);
}

static void on_thread(uv_work_t *work)
{
    struct search *search = work->data;
    struct textindex *index = NULL;

    search->err = textindex_open(search->dd, false, &index, &search->fault);
    if (!search->err)
        search->err =
            textindex_search(index, search->query, search->index, search->limit, &search->passages, &search->fault);
    textindex_close(index);
}

static void on_loop(uv_work_t *work, int status)
{
    struct search *search = work->data;
    struct node *node = search->node;

    (void)status;
    if (search->err == RS_NOT_FOUND && json_get_bool(node->data, "optional", false)) {
        search->err = RS_OK;
        search->passages = json_object_new_array();
    }
    if (search->err) {
        node_fail(node, search->err == RS_NOT_FOUND ? "input" : "exit", NULL, "%s", search->fault.message);
    } else {
        struct json_object *out = json_object_new_object();
        json_set(out, "passages", json_object_get(search->passages));
        node_done(node, out);
    }
    search_free(search);
}

void rag_search_start(struct node *node)
{
    struct json_object *query = json_get(node->data, "query");
    const char *index = json_get_string(node->data, "index", NULL);
    int64_t limit = json_get_int(node->data, "limit", 5);
    struct search *search;

    if (!json_object_is_type(query, json_type_string)) {
        node_fail(node, "input", NULL, "`query` must be a text");
        return;
    }
    if (limit < 1 || limit > TEXTINDEX_LIMIT_MAX) {
        node_fail(node, "input", NULL, "`limit` must be a whole number from 1 to %d", TEXTINDEX_LIMIT_MAX);
        return;
    }
    search = calloc(1, sizeof *search);
    if (!search || !(search->query = strdup(json_object_get_string(query))) ||
        (index && *index && !(search->index = strdup(index))))
        abort(); /* a run process without memory: its run is an orphan then */
    search->work.data = search;
    search->node = node;
    search->dd = node->x->dd;
    search->limit = (int)limit;
    if (uv_queue_work(&node->x->loop, &search->work, on_thread, on_loop) != 0) {
        search_free(search);
        node_fail(node, "exit", NULL, "no thread to search with");
    }
}
