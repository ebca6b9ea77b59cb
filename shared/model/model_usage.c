#include "model/model_usage.h"

#include "model/run_row.h"

#include <stdio.h>

void model_usage_sum(struct model_usage *to, const struct model_usage *more)
{
    to->requests += more->requests;
    to->prompt_tokens += more->prompt_tokens;
    to->completion_tokens += more->completion_tokens;
    to->cost += more->cost;
    to->unpriced += more->unpriced;
}

enum rs_err model_usage_add(struct store *store, const char *run_id, int64_t fence, const char *node_id,
                            const struct model_usage *usage, struct fault *fault)
{
    struct run_row run;
    enum rs_err err;

    if ((err = db_begin(store->db, fault)) != RS_OK)
        return err;
    if ((err = run_row_fenced(store->db, run_id, fence, &run, fault)) == RS_OK)
        err = db_run(store->db, NULL, fault,
                     "INSERT INTO model_usage (run_id, node_id, requests, prompt_tokens, completion_tokens, cost, unpriced)"
                     " VALUES ($1, $2, $3, $4, $5, $6, $7)"
                     " ON CONFLICT (run_id, node_id) DO UPDATE SET requests = model_usage.requests + excluded.requests,"
                     " prompt_tokens = model_usage.prompt_tokens + excluded.prompt_tokens,"
                     " completion_tokens = model_usage.completion_tokens + excluded.completion_tokens,"
                     " cost = model_usage.cost + excluded.cost, unpriced = model_usage.unpriced + excluded.unpriced",
                     "ttiiiii", run_id, node_id, usage->requests, usage->prompt_tokens, usage->completion_tokens,
                     usage->cost, usage->unpriced);
    if (err == RS_OK)
        err = db_commit(store->db, fault);
    db_rollback(store->db);
    return err;
}

enum rs_err model_usage_of_run(struct db *db, const char *run_id, struct model_usage *ret, struct fault *fault)
{
    struct db_rows *rows = NULL;
    enum rs_err err = db_query(db, &rows, fault,
                               "SELECT SUM(requests), SUM(prompt_tokens), SUM(completion_tokens), SUM(cost), SUM(unpriced)"
                               " FROM model_usage WHERE run_id = $1",
                               "t", run_id);

    if (err == RS_OK && (err = db_next(rows, fault)) == RS_OK)
        *ret = (struct model_usage){.requests = db_int(rows, 0),
                                    .prompt_tokens = db_int(rows, 1),
                                    .completion_tokens = db_int(rows, 2),
                                    .cost = db_int(rows, 3),
                                    .unpriced = db_int(rows, 4)};
    db_done(rows);
    return err;
}

struct json_object *model_usage_json(const struct model_usage *usage)
{
    struct json_object *out = json_object_new_object();
    char text[40];

    if (out == NULL)
        return NULL;
    json_set_int(out, "requests", usage->requests);
    json_set_int(out, "promptTokens", usage->prompt_tokens);
    json_set_int(out, "completionTokens", usage->completion_tokens);
    json_set_int(out, "totalTokens", usage->prompt_tokens + usage->completion_tokens);
    snprintf(text, sizeof(text), "%lld.%06lld", (long long)(usage->cost / 1000000), (long long)(usage->cost % 1000000));
    json_set(out, "costUsd",
             usage->unpriced > 0 ? NULL : json_object_new_double_s((double)usage->cost / 1000000, text));
    return out;
}
