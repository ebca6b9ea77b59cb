/* docs/NODES.md, made from the table of kinds. */
#include "model/kind_schema.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_SHOWN 160

static const struct {
    const char *group, *title;
} groups[] = {
    {"trigger", "Triggers"}, {"agent", "Agents"}, {"tool", "Tools"}, {"control", "Control"}, {"output", "Outputs"},
};

static const char intro[] =
    "# Nodes\n"
    "\n"
    "All kinds of nodes with their settings and outputs. This document is made from the table that also drives validation\n"
    "and `GET /api/node-types`: `runspool nodes --markdown > docs/NODES.md` writes it anew.\n"
    "\n"
    "A workflow is a JSON document; `runspool workflow validate FILE` checks it, `runspool run FILE` runs it without saving:\n"
    "\n"
    "```json\n"
    "{\"id\": \"watch\", \"name\": \"Watch a page\",\n"
    " \"params\": [{\"name\": \"url\", \"type\": \"string\", \"required\": true}],\n"
    " \"nodes\": [\n"
    "   {\"id\": \"start\", \"type\": \"trigger\", \"data\": {\"kind\": \"manual\"}},\n"
    "   {\"id\": \"get\", \"type\": \"tool\", \"data\": {\"kind\": \"http_request\", \"url\": \"{{ .input.url }}\", \"expectStatus\": [200, 404]}},\n"
    "   {\"id\": \"there\", \"type\": \"control\", \"data\": {\"kind\": \"condition\", \"expression\": \".nodes.get.output.status == 200\"}},\n"
    "   {\"id\": \"yes\", \"type\": \"output\", \"data\": {\"kind\": \"result\", \"value\": {\"ms\": \"{{ .nodes.get.output.durationMs }}\"}}},\n"
    "   {\"id\": \"no\", \"type\": \"output\", \"data\": {\"kind\": \"result\", \"value\": \"it is gone\"}}],\n"
    " \"edges\": [\n"
    "   {\"source\": \"start\", \"target\": \"get\"},\n"
    "   {\"source\": \"get\", \"target\": \"there\"},\n"
    "   {\"source\": \"there\", \"sourceHandle\": \"true\", \"target\": \"yes\"},\n"
    "   {\"source\": \"there\", \"sourceHandle\": \"false\", \"target\": \"no\"}]}\n"
    "```\n"
    "\n"
    "A param's `type` is string, number, integer, boolean, enum (with `choices`), object, array, file or secret; it may have a\n"
    "`default`. The head may also say `description`, `crewId`, `timeoutMs`, `priority` and `concurrency` ([PROTOCOL.md](PROTOCOL.md)). A node\n"
    "starts when all that is before it has ended and at least one edge to it is taken, else it is skipped. An edge is taken when\n"
    "its source succeeded, or failed with `continueOnError`; one with `condition`, jq, only where that is true.\n"
    "\n"
    "A node is `{\"id\", \"type\", \"position\"?, \"data\"}`; `data` holds its `kind` and the settings below. Any text may hold\n"
    "templates, `{{ jq }}` over `{input, nodes, session, env}`, except where it says *literal*, *jq* or *program text*; a\n"
    "text that is one template gives its value with its JSON type, so it may stand where a number or an object is wanted.\n"
    "\n"
    "`$secrets.NAME` in jq is a secret's value (`runspool secret set NAME`). It works where only the node sees it: in `env`,\n"
    "`stdin`, headers, bodies, keys and passwords, but not in command lines, artifacts and texts for people, which others\n"
    "can read. Everywhere else it shows as `***`: in events, log lines, outputs (also for the nodes that read them), errors,\n"
    "names of artifacts; as it is, JSON-escaped, URL-encoded and in base64, also when a program writes it in pieces. Not\n"
    "hidden are values of fewer than four bytes, what a program computes from a value in another way, and what it writes to\n"
    "files.\n";

/* Text inside a cell of a table. */
static void put_cell(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
}

static void put_choices(struct buf *out, const char *choices)
{
    const char *at, *end;

    for (at = choices; at != NULL; at = *end != '\0' ? end + 1 : NULL) {
        end = strchrnul(at, '|');
        buf_printf(out, "%s`%.*s`", at != choices ? ", " : "", (int)(end - at), at);
    }
}

