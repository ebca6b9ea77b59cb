/* Nodes of n8n that say when: triggers and conditions. */
#include "import/n8n.h"
#include "model/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- triggers ---- */

void n8n_make_manual(struct n8n *w, struct n8n_node *node)
{
    (void)import_node(w->im, node->id, "manual", node->name);
}

void n8n_make_webhook(struct n8n *w, struct n8n_node *node)
{
    const char *path = n8n_text(node, "path") != NULL ? n8n_text(node, "path") : node->name;
    struct import none = {.nodes = json_object_new_array()};
    char source[ID_MAX + 1];

    json_set_string(import_node(w->im, node->id, "webhook", node->name), "source", import_id(&none, path, source));
    json_object_put(none.nodes);
    import_note(w->im, IMPORT_APPROXIMATED, node->line, node->name,
                "it is called at /hooks/%s, and wants requests signed with the setting hooks.%s.secret", source, source);
}

/* One interval of a schedule trigger as cron. Returns false: it is none. */
static bool cron_of(struct json_object *rule, char *out, size_t size)
{
    const char *field = json_get_string(rule, "field", json_get_string(rule, "mode", "days")), *fields;
    int64_t minute = n8n_number(rule, "triggerAtMinute", n8n_number(rule, "minute", 0)), hour = n8n_number(rule, "triggerAtHour", n8n_number(rule, "hour", 0));
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
        snprintf(out, size, "*/%lld * * * *", (long long)n8n_number(rule, "minutesInterval", field[0] == 'e' ? 1 : 5));
    } else if (strcmp(field, "hours") == 0 || strcmp(field, "everyHour") == 0) {
        snprintf(out, size, "%lld */%lld * * *", (long long)minute, (long long)n8n_number(rule, "hoursInterval", 1));
    } else if (strcmp(field, "days") == 0 || strcmp(field, "everyDay") == 0) {
        snprintf(out, size, "%lld %lld */%lld * *", (long long)minute, (long long)hour, (long long)n8n_number(rule, "daysInterval", 1));
    } else if (strcmp(field, "weeks") == 0 || strcmp(field, "everyWeek") == 0) {
        if (json_object_is_type(days, json_type_array))
            for (size_t i = 0, used = 0; i < import_count(days) && used < sizeof(week) - 4; i++)
                used += (size_t)snprintf(week + used, sizeof(week) - used, "%s%d", i > 0 ? "," : "",
                                         json_object_get_int(json_object_array_get_idx(days, i)) % 7);
        else
            snprintf(week, sizeof(week), "%lld", (long long)n8n_number(rule, "weekday", 0));
        snprintf(out, size, "%lld %lld * * %s", (long long)minute, (long long)hour, week);
    } else if (strcmp(field, "months") == 0 || strcmp(field, "everyMonth") == 0) {
        snprintf(out, size, "%lld %lld %lld */%lld *", (long long)minute, (long long)hour,
                 (long long)n8n_number(rule, "triggerAtDayOfMonth", n8n_number(rule, "dayOfMonth", 1)), (long long)n8n_number(rule, "monthsInterval", 1));
    } else {
        return false;
    }
    return true;
}

void n8n_make_schedule(struct n8n *w, struct n8n_node *node)
{
    struct json_object *rules = n8n_param(node, "rule.interval"), *rule, *data;
    char cron[120];

    if (rules == NULL)
        rules = n8n_param(node, "triggerTimes.item");
    rule = json_object_is_type(rules, json_type_array) && import_count(rules) > 0 ? json_object_array_get_idx(rules, 0) : NULL;
    if (kind_find("schedule") == NULL || !cron_of(rule, cron, sizeof(cron))) {
        (void)import_node(w->im, node->id, "manual", node->name);
        n8n_note(w, node, IMPORT_LOST, "its times have no counterpart; the workflow is started by hand");
        return;
    }
    data = import_node(w->im, node->id, "schedule", node->name);
    json_set_string(data, "cron", cron);
    json_set_string(data, "timezone", w->timezone);
    if (import_count(rules) > 1)
        n8n_note(w, node, IMPORT_LOST, "only the first of its times is kept: give each a schedule node of its own");
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
    buf_init(&a, N8N_TEXT_MAX);
    buf_init(&b, N8N_TEXT_MAX);
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

void n8n_make_if(struct n8n *w, struct n8n_node *node)
{
    struct json_object *data = import_node(w->im, node->id, "condition", node->name);
    struct buf jq;

    buf_init(&jq, N8N_TEXT_MAX);
    put_conditions(w, node, n8n_param(node, "conditions"), n8n_text(node, "combineOperation") != NULL ? n8n_text(node, "combineOperation") : "and", &jq);
    json_set_string(data, "expression", jq.data != NULL ? jq.data : "true");
    buf_release(&jq);
}

void n8n_make_switch(struct n8n *w, struct n8n_node *node)
{
    struct json_object *rules = n8n_param(node, "rules.values"), *data, *cases, *one, *rule;
    const char *value = n8n_text(node, "value1");
    char handle[32];
    struct buf jq;
    size_t i;

    if (rules == NULL)
        rules = n8n_param(node, "rules.rules");
    if (kind_find("switch") == NULL || !json_object_is_type(rules, json_type_array)) {
        n8n_lose(w, node, "a switch without rules has no counterpart");
        return;
    }
    data = import_node(w->im, node->id, "switch", node->name);
    cases = json_object_new_array();
    for (i = 0; i < import_count(rules); i++) {
        rule = json_object_array_get_idx(rules, i);
        buf_init(&jq, N8N_TEXT_MAX);
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
        json_set_string(one, "handle", n8n_handle(node, (int)n8n_number(rule, "output", (int64_t)i), handle));
        json_set_string(one, "expression", jq.data != NULL ? jq.data : "false");
        json_object_array_add(cases, one);
        buf_release(&jq);
    }
    json_set(data, "cases", cases);
}
