/* runspool workflow import|validate|export|list */
#include "model/workflow.h"
#include "cli/cli.h"
#include "cli/definition.h"
#include "cli/import.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>

#define PAGE 200
#define EXPORT_MAX (8 * 1024 * 1024)

const struct arg_option workflow_options[] = {
    {"new", 0, NULL, NULL, false, "import: refuse to replace a workflow that exists"},
    {"from", 0, "SYSTEM", NULL, false, "import: what the files are, dagu, n8n or runspool (default: found out)"},
    {"dry-run", 'n', NULL, NULL, false, "import: print the definition and the report, save nothing"},
    {0},
};

/* Which version is saved; 0: none. Only for what is said afterwards. */
static int version_before(struct cli *cli, const char *id)
{
    struct json_object *record = NULL;
    struct fault fault = {0};
    if (workflow_get(&cli->store, cli_org(cli), id, &record, &fault) != RS_OK)
        return 0;
    int version = (int)json_get_int(record, "version", 0);
    json_object_put(record);
    return version;
}

/* What would be saved, and saving nothing. */
static int print_dry(struct cli *cli, struct json_object *definition, struct json_object *report)
{
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set(answer, "workflow", json_object_get(definition));
        json_set(answer, "report", json_object_get(report));
        int status = cli_print_json(cli, answer);
        json_object_put(answer);
        return status;
    }
    struct buf out;
    buf_init(&out, EXPORT_MAX);
    buf_puts(&out, json_object_to_json_string_ext(definition, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                                  JSON_C_TO_STRING_NOSLASHESCAPE));
    buf_putc(&out, '\n');
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

static int workflow_import(struct cli *cli)
{
    bool dry = args_has(&cli->args, "dry-run");
    struct json_object *imported = json_object_new_array();
    enum workflow_save how = args_has(&cli->args, "new") ? WORKFLOW_CREATE : WORKFLOW_PUT;
    int status = EXIT_DONE;
    for (int i = 1; i < cli->args.n_operands; i++) {
        const char *path = cli->args.operands[i];
        struct json_object *definition = NULL, *record = NULL, *report = NULL;
        struct fault fault = {0};
        bool created = false;
        enum rs_err err = import_read(cli, path, &definition, &report);
        const char *id = err == RS_OK ? json_get_string(definition, "id", NULL) : NULL;
        if (err == RS_OK && !id_valid(id))
            err = (enum rs_err)(
                cli_fail(cli, "%s: a workflow to be saved needs an \"id\" of letters, digits, . _ -", path),
                RS_INVALID);
        else if (err == RS_OK)
            err = definition_check(cli, path, definition);
        if (dry) {
            if (err != RS_OK || print_dry(cli, definition, report) != EXIT_DONE)
                status = EXIT_FAILED;
            json_object_put(report);
            json_object_put(definition);
            continue;
        }
        int before = err == RS_OK ? version_before(cli, id) : 0;
        if (err == RS_OK &&
            (err = workflow_save(&cli->store, cli_org(cli), id, NULL, definition, how, &created, &record, &fault)) != RS_OK)
            cli_fail(cli, "%s: %s", path, fault.message);
        if (err != RS_OK)
            status = EXIT_FAILED;
        else if (!cli->json)
            printf("%s %s, version %d\n", id,
                   created ? "imported" : json_get_int(record, "version", 0) == before ? "unchanged" : "replaced",
                   (int)json_get_int(record, "version", 0));
        if (record && report)
            json_set(record, "importReport", json_object_get(report));
        if (record)
            json_object_array_add(imported, json_object_get(record));
        json_object_put(report);
        json_object_put(record);
        json_object_put(definition);
    }
    if (cli->json && !dry && cli_print_json(cli, imported) != EXIT_DONE)
        status = EXIT_FAILED;
    json_object_put(imported);
    return status;
}

/* Nothing but the check, of files that are not saved. */
static int workflow_validate(struct cli *cli)
{
    int status = EXIT_DONE;
    for (int i = 1; i < cli->args.n_operands; i++) {
        const char *path = cli->args.operands[i];
        struct json_object *definition = NULL, *report = NULL;
        enum rs_err err = import_read(cli, path, &definition, &report);
        if (err == RS_OK)
            err = definition_check(cli, path, definition);
        if (err != RS_OK)
            status = EXIT_FAILED;
        else if (!cli->json)
            printf("%s: ok\n", path);
        json_object_put(report);
        json_object_put(definition);
    }
    return status;
}

