/* One node of an n8n workflow: a table from its type to the function that makes ours. */
#include "import/n8n.h"
#include "model/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (256 * 1024)

static void note(struct n8n *w, const struct n8n_node *node, enum import_note kind, const char *text)
{
    import_note(w->im, kind, node->line, node->name, "%s", text);
}

static void lose(struct n8n *w, struct n8n_node *node, const char *why)
{
    import_failing_node(w->im, node->id, node->name, why);
    import_note(w->im, IMPORT_LOST, node->line, node->name, "%s: it fails when it is reached", why);
    w->im->n_mapped--;
}

static void set_template(struct n8n *w, const struct n8n_node *node, struct json_object *data, const char *key,
                         const char *text)
{
    struct buf out;

    if (text == NULL)
        return;
    buf_init(&out, TEXT_MAX);
    n8n_template(w, node, text, &out);
    json_set_string(data, key, out.data != NULL ? out.data : "");
    buf_release(&out);
}

static void set_expression(struct n8n *w, struct n8n_node *node, const struct buf *jq)
{
    struct json_object *data = import_node(w->im, node->id, "transform", node->name);

    json_set_string(data, "expression", jq->data != NULL ? jq->data : "null");
}

/* [{name, value}] as an object of templates. */
static struct json_object *pairs(struct n8n *w, const struct n8n_node *node, struct json_object *list)
{
    struct json_object *made = json_object_new_object();
    size_t i;

    for (i = 0; json_object_is_type(list, json_type_array) && i < import_count(list); i++) {
        struct json_object *item = json_object_array_get_idx(list, i), *value = json_get(item, "value");

        if (json_get_string(item, "name", "")[0] != '\0')
            set_template(w, node, made, json_get_string(item, "name", ""), value != NULL ? json_object_get_string(value) : "");
    }
    return made;
}

/* ---- triggers ---- */

static void manual(struct n8n *w, struct n8n_node *node)
{
    (void)import_node(w->im, node->id, "manual", node->name);
}

static void webhook(struct n8n *w, struct n8n_node *node)
{
    const char *path = n8n_text(node, "path") != NULL ? n8n_text(node, "path") : node->name;
    struct import none = {.nodes = json_object_new_array()};
    char source[ID_MAX + 1];

    json_set_string(import_node(w->im, node->id, "webhook", node->name), "source", import_id(&none, path, source));
    json_object_put(none.nodes);
    import_note(w->im, IMPORT_APPROXIMATED, node->line, node->name,
                "it is called at /hooks/%s, and wants requests signed with the setting hooks.%s.secret", source, source);
}

static int64_t number(struct json_object *rule, const char *name, int64_t fallback)
{
    struct json_object *value = json_get(rule, name);

    return value != NULL ? json_object_get_int64(value) : fallback;
}

/* One interval of a schedule trigger as cron. Returns false: it is none. */
static bool cron_of(struct json_object *rule, char *out, size_t size)
{
    const char *field = json_get_string(rule, "field", json_get_string(rule, "mode", "days")), *fields;
    int64_t minute = number(rule, "triggerAtMinute", number(rule, "minute", 0)), hour = number(rule, "triggerAtHour", number(rule, "hour", 0));
    struct json_object *days = json_get(rule, "triggerAtDay");
    char week[40] = "0";
    int n = 0;

    if (json_get_string(rule, "expression", json_get_string(rule, "cronExpression", NULL)) != NULL) {
        fields = json_get_string(rule, "expression", json_get_string(rule, "cronExpression", ""));
        for (const char *at = fields; (at = strchr(at, ' ')) != NULL; at++)
            n++;
        /* With six fields the first are seconds. */
        snprintf(out, size, "%s", n == 5 ? strchr(fields, ' ') + 1 : fields);
    } else if (strcmp(field, "minutes") == 0 || strcmp(field, "everyMinute") == 0) {
        snprintf(out, size, "*/%lld * * * *", (long long)number(rule, "minutesInterval", field[0] == 'e' ? 1 : 5));
    } else if (strcmp(field, "hours") == 0 || strcmp(field, "everyHour") == 0) {
        snprintf(out, size, "%lld */%lld * * *", (long long)minute, (long long)number(rule, "hoursInterval", 1));
    } else if (strcmp(field, "days") == 0 || strcmp(field, "everyDay") == 0) {
        snprintf(out, size, "%lld %lld */%lld * *", (long long)minute, (long long)hour, (long long)number(rule, "daysInterval", 1));
    } else if (strcmp(field, "weeks") == 0 || strcmp(field, "everyWeek") == 0) {
        if (json_object_is_type(days, json_type_array))
            for (size_t i = 0, used = 0; i < import_count(days) && used < sizeof(week) - 4; i++)
                used += (size_t)snprintf(week + used, sizeof(week) - used, "%s%d", i > 0 ? "," : "",
                                         json_object_get_int(json_object_array_get_idx(days, i)) % 7);
        else
            snprintf(week, sizeof(week), "%lld", (long long)number(rule, "weekday", 0));
        snprintf(out, size, "%lld %lld * * %s", (long long)minute, (long long)hour, week);
    } else if (strcmp(field, "months") == 0 || strcmp(field, "everyMonth") == 0) {
        snprintf(out, size, "%lld %lld %lld */%lld *", (long long)minute, (long long)hour,
                 (long long)number(rule, "triggerAtDayOfMonth", number(rule, "dayOfMonth", 1)), (long long)number(rule, "monthsInterval", 1));
    } else {
        return false;
    }
    return true;
}