void kind_setting_words(const struct kind_setting *setting, struct buf *out)
{
    static const char *const words[] = {
        [SETTING_TEXT] = "text",
        [SETTING_JQ] = "jq",
        [SETTING_INTEGER] = "whole number",
        [SETTING_NUMBER] = "number",
        [SETTING_BOOL] = "true or false",
        [SETTING_ARGV] = "array of texts, not empty",
        [SETTING_OBJECT] = "object",
        [SETTING_MAP] = "object of texts, numbers or booleans",
        [SETTING_STATUSES] = "HTTP status or array of them",
        [SETTING_ANY] = "any value",
        [SETTING_WORD] = "one of ",
        [SETTING_ERRORS] = "array of error codes, HTTP statuses, exit statuses",
        [SETTING_WORDS] = "array of ",
        [SETTING_TEXTS] = "array of texts",
        [SETTING_LIST] = "array of objects",
        [SETTING_TABLE] = "object of objects",
        [SETTING_NODE] = "object: `kind` and the settings of that kind",
    };

    buf_puts(out, setting->widget == WIDGET_CODE ? "program text" : words[setting->type]);
    put_choices(out, setting->choices);
    if (setting->min != 0 || setting->max != 0)
        buf_printf(out, ", %lld to %lld", (long long)setting->min, (long long)setting->max);
    if (setting->literal && setting->type != SETTING_JQ)
        buf_puts(out, ", literal");
}

static void put_settings(struct buf *out, const struct kind_setting *s, const char *prefix)
{
    char name[NAME_MAX_SHOWN];
    struct buf words;

    for (; s->name != NULL; s++) {
        buf_init(&words, KIND_MARKDOWN_MAX);
        kind_setting_words(s, &words);
        buf_printf(out, "| `%s%s`%s | ", prefix, s->name, s->required ? " *required*" : "");
        put_cell(out, words.data != NULL ? words.data : "");
        buf_puts(out, s->fallback != NULL ? " | `" : " | ");
        put_cell(out, s->fallback != NULL ? s->fallback : "");
        buf_puts(out, s->fallback != NULL ? "` | " : " | ");
        put_cell(out, s->help);
        buf_puts(out, " |\n");
        buf_release(&words);
        if (s->members == NULL)
            continue;
        snprintf(name, sizeof(name), "%s%s%s.", prefix, s->name,
                 s->type == SETTING_LIST    ? "[]"
                 : s->type == SETTING_TABLE ? ".NAME"
                                            : "");
        put_settings(out, s->members, name);
    }
}

static void put_settings_table(struct buf *out, const struct kind_setting *settings)
{
    buf_puts(out, "\n| setting | value | default | |\n| --- | --- | --- | --- |\n");
    put_settings(out, settings, "");
}

static void put_outputs(struct buf *out, const struct kind_output *o)
{
    buf_puts(out, "\n| output | value | |\n| --- | --- | --- |\n");
    for (; o->name != NULL; o++) {
        buf_printf(out, o->name[0] != '\0' ? "| `%s` | %s | " : "| *(whole)*%s | %s | ", o->name, o->type);
        put_cell(out, o->help);
        buf_puts(out, " |\n");
    }
}

static void put_kind(struct buf *out, const struct kind *kind)
{
    static const char *const repeats[] = {
        [REPEAT_FREELY] = "it is started again",
        [REPEAT_NEVER] = "it fails, unless `onInterrupted` says `retry`",
        [REPEAT_BY_METHOD] = ("it is started again when `method` is GET, HEAD or OPTIONS, else it fails, unless "
                              "`onInterrupted` says `retry`"),
    };

    buf_printf(out, "\n### `%s`: %s\n\n%s", kind->name, kind->label, kind->help);
    if (kind->handles != NULL || kind->handles_from != NULL) {
        buf_puts(out, " The `sourceHandle` of its outgoing edges: ");
        put_choices(out, kind->handles);
        if (kind->handles_from != NULL)
            buf_printf(out, "%seach `%s[].handle`", kind->handles != NULL ? ", " : "", kind->handles_from);
        buf_putc(out, '.');
    }
    buf_printf(out, "\nInterrupted by the death of its run's process with `runner.orphan = resume`: %s.\n",
               repeats[kind->repeat]);
    if (kind->settings->name != NULL)
        put_settings_table(out, kind->settings);
    if (kind->outputs->name != NULL)
        put_outputs(out, kind->outputs);
}

enum rs_err kind_markdown(struct buf *out)
{
    unsigned g, i;

    buf_puts(out, intro);
    buf_puts(out, "\n## What every kind takes\n");
    put_settings_table(out, kind_common_settings);
    for (g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) {
        bool any = false;

        for (i = 0; i < n_kinds; i++) {
            if (strcmp(kinds[i].group, groups[g].group) != 0)
                continue;
            if (!any)
                buf_printf(out, "\n## %s\n\nNodes of type `%s`.\n", groups[g].title, groups[g].group);
            any = true;
            put_kind(out, &kinds[i]);
        }
    }
    return out->err;
}
