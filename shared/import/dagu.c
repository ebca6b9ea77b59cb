/* Workflows of Dagu: YAML with `steps`, as its versions 1.x and 2.x write them. */
#include "import/dagu.h"
#include "model/kind.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEDULES_MAX 20
#define VARIABLES_MAX 65536

static bool same_name(const char *a, const char *b)
{
    for (; *a != '\0' || *b != '\0'; a++, b++) {
        while (*a == '_')
            a++;
        if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
            return false;
        if (*a == '\0')
            break;
    }
    return true;
}

struct json_object *dagu_get(struct json_object *object, const char *name)
{
    if (!json_object_is_type(object, json_type_object))
        return NULL;
    json_object_object_foreach(object, key, value)
    {
        if (same_name(key, name))
            return value;
    }
    return NULL;
}

const char *dagu_text(struct json_object *value)
{
    return value == NULL || json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array)
               ? NULL
               : json_object_get_string(value);
}

/* ---- variables ---- */

/* What can be neither a variable of the shell nor a field of jq is left out. */
static bool is_variable_name(const char *name)
{
    return (isalpha((unsigned char)name[0]) || name[0] == '_') &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static void add_pair(struct json_object *to, const char *text)
{
    const char *sign = strchr(text, '=');
    char name[DAGU_NAME_MAX];

    if (sign == NULL || sign == text || (size_t)(sign - text) >= sizeof(name))
        return;
    snprintf(name, sizeof(name), "%.*s", (int)(sign - text), text);
    if (is_variable_name(name))
        json_set_string(to, name, sign + 1);
}

void dagu_env_add(struct json_object *env, struct json_object *from)
{
    size_t i;

    if (json_object_is_type(from, json_type_array)) {
        for (i = 0; i < import_count(from); i++)
            dagu_env_add(env, json_object_array_get_idx(from, i));
    } else if (json_object_is_type(from, json_type_object)) {
        json_object_object_foreach(from, name, value)
        {
            if (is_variable_name(name))
                json_set_string(env, name, dagu_text(value) != NULL ? dagu_text(value) : "");
        }
    } else if (json_object_is_type(from, json_type_string)) {
        add_pair(env, json_object_get_string(from));
    }
}

/* One param: NAME=value, or a value alone, which is $1, $2, ... there and p1, p2, ... here. */
static void add_param_word(struct dagu *d, const char *word)
{
    char name[16];

    if (strchr(word, '=') != NULL) {
        add_pair(d->params, word);
    } else {
        snprintf(name, sizeof(name), "p%d", ++d->n_positional);
        json_set_string(d->params, name, word);
    }
}

/* "A=b C='d e' f": words, quotes taken off. */
static void add_param_text(struct dagu *d, const char *text)
{
    struct buf word;
    char quote = 0;
    bool any = false;

    buf_init(&word, IMPORT_TEXT_MAX);
    for (;; text++) {
        if (*text == '\0' || (quote == 0 && isspace((unsigned char)*text))) {
            if (any)
                add_param_word(d, word.data != NULL ? word.data : "");
            buf_clear(&word);
            any = false;
            if (*text == '\0')
                break;
        } else if (quote != 0 ? *text == quote : (*text == '"' || *text == '\'')) {
            quote = quote != 0 ? 0 : *text;
            any = true;
        } else {
            buf_putc(&word, *text);
            any = true;
        }
    }
    buf_release(&word);
}

static void take_params(struct dagu *d)
{
    struct json_object *params = dagu_get(d->root, "params"), *list = json_object_new_array(), *param;
    size_t i;

    if (json_object_is_type(params, json_type_array)) {
        for (i = 0; i < import_count(params); i++) {
            struct json_object *item = json_object_array_get_idx(params, i);

            if (json_object_is_type(item, json_type_object) && dagu_text(json_get(item, "name")) != NULL)
                json_set_string(d->params, dagu_text(json_get(item, "name")),
                                dagu_text(json_get(item, "default")) != NULL ? dagu_text(json_get(item, "default")) : "");
            else if (json_object_is_type(item, json_type_object))
                dagu_env_add(d->params, item);
            else if (dagu_text(item) != NULL)
                add_param_word(d, dagu_text(item));
        }
    } else if (json_object_is_type(params, json_type_object)) {
        dagu_env_add(d->params, params);
    } else if (dagu_text(params) != NULL) {
        add_param_text(d, dagu_text(params));
    }
    json_object_object_foreach(d->params, name, value)
    {
        param = json_object_new_object();
        json_set_string(param, "name", name);
        json_set_string(param, "type", "string");
        json_set(param, "default", json_object_get(value));
        json_object_array_add(list, param);
        if (strpbrk(json_object_get_string(value), "$`") != NULL)
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(params), "params",
                        "the default of %s is taken as it stands; nothing in it is executed or replaced", name);
    }
    if (import_count(list) > 0)
        json_set(d->im->definition, "params", json_object_get(list));
    json_object_put(list);
}