static void schedule(struct n8n *w, struct n8n_node *node)
{
    struct json_object *rules = n8n_param(node, "rule.interval"), *rule, *data;
    char cron[120];

    if (rules == NULL)
        rules = n8n_param(node, "triggerTimes.item");
    rule = json_object_is_type(rules, json_type_array) && import_count(rules) > 0 ? json_object_array_get_idx(rules, 0) : NULL;
    if (kind_find("schedule") == NULL || !cron_of(rule, cron, sizeof(cron))) {
        (void)import_node(w->im, node->id, "manual", node->name);
        note(w, node, IMPORT_LOST, "its times have no counterpart; the workflow is started by hand");
        return;
    }
    data = import_node(w->im, node->id, "schedule", node->name);
    json_set_string(data, "cron", cron);
    json_set_string(data, "timezone", w->timezone);
    if (import_count(rules) > 1)
        note(w, node, IMPORT_LOST, "only the first of its times is kept: give each a schedule node of its own");
}

/* ---- conditions ---- */

static void put_comparison(struct buf *out, const char *operation, const char *a, const char *b)
{
    static const struct {
        const char *names, *jq;
    } table[] = {
        {"equals|equal", "$a == $b"}, {"notEquals|notEqual", "$a != $b"},
        {"contains", "(if ($a | type) == \"array\" then ($a | index($b)) != null else ($a | tostring | contains($b | tostring)) end)"},
        {"notContains", "(if ($a | type) == \"array\" then ($a | index($b)) == null else ($a | tostring | contains($b | tostring) | not) end)"},
        {"startsWith", "($a | tostring | startswith($b))"}, {"notStartsWith", "($a | tostring | startswith($b) | not)"},
        {"endsWith", "($a | tostring | endswith($b))"}, {"notEndsWith", "($a | tostring | endswith($b) | not)"},
        {"regex", "($a | tostring | test($b))"}, {"notRegex", "($a | tostring | test($b) | not)"},
        {"gt|larger|after", "$a > $b"}, {"lt|smaller|before", "$a < $b"}, {"gte|largerEqual", "$a >= $b"}, {"lte|smallerEqual", "$a <= $b"},
        {"exists|isNotEmpty|notEmpty", "($a != null and $a != \"\" and $a != [] and $a != {})"},
        {"notExists|isEmpty|empty", "($a == null or $a == \"\" or $a == [] or $a == {})"},
        {"true", "$a == true"}, {"false", "$a == false"},
    };
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (kind_word(table[i].names, operation, strlen(operation))) {
            buf_printf(out, "(%s as $a | %s as $b | %s)", a, b, table[i].jq);
            return;
        }
    buf_puts(out, "error(");
    jq_string(out, "an unknown comparison: ", 23);
    buf_printf(out, "+ \"%.60s\")", operation);
}

static void comparison(struct n8n *w, const struct n8n_node *node, struct json_object *item, const char *type, struct buf *out)
{
    struct json_object *operator= json_get(item, "operator"), *left = json_get(item, "leftValue"), *right = json_get(item, "rightValue");
    const char *operation = json_get_string(operator, "operation", json_get_string(item, "operation", "equal")), *word;
    struct buf a, b;

    type = json_get_string(operator, "type", type);
    left = left != NULL ? left : json_get(item, "value1");
    right = right != NULL ? right : json_get(item, "value2");
    buf_init(&a, TEXT_MAX);
    buf_init(&b, TEXT_MAX);
    n8n_value(w, node, left, &a);
    word = json_object_is_type(right, json_type_string) ? json_object_get_string(right) : NULL;
    if (word != NULL && word[0] != '=' && strcmp(type, "number") == 0 && word[0] != '\0' && word[strspn(word, "-0123456789.")] == '\0')
        buf_puts(&b, word);
    else
        n8n_value(w, node, right, &b);
    put_comparison(out, operation, a.data != NULL ? a.data : "null", b.data != NULL ? b.data : "null");
    buf_release(&a);
    buf_release(&b);
}

