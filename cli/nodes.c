/* runspool nodes: the kinds of nodes there are. Needs no instance. */
#include "cli/cli.h"
#include "cli/table.h"
#include "model/kind_schema.h"
#include <stdio.h>
#include <string.h>

const struct arg_option nodes_options[] = {
    {"markdown", 0, NULL, NULL, false, "the whole document, docs/NODES.md"},
    {0},
};

static int show_markdown(struct cli *cli)
{
    struct buf out;
    buf_init(&out, KIND_MARKDOWN_MAX);
    (void)kind_markdown(&out);
    int status = cli_print(cli, &out);
    buf_release(&out);
    return status;
}

static int show_json(struct cli *cli, const struct kind *only)
{
    struct json_object *items = json_object_new_array(), *answer = only ? kind_describe(only) : json_object_new_object();
    for (unsigned i = 0; !only && i < n_kinds; i++)
        json_object_array_add(items, kind_describe(&kinds[i]));
    if (only)
        json_object_put(items);
    else
        json_set(answer, "items", items);
    int status = cli_print_json(cli, answer);
    json_object_put(answer);
    return status;
}

static int show_table(struct cli *cli, struct table *table)
{
    struct buf out;
    buf_init(&out, TABLE_TEXT_MAX);
    (void)table_put(table, &cli->out, &out);
    int status = cli_print(cli, &out);
    table_release(table);
    buf_release(&out);
    return status;
}

static int show_all(struct cli *cli)
{
    static const char *const heads[] = {"KIND", "TYPE", "LABEL", "WHAT IT DOES"};
    struct table table;
    table_init(&table, heads, 4, 3);
    for (unsigned i = 0; i < n_kinds; i++) {
        table_cell(&table, TERM_BOLD, "%s", kinds[i].name);
        table_cell(&table, TERM_PLAIN, "%s", kinds[i].group);
        table_cell(&table, TERM_PLAIN, "%s", kinds[i].label);
        table_cell(&table, TERM_PLAIN, "%s", kinds[i].help);
    }
    return show_table(cli, &table);
}

static void add_rows(struct table *table, const struct kind_setting *s, const char *prefix)
{
    char name[160];
    for (; s->name; s++) {
        struct buf words;
        buf_init(&words, TABLE_TEXT_MAX);
        kind_setting_words(s, &words);
        table_cell(table, TERM_BOLD, "%s%s%s", prefix, s->name, s->required ? "*" : "");
        table_cell(table, TERM_PLAIN, "%s", words.data ? words.data : "");
        table_cell(table, TERM_PLAIN, "%s", s->fallback ? s->fallback : "");
        table_cell(table, TERM_PLAIN, "%s", s->help);
        buf_release(&words);
        if (s->members) {
            snprintf(name, sizeof(name), "%s%s.", prefix, s->name);
            add_rows(table, s->members, name);
        }
    }
}

static int show_kind(struct cli *cli, const struct kind *kind)
{
    static const char *const heads[] = {"SETTING", "VALUE", "DEFAULT", "WHAT IT IS"};
    static const char *const output_heads[] = {"OUTPUT", "VALUE", "WHAT IT IS"};
    struct table table;
    printf("%s (%s): %s\n%s\n\n", kind->name, kind->group, kind->label, kind->help);
    fflush(stdout);
    table_init(&table, heads, 4, 3);
    add_rows(&table, kind->settings, "");
    add_rows(&table, kind_common_settings, "");
    int status = show_table(cli, &table);
    table_init(&table, output_heads, 3, 2);
    for (const struct kind_output *o = kind->outputs; o->name; o++) {
        table_cell(&table, TERM_BOLD, "%s", *o->name ? o->name : "(whole)");
        table_cell(&table, TERM_PLAIN, "%s", o->type);
        table_cell(&table, TERM_PLAIN, "%s", o->help);
    }
    printf("\n");
    fflush(stdout);
    return status == EXIT_DONE ? show_table(cli, &table) : status;
}

static int unknown_kind(struct cli *cli, const char *name)
{
    const char *names[64] = {0};
    for (unsigned i = 0; i < n_kinds && i < sizeof(names) / sizeof(*names) - 1; i++)
        names[i] = kinds[i].name;
    const char *near = nearest(name, names);
    return near ? cli_fail(cli, "there is no kind \"%s\"; did you mean \"%s\"?", name, near)
                : cli_fail(cli, "there is no kind \"%s\"; `runspool nodes` lists them", name);
}

int command_nodes(struct cli *cli)
{
    const struct kind *kind = cli->args.n_operands ? kind_find(cli->args.operands[0]) : NULL;
    if (cli->args.n_operands && !kind)
        return unknown_kind(cli, cli->args.operands[0]);
    if (args_has(&cli->args, "markdown"))
        return kind ? cli_usage(cli, "--markdown takes no kind") : show_markdown(cli);
    if (cli->json)
        return show_json(cli, kind);
    return kind ? show_kind(cli, kind) : show_all(cli);
}