/* ---- steps ---- */

static int find_step(const struct dagu *d, const char *name)
{
    int i;

    for (i = 0; i < d->n_steps; i++) {
        const char *id = dagu_text(dagu_get(d->steps[i].yaml, "id"));

        if (strcmp(d->steps[i].name, name) == 0 || (id != NULL && strcmp(id, name) == 0))
            return i;
    }
    return -1;
}

static void add_after(struct dagu_step *step, int other)
{
    int *grown, i;

    for (i = 0; i < step->n_after; i++)
        if (step->after[i] == other)
            return;
    if ((grown = realloc(step->after, (size_t)(step->n_after + 1) * sizeof(*grown))) == NULL)
        return;
    step->after = grown;
    step->after[step->n_after++] = other;
}

/* name: NULL: its own, or one made of its number. Returns its index, -1: too many. */
static int add_step(struct dagu *d, const char *name, struct json_object *yaml)
{
    struct dagu_step *step, *grown;
    char made[32];

    if (d->n_steps == IMPORT_NODES_MAX / 2)
        return -1;
    if ((grown = realloc(d->steps, (size_t)(d->n_steps + 1) * sizeof(*grown))) == NULL)
        return -1;
    d->steps = grown;
    step = &d->steps[d->n_steps];
    *step = (struct dagu_step){.yaml = yaml};
    if (dagu_text(dagu_get(yaml, "name")) != NULL)
        name = dagu_text(dagu_get(yaml, "name"));
    else if (name == NULL && dagu_text(dagu_get(yaml, "id")) != NULL)
        name = dagu_text(dagu_get(yaml, "id"));
    if (name == NULL) {
        snprintf(made, sizeof(made), "step_%d", d->n_steps + 1);
        if (json_object_is_type(yaml, json_type_object))
            json_set_string(yaml, "name", made); /* kept alive by the tree */
        name = json_get_string(yaml, "name", "step");
    }
    step->name = name;
    step->output = dagu_text(dagu_get(yaml, "output"));
    if (step->output == NULL)
        step->output = dagu_text(dagu_get(dagu_get(yaml, "output"), "name"));
    if (step->output != NULL && step->output[0] == '$')
        step->output += step->output[1] == '{' ? 2 : 1;
    return d->n_steps++;
}

/* A step that is a text alone becomes a mapping, so that it can have a name. */
static struct json_object *as_mapping(struct json_object *list, size_t i, int number)
{
    struct json_object *item = json_object_array_get_idx(list, i), *made;
    char name[32];

    if (dagu_text(item) == NULL)
        return item;
    made = json_object_new_object();
    snprintf(name, sizeof(name), "step_%d", number);
    json_set_string(made, "name", name);
    json_object_set_userdata(made, (void *)(intptr_t)yaml_line(item), NULL);
    json_set(made, "command", json_object_get(item));
    json_object_array_put_idx(list, i, made);
    return made;
}