/* {conditions:[...],combinator} of version 2, {string:[...],number:[...]} of version 1. */
static void put_conditions(struct n8n *w, const struct n8n_node *node, struct json_object *conditions, const char *combine, struct buf *out)
{
    struct json_object *list = json_get_array(conditions, "conditions");
    const char *combinator = json_get_string(conditions, "combinator", combine);
    const char *word = strcmp(combinator, "or") == 0 || strcmp(combinator, "any") == 0 ? " or " : " and ";
    size_t i, n = 0;

    buf_puts(out, "(");
    for (i = 0; list != NULL && i < import_count(list); i++) {
        buf_puts(out, n++ > 0 ? word : "");
        comparison(w, node, json_object_array_get_idx(list, i), "string", out);
    }
    if (list == NULL && json_object_is_type(conditions, json_type_object)) {
        json_object_object_foreach(conditions, type, items)
        {
            for (i = 0; json_object_is_type(items, json_type_array) && i < import_count(items); i++) {
                buf_puts(out, n++ > 0 ? word : "");
                comparison(w, node, json_object_array_get_idx(items, i), type, out);
            }
        }
    }
    buf_puts(out, n == 0 ? "true)" : ")");
}

static void if_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "condition", node->name);
    struct buf jq;

    buf_init(&jq, TEXT_MAX);
    put_conditions(w, node, n8n_param(node, "conditions"), n8n_text(node, "combineOperation") != NULL ? n8n_text(node, "combineOperation") : "and", &jq);
    json_set_string(data, "expression", jq.data != NULL ? jq.data : "true");
    buf_release(&jq);
}

static void switch_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *rules = n8n_param(node, "rules.values"), *data, *cases, *one, *rule;
    const char *value = n8n_text(node, "value1");
    char handle[32];
    struct buf jq;
    size_t i;

    if (rules == NULL)
        rules = n8n_param(node, "rules.rules");
    if (kind_find("switch") == NULL || !json_object_is_type(rules, json_type_array)) {
        lose(w, node, "a switch without rules has no counterpart");
        return;
    }
    data = import_node(w->im, node->id, "switch", node->name);
    cases = json_object_new_array();
    for (i = 0; i < import_count(rules); i++) {
        rule = json_object_array_get_idx(rules, i);
        buf_init(&jq, TEXT_MAX);
        if (json_get(rule, "conditions") != NULL) {
            put_conditions(w, node, json_get(rule, "conditions"), "and", &jq);
        } else {
            struct json_object *old = json_object_new_object();

            json_set_string(old, "value1", value);
            json_set_string(old, "operation", json_get_string(rule, "operation", "equal"));
            json_set(old, "value2", json_object_get(json_get(rule, "value2")));
            comparison(w, node, old, n8n_text(node, "dataType") != NULL ? n8n_text(node, "dataType") : "number", &jq);
            json_object_put(old);
        }
        one = json_object_new_object();
        json_set_string(one, "handle", n8n_handle(node, (int)number(rule, "output", (int64_t)i), handle));
        json_set_string(one, "expression", jq.data != NULL ? jq.data : "false");
        json_object_array_add(cases, one);
        buf_release(&jq);
    }
    json_set(data, "cases", cases);
}

/* ---- data ---- */

/* `a.b` as {"a":{"b": VALUE}}. */
static void put_path(struct buf *out, const char *name, const char *value)
{
    const char *dot;
    int depth = 0;

    for (; (dot = strchr(name, '.')) != NULL; name = dot + 1, depth++) {
        buf_puts(out, "{");
        jq_string(out, name, (size_t)(dot - name));
        buf_puts(out, ": ");
    }
    buf_puts(out, "{");
    jq_string(out, name, strlen(name));
    buf_printf(out, ": (%s)}", value);
    while (depth-- > 0)
        buf_puts(out, "}");
}

static void put_assignment(struct n8n *w, const struct n8n_node *node, struct json_object *item, const char *type, struct buf *out)
{
    struct json_object *value = json_get(item, "value");
    const char *text = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
    struct json_object *parsed = NULL;
    struct buf jq;

    type = json_get_string(item, "type", type);
    buf_init(&jq, TEXT_MAX);
    if (text != NULL && text[0] != '=' && strstr(type, "string") == NULL && json_parse(text, strlen(text), TEXT_MAX, &parsed, NULL) == RS_OK)
        n8n_value(w, node, parsed, &jq);
    else
        n8n_value(w, node, value, &jq);
    buf_puts(out, " * ");
    put_path(out, json_get_string(item, "name", "value"), jq.data != NULL ? jq.data : "null");
    json_object_put(parsed);
    buf_release(&jq);
}

