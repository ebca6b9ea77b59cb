/* runctl - what the runner's tests need of the model, without any other program:
 *   runctl DIR new DEFINITION.json [INPUT-JSON]   create a run, print its id
 *   runctl DIR record ID                          print its record
 *   runctl DIR cancel ID
 *   runctl DIR events ID                          print its events, one a line
 *   runctl DIR check DEFINITION.json              print what jqcheck says of it */
#include "base/file.h"
#include "model/jqcheck.h"
#include "model/run.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const struct fault *fault)
{
    fprintf(stderr, "runctl: %s: %s\n", rs_err_name(fault->code), fault->message);
    return 1;
}

static enum rs_err load(const char *path, struct json_object **ret, struct fault *fault)
{
    char *text;
    size_t len;
    enum rs_err err = file_read(path, JSON_BODY_MAX, &text, &len, fault);
    if (err)
        return err;
    err = json_parse(text, len, JSON_BODY_MAX, ret, fault);
    free(text);
    return err;
}

static enum rs_err create(struct store *store, const char *path, const char *input_text, struct fault *fault)
{
    struct json_object *definition = NULL, *input = NULL;
    char id[ID_MAX + 1];
    enum rs_err err = load(path, &definition, fault);
    if (!err && input_text)
        err = json_parse(input_text, strlen(input_text), JSON_BODY_MAX, &input, fault);
    struct run_new run = {.org = "default",
                          .workflow_id = json_get_string(definition, "id", "inline"),
                          .definition = definition,
                          .input = input};
    if (!err)
        err = run_create(store, &run, id, fault);
    if (!err)
        err = outbox_wait(store, 5000, fault);
    if (!err)
        puts(id);
    json_object_put(definition);
    json_object_put(input);
    return err;
}

static enum rs_err print_events(const struct datadir *dd, const char *id, struct fault *fault)
{
    struct eventlog *log = NULL;
    struct event **events = NULL;
    char stream[STREAM_MAX];
    const char *streams[] = {stream};
    struct eventlog_query query = {.streams = streams, .n_streams = 1};
    int n = 1;
    enum rs_err err = eventlog_open(dd, EVENTLOG_READ, NULL, NULL, &log, fault);

    snprintf(stream, sizeof stream, "run:%s", id);
    while (!err && n > 0) {
        err = eventlog_read(log, &query, 1000, &events, &n, &query.after, fault);
        for (int i = 0; !err && i < n; i++) {
            struct buf line;
            buf_init(&line, EVENT_LINE_MAX);
            event_put_json(events[i], &line);
            puts(line.data);
            buf_release(&line);
        }
        if (!err)
            eventlog_events_free(events, n);
    }
    eventlog_close(log);
    return err;
}

static enum rs_err check(const char *path, struct fault *fault)
{
    struct json_object *definition = NULL, *errors = json_object_new_array();
    enum rs_err err = load(path, &definition, fault);
    if (!err)
        err = jqcheck_definition(definition, errors, fault);
    if (!err || err == RS_UNPROCESSABLE) {
        puts(json_text(errors, NULL));
        err = RS_OK;
    }
    json_object_put(definition);
    json_object_put(errors);
    return err;
}

int main(int argc, char **argv)
{
    struct datadir dd = {0};
    struct store store = {0};
    struct fault fault = {0};
    enum rs_err err;

    if (argc < 4) {
        fputs("usage: runctl DIR new|record|cancel|resume|retry|events|check ARG [INPUT]\n", stderr);
        return 2;
    }
    if (datadir_open(&dd, argv[1], true, NULL, &fault) || store_open(&store, &dd, "runctl", &fault))
        return fail(&fault);
    if (strcmp(argv[2], "new") == 0) {
        err = create(&store, argv[3], argc > 4 ? argv[4] : NULL, &fault);
    } else if (strcmp(argv[2], "record") == 0) {
        struct json_object *record = NULL;
        err = run_record(&store, NULL, argv[3], &record, &fault);
        if (!err)
            puts(json_text(record, NULL));
        json_object_put(record);
    } else if (strcmp(argv[2], "cancel") == 0) {
        enum run_status status;
        err = run_cancel(&store, "default", argv[3], &status, &fault);
        if (!err)
            puts(run_status_name(status));
    } else if (strcmp(argv[2], "resume") == 0) {
        err = run_resume(&store, "default", argv[3], &fault);
    } else if (strcmp(argv[2], "retry") == 0) {
        err = run_retry(&store, "default", argv[3], &fault);
    } else if (strcmp(argv[2], "events") == 0) {
        err = print_events(&dd, argv[3], &fault);
    } else {
        err = check(argv[3], &fault);
    }
    store_release(&store);
    datadir_release(&dd);
    return err ? fail(&fault) : 0;
}