/* Steps in order; a list inside of the list is a group that runs in parallel. *ret_groups: for each step the number of its group. */
static void take_steps(struct dagu *d, int groups[IMPORT_NODES_MAX], enum rs_err *err, struct fault *fault)
{
    struct json_object *steps = dagu_get(d->root, "steps");
    size_t i, k;
    int n = 0, at;

    if (json_object_is_type(steps, json_type_object)) {
        json_object_object_foreach(steps, name, value)
        {
            if ((at = add_step(d, name, value)) >= 0)
                groups[at] = n++;
        }
    } else if (json_object_is_type(steps, json_type_array)) {
        for (i = 0; i < import_count(steps); i++) {
            struct json_object *item = as_mapping(steps, i, d->n_steps + 1);

            if (!json_object_is_type(item, json_type_array)) {
                if ((at = add_step(d, NULL, item)) >= 0)
                    groups[at] = n;
            }
            for (k = 0; json_object_is_type(item, json_type_array) && k < import_count(item); k++)
                if ((at = add_step(d, NULL, as_mapping(item, k, d->n_steps + 1))) >= 0)
                    groups[at] = n;
            n++;
        }
    }
    if (d->n_steps == 0)
        *err = fault_set(fault, RS_UNPROCESSABLE, "there are no `steps`");
}

static void take_depends(struct dagu *d, int at, struct json_object *depends)
{
    size_t i;
    int other;

    if (json_object_is_type(depends, json_type_array)) {
        for (i = 0; i < import_count(depends); i++)
            take_depends(d, at, json_object_array_get_idx(depends, i));
    } else if (dagu_text(depends) != NULL) {
        other = find_step(d, dagu_text(depends));
        if (other >= 0)
            add_after(&d->steps[at], other);
        else
            import_note(d->im, IMPORT_LOST, yaml_line(depends), d->steps[at].name, "depends on \"%s\", which is no step",
                        dagu_text(depends));
    }
}

static void order_steps(struct dagu *d, const int *groups)
{
    const char *type = dagu_text(dagu_get(d->root, "type"));
    bool any = false, chain;
    int i, k;

    for (i = 0; i < d->n_steps; i++)
        any = any || dagu_get(d->steps[i].yaml, "depends") != NULL;
    chain = type != NULL ? strcmp(type, "chain") == 0 : !any;
    if (type == NULL && chain && d->n_steps > 1)
        import_note(d->im, IMPORT_APPROXIMATED, 0, "steps",
                    "without `type` and `depends` the versions of Dagu differ; here the steps run one after the other");
    for (i = 0; i < d->n_steps; i++) {
        struct json_object *depends = dagu_get(d->steps[i].yaml, "depends");

        if (depends != NULL)
            take_depends(d, i, depends);
        for (k = 0; chain && depends == NULL && k < d->n_steps; k++)
            if (groups[k] == groups[i] - 1)
                add_after(&d->steps[i], k);
    }
}

/* ---- triggers ---- */

static void schedule_node(struct dagu *d, const char *cron, int line)
{
    struct json_object *data;
    char id[ID_MAX + 1], zone[80] = "";

    if (strncmp(cron, "CRON_TZ=", 8) == 0 || strncmp(cron, "TZ=", 3) == 0) {
        cron = strchr(cron, '=') + 1;
        snprintf(zone, sizeof(zone), "%.*s", (int)strcspn(cron, " "), cron);
        cron += strcspn(cron, " ");
        cron += strspn(cron, " ");
    }
    data = import_node(d->im, import_id(d->im, "schedule", id), "schedule", "Schedule");
    json_set_string(data, "cron", cron);
    if (zone[0] != '\0')
        json_set_string(data, "timezone", zone);
    else
        import_note(d->im, IMPORT_APPROXIMATED, line, "schedule", "times are UTC here unless `timezone` is set");
}

static void take_schedule(struct dagu *d, struct json_object *schedule)
{
    size_t i;

    if (json_object_is_type(schedule, json_type_array)) {
        for (i = 0; i < import_count(schedule) && i < SCHEDULES_MAX; i++)
            take_schedule(d, json_object_array_get_idx(schedule, i));
    } else if (json_object_is_type(schedule, json_type_object)) {
        if (dagu_get(schedule, "cron") != NULL)
            take_schedule(d, dagu_get(schedule, "cron"));
        take_schedule(d, dagu_get(schedule, "start"));
        if (dagu_get(schedule, "stop") != NULL || dagu_get(schedule, "restart") != NULL)
            import_note(d->im, IMPORT_LOST, yaml_line(schedule), "schedule", "`stop` and `restart` have no counterpart");
    } else if (dagu_text(schedule) != NULL) {
        schedule_node(d, dagu_text(schedule), yaml_line(schedule));
    }
}