static void set_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *list = n8n_param(node, "assignments.assignments"), *values = n8n_param(node, "values"), *only = n8n_param(node, "keepOnlySet");
    struct json_object *include = n8n_param(node, "includeOtherFields"), *version = json_get(node->json, "typeVersion");
    bool modern = version != NULL && json_object_get_double(version) >= 3;
    bool keep = modern ? include != NULL && json_object_get_boolean(include) : only == NULL || !json_object_get_boolean(only);
    struct buf jq;
    size_t i;

    buf_init(&jq, TEXT_MAX);
    if (n8n_text(node, "mode") != NULL && strcmp(n8n_text(node, "mode"), "raw") == 0) {
        const char *text = n8n_text(node, "jsonOutput");
        struct json_object *parsed = NULL;

        if (text != NULL && text[0] != '=' && json_parse(text, strlen(text), TEXT_MAX, &parsed, NULL) == RS_OK) {
            n8n_value(w, node, parsed, &jq);
        } else if (text != NULL) {
            /* A text with templates that becomes JSON, unless it is one expression. */
            n8n_value(w, node, n8n_param(node, "jsonOutput"), &jq);
            buf_puts(&jq, " | if type == \"string\" then fromjson else . end");
        }
        json_object_put(parsed);
        set_expression(w, node, &jq);
        buf_release(&jq);
        return;
    }
    buf_printf(&jq, keep ? "((%s) | if type == \"object\" then . else {} end)" : "{}%.0s", n8n_json(w, node));
    for (i = 0; json_object_is_type(list, json_type_array) && i < import_count(list); i++)
        put_assignment(w, node, json_object_array_get_idx(list, i), "string", &jq);
    if (json_object_is_type(values, json_type_object)) {
        json_object_object_foreach(values, type, items)
        {
            for (i = 0; json_object_is_type(items, json_type_array) && i < import_count(items); i++)
                put_assignment(w, node, json_object_array_get_idx(items, i), type, &jq);
        }
    }
    set_expression(w, node, &jq);
    buf_release(&jq);
}

/* JavaScript and Python get what n8n gives them, for one item, and what they return is the node's value. */
static void code_node(struct n8n *w, struct n8n_node *node)
{
    static const char js_before[] = "const runspoolInput = JSON.parse(require('fs').readFileSync(0, 'utf8'));\n"
                                    "const items = (Array.isArray(runspoolInput) ? runspoolInput : [runspoolInput]).map(json => ({json}));\n"
                                    "const item = items[0].json, $json = item;\n"
                                    "const $input = {all: () => items, first: () => items[0], last: () => items[items.length - 1], item: items[0]};\n"
                                    "const runspoolBare = v => v && typeof v === 'object' && 'json' in v ? v.json : v;\n"
                                    "(async () => {\n";
    static const char js_after[] = "\n})().then(v => {\n"
                                   "  const out = Array.isArray(v) ? v.map(runspoolBare) : runspoolBare(v);\n"
                                   "  console.log(JSON.stringify((Array.isArray(out) && out.length === 1 ? out[0] : out) ?? null));\n"
                                   "});\n";
    static const char py_before[] = "import json, sys\n_value = json.load(sys.stdin)\n_items = [{\"json\": v} for v in (_value if isinstance(_value, list) else [_value])]\n"
                                    "class _Input:\n    def all(self): return _items\n    def first(self): return _items[0]\n"
                                    "_input = _Input()\n_json = _items[0][\"json\"]\ndef _code(items):\n";
    static const char py_after[] = "\n_out = _code(_items)\n_bare = lambda v: v[\"json\"] if isinstance(v, dict) and \"json\" in v else v\n"
                                   "_out = [_bare(v) for v in _out] if isinstance(_out, list) else _bare(_out)\n"
                                   "print(json.dumps(_out[0] if isinstance(_out, list) and len(_out) == 1 else _out))\n";
    const char *language = n8n_text(node, "language"), *code = n8n_text(node, "jsCode"), *at;
    bool python = language != NULL && strncmp(language, "python", 6) == 0;
    struct json_object *data;
    struct buf text;

    code = python ? n8n_text(node, "pythonCode") : code != NULL ? code : n8n_text(node, "functionCode");
    if (code == NULL) {
        lose(w, node, "there is no code in it");
        return;
    }
    if (strstr(code, "{{") != NULL && python) {
        lose(w, node, "code that holds `{{` cannot be taken over");
        return;
    }
    data = import_node(w->im, node->id, "script", node->name);
    buf_init(&text, TEXT_MAX);
    buf_puts(&text, python ? py_before : js_before);
    for (at = code, buf_puts(&text, python ? "    " : ""); *at != '\0'; at++) {
        buf_putc(&text, *at);
        if (*at == '\n' && python)
            buf_puts(&text, "    ");
        else if (at[0] == '{' && at[1] == '{')
            buf_putc(&text, ' '); /* no template */
    }
    buf_puts(&text, python ? py_after : js_after);
    json_set_string(data, "language", python ? "python" : "node");
    json_set_string(data, "code", text.data != NULL ? text.data : "");
    buf_clear(&text);
    buf_printf(&text, "{{ %s }}", n8n_json(w, node));
    json_set_string(data, "input", text.data);
    json_set_string(data, "parse", "json");
    buf_release(&text);
    note(w, node, IMPORT_APPROXIMATED, "the code gets one item (or the items of an array), without n8n's helpers; one item returned is "
                                       "the node's value");
}