/* What the store adds to a definition is not exported: the file can be imported anywhere. */
static int workflow_export(struct cli *cli)
{
    struct json_object *record = NULL;
    struct fault fault = {0};
    struct buf out;
    enum rs_err err = workflow_get(&cli->store, cli_org(cli), cli->args.operands[1], &record, &fault);
    if (err == RS_NOT_FOUND)
        return cli_fail(cli, "there is no workflow \"%s\"; `runspool workflow list` shows them", cli->args.operands[1]);
    if (err != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    for (unsigned i = 0; workflow_record_members[i]; i++)
        json_object_object_del(record, workflow_record_members[i]);
    buf_init(&out, EXPORT_MAX);
    buf_puts(&out, json_object_to_json_string_ext(record, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                              JSON_C_TO_STRING_NOSLASHESCAPE));
    buf_putc(&out, '\n');
    int status = cli_print(cli, &out);
    buf_release(&out);
    json_object_put(record);
    return status;
}

/* All pages as one array, owned. */
static enum rs_err workflow_items(struct cli *cli, struct json_object **ret, struct fault *fault)
{
    struct json_object *all = json_object_new_array();
    char after[ID_MAX + 1] = "";
    enum rs_err err;
    do {
        struct json_object *page = NULL;
        err = workflow_list(&cli->store, cli_org(cli), PAGE, *after ? after : NULL, &page, fault);
        struct json_object *items = json_get_array(page, "items");
        for (size_t i = 0; items && i < json_object_array_length(items); i++)
            json_object_array_add(all, json_object_get(json_object_array_get_idx(items, i)));
        snprintf(after, sizeof(after), "%s", json_get_string(page, "next", ""));
        json_object_put(page);
    } while (err == RS_OK && *after);
    if (err != RS_OK) {
        json_object_put(all);
        return err;
    }
    *ret = all;
    return RS_OK;
}

static int workflow_show(struct cli *cli)
{
    static const char *const heads[] = {"WORKFLOW", "VERSION", "NODES", "LAST RUN", "NAME"};
    struct json_object *items = NULL;
    struct fault fault = {0};
    struct table table;
    struct buf out;
    int status;
    if (workflow_items(cli, &items, &fault) != RS_OK)
        return cli_fail(cli, "%s", fault.message);
    if (cli->json) {
        struct json_object *answer = json_object_new_object();
        json_set(answer, "items", items);
        status = cli_print_json(cli, answer);
        json_object_put(answer);
        return status;
    }
    buf_init(&out, TABLE_TEXT_MAX);
    table_init(&table, heads, 5, 4);
    for (size_t i = 0; i < json_object_array_length(items); i++) {
        struct json_object *item = json_object_array_get_idx(items, i), *last = json_get(item, "lastRun");
        const char *last_status = json_get_string(last, "status", NULL);
        const struct term_state *state = term_state(last_status);
        table_cell(&table, TERM_BOLD, "%s", json_get_string(item, "id", ""));
        table_cell(&table, TERM_PLAIN, "%d", (int)json_get_int(item, "version", 0));
        table_cell(&table, TERM_PLAIN, "%d", (int)json_get_int(item, "nodeCount", 0));
        table_cell(&table, last_status ? state->color : TERM_DIM, "%s%s%s",
                   last_status ? cli->out.utf8 ? state->symbol : state->ascii : "", last_status ? " " : "",
                   last_status ? last_status : "never");
        table_cell(&table, TERM_PLAIN, "%s", json_get_string(item, "name", ""));
    }
    (void)table_put(&table, &cli->out, &out);
    if (table.n_rows == 0)
        buf_puts(&out, "No workflows yet; `runspool workflow import FILE` saves one.\n");
    status = cli_print(cli, &out);
    table_release(&table);
    buf_release(&out);
    json_object_put(items);
    return status;
}

int command_workflow(struct cli *cli)
{
    static const struct {
        const char *name;
        int min, max;
        int (*run)(struct cli *cli);
        const char *wants;
    } actions[] = {
        {"import", 2, 100, workflow_import, "import wants FILE..."},
        {"validate", 2, 100, workflow_validate, "validate wants FILE..."},
        {"export", 2, 2, workflow_export, "export wants one workflow's id"},
        {"list", 1, 1, workflow_show, "list takes no operand"},
    };
    static const char *const names[] = {"import", "validate", "export", "list", NULL};
    const char *name = cli->args.operands[0];
    for (unsigned i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
        if (strcmp(actions[i].name, name) != 0)
            continue;
        if (cli->args.n_operands < actions[i].min || cli->args.n_operands > actions[i].max)
            return cli_usage(cli, "%s", actions[i].wants);
        /* These read files only. */
        if (actions[i].run == workflow_validate || (actions[i].run == workflow_import && args_has(&cli->args, "dry-run")))
            return actions[i].run(cli);
        return cli_open_store(cli, strcmp(name, "import") == 0) == RS_OK ? actions[i].run(cli) : EXIT_FAILED;
    }
    const char *near = nearest(name, names);
    return near ? cli_usage(cli, "there is no \"%s\"; did you mean \"%s\"?", name, near)
                : cli_usage(cli, "there is no \"%s\", only import, validate, export and list", name);
}