/* The nodes the run begins with. */
static void take_triggers(struct dagu *d)
{
    if (kind_find("schedule") != NULL)
        take_schedule(d, dagu_get(d->root, "schedule"));
    else if (dagu_get(d->root, "schedule") != NULL)
        import_note(d->im, IMPORT_LOST, yaml_line(dagu_get(d->root, "schedule")), "schedule", "has no counterpart");
    if (import_count(d->im->nodes) == 0)
        (void)import_node(d->im, "start", "manual", "Start");
}

/* ---- edges ---- */

static void gate_condition(const char *gate, char *out, size_t size)
{
    snprintf(out, size, ".nodes[\"%s\"].status == \"success\"", gate);
}

static void connect(struct dagu *d, size_t n_triggers, const char *gate)
{
    char condition[ID_MAX + 64];
    size_t t;
    int i, k;

    for (t = 0; t < n_triggers && gate[0] != '\0'; t++)
        import_edge(d->im, json_get_string(json_object_array_get_idx(d->im->nodes, t), "id", ""), gate, NULL, NULL);
    for (i = 0; i < d->n_steps; i++) {
        struct dagu_step *step = &d->steps[i];
        const char *first = step->gate[0] != '\0' ? step->gate : step->id;

        for (t = 0; step->n_after == 0 && gate[0] == '\0' && t < n_triggers; t++)
            import_edge(d->im, json_get_string(json_object_array_get_idx(d->im->nodes, t), "id", ""), first, NULL, NULL);
        if (step->n_after == 0 && gate[0] != '\0') {
            gate_condition(gate, condition, sizeof(condition));
            import_edge(d->im, gate, first, NULL, condition);
        }
        for (k = 0; k < step->n_after; k++)
            import_edge(d->im, d->steps[step->after[k]].id, first, NULL, NULL);
        if (step->gate[0] != '\0') {
            gate_condition(step->gate, condition, sizeof(condition));
            import_edge(d->im, step->gate, step->id, NULL, condition);
        }
    }
}

/* A node that waits for several runs as soon as one of them was not skipped; Dagu wants all of them. */
static void require_all(struct dagu *d)
{
    int i;

    for (i = 0; i < d->n_steps; i++)
        if (d->steps[i].n_after > 1) {
            bool gated = false;
            for (int k = 0; k < d->steps[i].n_after; k++)
                gated = gated || d->steps[d->steps[i].after[k]].gate[0] != '\0';
            if (gated)
                import_note(d->im, IMPORT_APPROXIMATED, yaml_line(d->steps[i].yaml), d->steps[i].name,
                            "it runs when one of the steps it depends on ran, also when others of them were skipped");
        }
}

/* ---- the rest of the root ---- */

static void take_handlers(struct dagu *d)
{
    struct json_object *on = dagu_get(d->root, "handlerOn");
    static const char *const names[] = {"success", "exit"};
    int n = d->n_steps, i, at;
    size_t h;

    for (h = 0; h < 2; h++) {
        struct json_object *handler = dagu_get(on, names[h]);
        bool leaf;

        if (handler == NULL || (at = add_step(d, names[h], handler)) < 0)
            continue;
        for (i = 0; i < n; i++) {
            leaf = true;
            for (int k = 0; k < n && leaf; k++)
                for (int a = 0; a < d->steps[k].n_after && leaf; a++)
                    leaf = d->steps[k].after[a] != i;
            if (leaf)
                add_after(&d->steps[at], i);
        }
        if (h == 1)
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(handler), "handlerOn.exit",
                        "it runs at the end of a run that goes well, not of a failed or cancelled one");
    }
    if (dagu_get(on, "failure") != NULL || dagu_get(on, "cancel") != NULL)
        import_note(d->im, IMPORT_LOST, yaml_line(on), "handlerOn", "`failure` and `cancel` have no counterpart: a run that failed or was "
                                                                    "cancelled starts no further node");
}