static void pass_node(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;

    buf_init(&jq, TEXT_MAX);
    buf_puts(&jq, n8n_json(w, node));
    set_expression(w, node, &jq);
    buf_release(&jq);
}

static void merge_node(struct n8n *w, struct n8n_node *node)
{
    const char *mode = n8n_text(node, "mode");
    struct buf jq;
    int i, n = 0;

    buf_init(&jq, TEXT_MAX);
    buf_puts(&jq, "[");
    for (i = 0; i < w->n_nodes; i++) {
        struct json_object *outs = json_get_array(json_get(json_get(w->root, "connections"), w->nodes[i].name), "main");
        bool leads = false;

        for (size_t o = 0; outs != NULL && o < import_count(outs); o++) {
            struct json_object *targets = json_object_array_get_idx(outs, o);
            for (size_t t = 0; json_object_is_type(targets, json_type_array) && t < import_count(targets); t++)
                leads = leads || strcmp(json_get_string(json_object_array_get_idx(targets, t), "node", ""), node->name) == 0;
        }
        if (leads)
            buf_printf(&jq, "%s%s", n++ > 0 ? ", " : "", w->nodes[i].value);
    }
    buf_puts(&jq, "] | ");
    if (mode != NULL && strncmp(mode, "combine", 7) == 0)
        buf_puts(&jq, "map(select(type == \"object\")) | add // {}");
    else if (mode != NULL && strcmp(mode, "chooseBranch") == 0)
        buf_puts(&jq, "map(select(. != null)) | .[0]");
    else
        buf_puts(&jq, "map(select(. != null))");
    set_expression(w, node, &jq);
    buf_release(&jq);
    note(w, node, IMPORT_APPROXIMATED, mode != NULL && strncmp(mode, "combine", 7) == 0
                                           ? "its inputs are joined into one object, without matching fields or positions"
                                           : "its value is the array of its inputs' values");
}

static void path_node(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;
    const char *field = n8n_text(node, "fieldToSplitOut");
    struct json_object *max = n8n_param(node, "maxItems");

    buf_init(&jq, TEXT_MAX);
    buf_puts(&jq, n8n_json(w, node));
    if (strcmp(node->type, "limit") == 0) {
        buf_printf(&jq, " | if type == \"array\" then .[:%lld] else . end", (long long)(max != NULL ? json_object_get_int64(max) : 1));
    } else if (field != NULL) {
        buf_puts(&jq, " | .[");
        jq_string(&jq, field, strlen(field));
        buf_puts(&jq, "]");
    }
    set_expression(w, node, &jq);
    buf_release(&jq);
    note(w, node, IMPORT_APPROXIMATED, "its value is one array; for a step on each element use a foreach");
}

static void stop_node(struct n8n *w, struct n8n_node *node)
{
    struct buf jq;

    buf_init(&jq, TEXT_MAX);
    buf_puts(&jq, "error(");
    n8n_value(w, node, n8n_param(node, "errorMessage"), &jq);
    buf_puts(&jq, " | tostring)");
    set_expression(w, node, &jq);
    buf_release(&jq);
}

/* ---- tools ---- */

static void http_request(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "http_request", node->name), *timeout = n8n_param(node, "options.timeout"), *body;
    const char *method = n8n_text(node, "method") != NULL ? n8n_text(node, "method") : n8n_text(node, "requestMethod"), *text;
    const char *auth = n8n_text(node, "authentication");
    struct buf jq;

    json_set_string(data, "method", method != NULL && method[0] != '=' ? method : "GET");
    set_template(w, node, data, "url", n8n_text(node, "url"));
    if (json_get(data, "url") == NULL)
        json_set_string(data, "url", "");
    body = pairs(w, node, n8n_param(node, "headerParameters.parameters"));
    if (json_object_object_length(body) > 0)
        json_set(data, "headers", json_object_get(body));
    json_object_put(body);
    body = pairs(w, node, n8n_param(node, "queryParameters.parameters"));
    if (json_object_object_length(body) > 0)
        json_set(data, "query", json_object_get(body));
    json_object_put(body);
    text = n8n_text(node, "jsonBody");
    if (text != NULL && text[0] == '=') {
        buf_init(&jq, TEXT_MAX);
        buf_puts(&jq, "{{ ");
        n8n_value(w, node, n8n_param(node, "jsonBody"), &jq);
        buf_puts(&jq, " | if type == \"string\" then (try fromjson catch .) else . end }}");
        json_set_string(data, "body", jq.data != NULL ? jq.data : "");
        buf_release(&jq);
    } else if (text != NULL) {
        body = NULL;
        if (json_parse(text, strlen(text), TEXT_MAX, &body, NULL) == RS_OK)
            json_set(data, "body", body);
        else
            set_template(w, node, data, "body", text);
    } else if (n8n_param(node, "bodyParameters.parameters") != NULL) {
        body = pairs(w, node, n8n_param(node, "bodyParameters.parameters"));
        text = n8n_text(node, "contentType");
        json_set(data, text != NULL && strcmp(text, "form-urlencoded") == 0 ? "form" : "body", body);
    } else {
        set_template(w, node, data, "body", n8n_text(node, "body"));
    }
    text = n8n_text(node, "options.response.response.responseFormat");
    if (text == NULL || strcmp(text, "text") != 0)
        json_set_string(data, "parse", "json");
    if (timeout != NULL && json_object_get_int64(timeout) > 0)
        json_set_int(data, "timeoutMs", json_object_get_int64(timeout));
    if ((auth != NULL && strcmp(auth, "none") != 0) || json_get(node->json, "credentials") != NULL)
        note(w, node, IMPORT_LOST, "credentials are not in the export: keep them with `runspool secret set` and name them in `auth` or "
                                   "`headers` as {{ $secrets.NAME }}");
}

/* The command's expressions become environment variables: no text of theirs is read as a program. */
static void command_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "shell", node->name), *argv = json_object_new_array(), *env = json_object_new_object();
    const char *text = n8n_text(node, "command"), *end;
    struct buf program, jq;
    char name[24];
    int n = 0;
    bool live;

    text = text != NULL ? text : "";
    live = text[0] == '=';
    buf_init(&program, TEXT_MAX);
    for (text += live; *text != '\0';) {
        end = live && strncmp(text, "{{", 2) == 0 ? strstr(text, "}}") : NULL;
        if (end == NULL) {
            buf_putc(&program, *text++);
            continue;
        }
        snprintf(name, sizeof(name), "VALUE_%d", ++n);
        buf_init(&jq, TEXT_MAX);
        buf_puts(&jq, "{{ ");
        (void)n8n_expression(w, node, text + 2, (size_t)(end - text - 2), &jq);
        buf_puts(&jq, " | tostring }}");
        json_set_string(env, name, jq.data);
        buf_release(&jq);
        buf_printf(&program, "${%s}", name);
        text = end + 2;
    }
    if (n > 0)
        note(w, node, IMPORT_APPROXIMATED, "its expressions are environment variables of the command; in single quotes the shell does not "
                                           "replace them");
    json_object_array_add(argv, json_object_new_string("sh"));
    if (program.data != NULL && strstr(program.data, "{{") != NULL) {
        json_object_array_add(argv, json_object_new_string("-s"));
        set_template(w, node, data, "stdin", program.data);
    } else {
        json_object_array_add(argv, json_object_new_string("-c"));
        json_object_array_add(argv, json_object_new_string(program.data != NULL ? program.data : "true"));
    }
    json_set(data, "command", argv);
    if (n > 0)
        json_set(data, "env", json_object_get(env));
    json_object_put(env);
    buf_release(&program);
}

static void wait_node(struct n8n *w, struct n8n_node *node)
{
    const char *unit = n8n_text(node, "unit"), *resume = n8n_text(node, "resume");
    struct json_object *amount = n8n_param(node, "amount"), *data;
    int64_t ms = (amount != NULL ? json_object_get_int64(amount) : 1) * 1000;

    if (kind_find("delay") == NULL || (resume != NULL && strcmp(resume, "timeInterval") != 0 && strcmp(resume, "specificTime") != 0)) {
        lose(w, node, "waiting for a call or a form has no counterpart; an approval may serve");
        return;
    }
    data = import_node(w->im, node->id, "delay", node->name);
    if (resume != NULL && strcmp(resume, "specificTime") == 0) {
        set_template(w, node, data, "until", n8n_text(node, "dateTime"));
        return;
    }
    if (unit != NULL)
        ms *= strcmp(unit, "minutes") == 0 ? 60 : strcmp(unit, "hours") == 0 ? 3600 : strcmp(unit, "days") == 0 ? 86400 : 1;
    json_set_int(data, "ms", ms);
}