static void take_head(struct dagu *d)
{
    static const char *const known[] = {"name", "description", "params", "env", "steps", "type", "schedule", "handleron",
                                        "preconditions", "precondition", "timeoutsec", "maxactiveruns", "workingdir", "tags", "group", NULL};
    struct json_object *value, *concurrency;
    size_t i;

    json_set_string(d->im->definition, "description", dagu_text(dagu_get(d->root, "description")));
    if ((value = dagu_get(d->root, "timeoutSec")) != NULL && json_object_get_int64(value) > 0)
        json_set_int(d->im->definition, "timeoutMs", json_object_get_int64(value) * 1000);
    if ((value = dagu_get(d->root, "maxActiveRuns")) != NULL && json_object_get_int64(value) > 0) {
        concurrency = json_object_new_object();
        json_set_int(concurrency, "limit", json_object_get_int64(value));
        json_set_string(concurrency, "onBusy", "queue");
        json_set(d->im->definition, "concurrency", concurrency);
    }
    json_object_object_foreach(d->root, key, member)
    {
        for (i = 0; known[i] != NULL && !same_name(key, known[i]); i++)
            ;
        if (known[i] == NULL && member != NULL)
            import_note(d->im, IMPORT_LOST, yaml_line(member), key, "has no counterpart");
    }
}

static struct json_object *preconditions_of(struct json_object *yaml)
{
    struct json_object *all = dagu_get(yaml, "preconditions");

    return all != NULL ? all : dagu_get(yaml, "precondition");
}

static bool is_http(struct json_object *yaml)
{
    struct json_object *executor = dagu_get(yaml, "executor");
    const char *type = dagu_text(executor) != NULL ? dagu_text(executor) : dagu_text(dagu_get(executor, "type"));

    if (type == NULL)
        type = dagu_text(dagu_get(yaml, "type"));
    if (type == NULL)
        type = dagu_text(dagu_get(yaml, "action"));
    return type != NULL && strncmp(type, "http", 4) == 0;
}

enum rs_err import_dagu(struct import *im, struct json_object *tree, struct fault *fault)
{
    struct dagu d = {.im = im, .root = tree, .params = json_object_new_object(), .env = json_object_new_object()};
    int groups[IMPORT_NODES_MAX];
    char gate[ID_MAX + 1] = "", name[DAGU_NAME_MAX + 16];
    enum rs_err err = RS_OK;
    size_t n_triggers;
    int i;

    if (!json_object_is_type(tree, json_type_object)) {
        err = fault_set(fault, RS_INVALID, "a Dagu workflow is a mapping");
        goto out;
    }
    take_head(&d);
    take_params(&d);
    dagu_env_add(d.env, dagu_get(tree, "env"));
    take_steps(&d, groups, &err, fault);
    if (err == RS_OK && strlen(json_text(d.params, NULL)) + strlen(json_text(d.env, NULL)) > VARIABLES_MAX)
        err = fault_set(fault, RS_LIMIT, "`params` and `env` are longer than %d bytes, and every step gets them", VARIABLES_MAX);
    if (err != RS_OK)
        goto out;
    order_steps(&d, groups);
    take_handlers(&d);
    take_triggers(&d);
    n_triggers = import_count(im->nodes);
    if (preconditions_of(tree) != NULL)
        dagu_gate(&d, NULL, import_id(im, "preconditions", gate), preconditions_of(tree));
    /* All ids first: steps name each other's outputs. */
    for (i = 0; i < d.n_steps; i++) {
        import_id(im, d.steps[i].name, d.steps[i].id);
        for (int k = 0; k < i; k++)
            if (strcmp(d.steps[k].id, d.steps[i].id) == 0) {
                snprintf(name, sizeof(name), "%.100s %d", d.steps[i].name, i + 1);
                import_id(im, name, d.steps[i].id);
            }
        d.steps[i].is_http = is_http(d.steps[i].yaml);
    }
    for (i = 0; i < d.n_steps; i++) {
        dagu_step_import(&d, &d.steps[i]);
        if (preconditions_of(d.steps[i].yaml) != NULL) {
            snprintf(name, sizeof(name), "%.100s check", d.steps[i].name);
            dagu_gate(&d, &d.steps[i], import_id(im, name, d.steps[i].gate), preconditions_of(d.steps[i].yaml));
        }
    }
    connect(&d, n_triggers, gate);
    require_all(&d);
out:
    for (i = 0; i < d.n_steps; i++)
        free(d.steps[i].after);
    free(d.steps);
    json_object_put(d.params);
    json_object_put(d.env);
    return err;
}