static void respond_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "result", node->name);
    const char *with = n8n_text(node, "respondWith");
    struct buf jq;

    buf_init(&jq, TEXT_MAX);
    buf_puts(&jq, "{{ ");
    if (with != NULL && (strcmp(with, "json") == 0 || strcmp(with, "text") == 0) && n8n_param(node, "responseBody") != NULL) {
        n8n_value(w, node, n8n_param(node, "responseBody"), &jq);
        buf_puts(&jq, strcmp(with, "json") == 0 ? " | if type == \"string\" then (try fromjson catch .) else . end" : "");
    } else {
        buf_puts(&jq, n8n_json(w, node));
    }
    buf_puts(&jq, " }}");
    json_set_string(data, "value", jq.data != NULL ? jq.data : "");
    buf_release(&jq);
    note(w, node, IMPORT_APPROXIMATED, "the answer is the run's output; whoever calls gets it by GET /api/runs/ID");
}

static void email_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data;

    if (kind_find("email") == NULL) {
        lose(w, node, "e-mail has no counterpart");
        return;
    }
    data = import_node(w->im, node->id, "email", node->name);
    set_template(w, node, data, "to", n8n_text(node, "toEmail") != NULL ? n8n_text(node, "toEmail") : "");
    set_template(w, node, data, "from", n8n_text(node, "fromEmail"));
    set_template(w, node, data, "subject", n8n_text(node, "subject") != NULL ? n8n_text(node, "subject") : "");
    set_template(w, node, data, "text", n8n_text(node, "text") != NULL ? n8n_text(node, "text") : n8n_text(node, "message"));
    set_template(w, node, data, "html", n8n_text(node, "html"));
    note(w, node, IMPORT_APPROXIMATED, "it is sent by the server of the smtp settings");
}

static void workflow_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *id = n8n_param(node, "workflowId"), *data;
    const char *name = json_object_is_type(id, json_type_string) ? json_object_get_string(id) : json_get_string(id, "value", NULL);

    if (kind_find("subworkflow") == NULL || name == NULL || name[0] == '=') {
        lose(w, node, "the workflow it executes is not said, or cannot be");
        return;
    }
    data = import_node(w->im, node->id, "subworkflow", node->name);
    json_set_string(data, "workflow", name);
    struct buf jq;
    buf_init(&jq, TEXT_MAX);
    buf_printf(&jq, "{{ %s }}", n8n_json(w, node));
    json_set_string(data, "input", jq.data);
    buf_release(&jq);
    note(w, node, IMPORT_APPROXIMATED, "the workflow it executes must be imported, and `workflow` be its id here");
}

static void model_node(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data;
    const char *text = n8n_text(node, "text") != NULL ? n8n_text(node, "text") : n8n_text(node, "prompt");
    struct json_object *messages = n8n_param(node, "messages.values");

    if (json_object_is_type(messages, json_type_array) && import_count(messages) > 0)
        text = json_get_string(json_object_array_get_idx(messages, import_count(messages) - 1), "content", text);
    data = import_node(w->im, node->id, "agent", node->name);
    if (text == NULL || text[0] == '\0')
        text = "={{ $json.chatInput }}";
    set_template(w, node, data, "prompt", text);
    set_template(w, node, data, "system", n8n_text(node, "options.systemMessage"));
    note(w, node, IMPORT_APPROXIMATED, "it asks the model of model.url and model.default unless `url`, `model` and `key` are set; memory and "
                                       "tools connected to it are not taken over");
}

/* ---- the table ---- */

enum value { VALUE_INPUT, VALUE_OUTPUT, VALUE_JSON, VALUE_TEXT, VALUE_PASSED };

static const struct {
    const char *types; /* without "n8n-nodes-base." or another package's name */
    void (*make)(struct n8n *w, struct n8n_node *node);
    enum value value;
} table[] = {
    {"manualTrigger|start|executeWorkflowTrigger|formTrigger|chatTrigger|manualChatTrigger", manual, VALUE_INPUT},
    {"webhook", webhook, VALUE_OUTPUT},
    {"scheduleTrigger|cron|interval", schedule, VALUE_OUTPUT},
    {"httpRequest", http_request, VALUE_JSON},
    {"executeCommand", command_node, VALUE_OUTPUT},
    {"if|filter", if_node, VALUE_PASSED},
    {"switch", switch_node, VALUE_PASSED},
    {"set|editFields", set_node, VALUE_OUTPUT},
    {"code|function|functionItem", code_node, VALUE_JSON},
    {"merge", merge_node, VALUE_OUTPUT},
    {"noOp", pass_node, VALUE_OUTPUT},
    {"splitOut|itemLists|limit", path_node, VALUE_OUTPUT},
    {"wait", wait_node, VALUE_PASSED},
    {"stopAndError", stop_node, VALUE_OUTPUT},
    {"respondToWebhook", respond_node, VALUE_OUTPUT},
    {"emailSend", email_node, VALUE_PASSED},
    {"executeWorkflow", workflow_node, VALUE_OUTPUT},
    {"agent|chainLlm|openAi", model_node, VALUE_TEXT},
};

static int row_of(const struct n8n_node *node)
{
    int i;

    for (i = 0; i < (int)(sizeof(table) / sizeof(table[0])); i++)
        if (kind_word(table[i].types, node->type, strlen(node->type)))
            return i;
    return -1;
}

static bool disabled(const struct n8n_node *node)
{
    return json_get_bool(node->json, "disabled", false);
}

const char *n8n_json(const struct n8n *w, const struct n8n_node *node)
{
    return node->input >= 0 ? w->nodes[node->input].value : ".input";
}

void n8n_node_value(struct n8n *w, struct n8n_node *node)
{
    int row = row_of(node);
    struct buf jq;

    buf_init(&jq, N8N_VALUE_MAX);
    switch (row < 0 || disabled(node) ? VALUE_OUTPUT : table[row].value) {
    case VALUE_INPUT:
        buf_puts(&jq, ".input");
        break;
    case VALUE_PASSED:
        buf_puts(&jq, n8n_json(w, node));
        break;
    case VALUE_OUTPUT:
        jq_output(&jq, node->id);
        break;
    case VALUE_JSON:
        jq_output(&jq, node->id);
        buf_puts(&jq, ".json");
        break;
    case VALUE_TEXT:
        jq_output(&jq, node->id);
        break;
    }
    snprintf(node->value, sizeof(node->value), "%s", jq.data != NULL ? jq.data : ".input");
    buf_release(&jq);
}

static void take_policies(struct n8n_node *node, struct json_object *data)
{
    struct json_object *tries = json_get(node->json, "maxTries"), *pause = json_get(node->json, "waitBetweenTries"), *retry;
    const char *on_error = json_get_string(node->json, "onError", "");

    if (json_get_bool(node->json, "continueOnFail", false) || strncmp(on_error, "continue", 8) == 0)
        json_set_bool(data, "continueOnError", true);
    if (!json_get_bool(node->json, "retryOnFail", false))
        return;
    retry = json_object_new_object();
    json_set_int(retry, "attempts", tries != NULL ? json_object_get_int64(tries) : 3);
    json_set_int(retry, "backoffMs", pause != NULL ? json_object_get_int64(pause) : 1000);
    json_set_int(retry, "factor", 1);
    json_set(data, "retry", retry);
}

void n8n_node_import(struct n8n *w, struct n8n_node *node)
{
    struct json_object *made, *position = json_get_array(node->json, "position"), *place;
    size_t before = import_count(w->im->nodes);
    int row = row_of(node);

    w->im->n_steps++;
    w->im->n_mapped++;
    if (disabled(node)) {
        pass_node(w, node);
        note(w, node, IMPORT_APPROXIMATED, "it is disabled: what comes in goes on");
    } else if (row >= 0) {
        table[row].make(w, node);
    } else {
        char why[160];

        snprintf(why, sizeof(why), "the node type %.100s has no counterpart", json_get_string(node->json, "type", "?"));
        lose(w, node, why);
    }
    made = json_object_array_get_idx(w->im->nodes, before);
    if (strcmp(json_get_string(json_get(made, "data"), "kind", ""), "condition") != 0)
        take_policies(node, json_get(made, "data"));
    if (position != NULL && import_count(position) == 2) {
        place = json_object_new_object();
        json_set(place, "x", json_object_get(json_object_array_get_idx(position, 0)));
        json_set(place, "y", json_object_get(json_object_array_get_idx(position, 1)));
        json_set(made, "position", place);
    }
}

const char *n8n_handle(const struct n8n_node *node, int output, char out[32])
{
    struct json_object *rules;
    const char *type = disabled(node) ? "noOp" : node->type;

    if (strcmp(type, "if") == 0 || strcmp(type, "filter") == 0)
        return output == 0 ? "true" : "false";
    if (strcmp(type, "switch") != 0)
        return NULL;
    rules = n8n_param(node, "rules.values") != NULL ? n8n_param(node, "rules.values") : n8n_param(node, "rules.rules");
    if (n8n_param(node, "rules.values") != NULL && output >= (int)import_count(rules))
        return "default";
    if (n8n_param(node, "fallbackOutput") != NULL && json_object_is_type(n8n_param(node, "fallbackOutput"), json_type_int) &&
        json_object_get_int(n8n_param(node, "fallbackOutput")) == output && n8n_param(node, "rules.values") == NULL)
        return "default";
    snprintf(out, 32, "output_%d", output);
    return out;
}
