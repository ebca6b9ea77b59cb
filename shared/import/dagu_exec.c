/* Dagu steps that are no commands: executors and calls of other workflows. */
#include "import/dagu.h"
#include "model/kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHAT_MAX 200

static void set_substituted(struct dagu *d, const struct dagu_step *step, struct json_object *object, const char *key,
                            struct json_object *value)
{
    const char *s = dagu_text(value);
    struct buf out;

    if (s == NULL)
        return;
    buf_init(&out, DAGU_TEXT_MAX);
    dagu_put_substituted(d, step, s, step->name, &out);
    json_set_string(object, key, out.data != NULL ? out.data : "");
    buf_release(&out);
}

static void http_step(struct dagu *d, struct dagu_step *step, struct json_object *config)
{
    struct json_object *data = import_node(d->im, step->id, "http_request", step->name), *headers, *map;
    const char *command = dagu_text(dagu_get(step->yaml, "command")), *url;
    char method[16] = "GET";

    if (command == NULL)
        command = dagu_text(dagu_get(config, "url"));
    url = command != NULL ? command : "";
    if (dagu_text(dagu_get(config, "method")) != NULL) {
        snprintf(method, sizeof(method), "%s", dagu_text(dagu_get(config, "method")));
    } else if (strcspn(url, " ") < sizeof(method) && strchr(url, ' ') != NULL) {
        snprintf(method, sizeof(method), "%.*s", (int)strcspn(url, " "), url);
        url += strcspn(url, " ");
        url += strspn(url, " ");
    }
    json_set_string(data, "method", method);
    map = json_object_new_string(url);
    set_substituted(d, step, data, "url", map);
    json_object_put(map);
    headers = dagu_get(config, "headers");
    if (json_object_is_type(headers, json_type_object)) {
        map = json_object_new_object();
        json_object_object_foreach(headers, name, value)
            set_substituted(d, step, map, name, value);
        json_set(data, "headers", map);
    }
    headers = dagu_get(config, "query");
    if (json_object_is_type(headers, json_type_object)) {
        map = json_object_new_object();
        json_object_object_foreach(headers, name, value)
            set_substituted(d, step, map, name, value);
        json_set(data, "query", map);
    }
    set_substituted(d, step, data, "body", dagu_get(config, "body"));
    if (dagu_get(config, "timeout") != NULL)
        json_set_int(data, "timeoutMs", json_object_get_int64(dagu_get(config, "timeout")) * 1000);
}

static void docker_step(struct dagu *d, struct dagu_step *step, struct json_object *config)
{
    struct json_object *command = dagu_get(step->yaml, "command");
    const char *image = dagu_text(dagu_get(config, "image"));
    struct buf text;

    buf_init(&text, DAGU_TEXT_MAX);
    buf_puts(&text, "docker run --rm");
    json_object_object_foreach(d->params, param, fallback)
    {
        (void)fallback;
        buf_printf(&text, " -e %s", param);
    }
    json_object_object_foreach(d->env, name, value)
    {
        (void)value;
        buf_printf(&text, " -e %s", name);
    }
    buf_putc(&text, ' ');
    dagu_put_quoted(&text, image != NULL ? image : "");
    buf_putc(&text, ' ');
    if (json_object_is_type(command, json_type_array)) {
        dagu_put_argv(&text, command);
    } else if (dagu_text(command) != NULL) {
        buf_puts(&text, dagu_text(command));
    }
    dagu_shell_step(d, step, "sh", text.data != NULL ? text.data : "");
    import_note(d->im, IMPORT_APPROXIMATED, yaml_line(step->yaml), step->name,
                "runs `docker run` on the runner's machine, where docker must be allowed; of the executor's config only `image` "
                "is kept");
    buf_release(&text);
}

static void ssh_step(struct dagu *d, struct dagu_step *step, struct json_object *config)
{
    const char *user = dagu_text(dagu_get(config, "user")), *host = dagu_text(dagu_get(config, "host"));
    const char *port = dagu_text(dagu_get(config, "port")), *command = dagu_text(dagu_get(step->yaml, "command"));
    struct buf text;

    buf_init(&text, DAGU_TEXT_MAX);
    buf_printf(&text, "ssh -o BatchMode=yes -p %s ", port != NULL ? port : "22");
    if (user != NULL) {
        dagu_put_quoted(&text, user);
        buf_putc(&text, '@');
    }
    dagu_put_quoted(&text, host != NULL ? host : "");
    buf_puts(&text, " -- ");
    dagu_put_quoted(&text, command != NULL ? command : "");
    dagu_shell_step(d, step, "sh", text.data != NULL ? text.data : "");
    import_note(d->im, IMPORT_APPROXIMATED, yaml_line(step->yaml), step->name,
                "runs `ssh` on the runner's machine; its key must be usable there without being asked for");
    buf_release(&text);
}

static void mail_step(struct dagu *d, struct dagu_step *step, struct json_object *config)
{
    struct json_object *data = import_node(d->im, step->id, "email", step->name);
    static const char *const names[][2] = {{"to", "to"}, {"from", "from"}, {"subject", "subject"}, {"message", "text"}};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        set_substituted(d, step, data, names[i][1], dagu_get(config, names[i][0]));
    if (json_get(data, "to") == NULL)
        json_set_string(data, "to", dagu_text(dagu_get(config, "to")) != NULL ? dagu_text(dagu_get(config, "to")) : "");
    if (json_get(data, "subject") == NULL)
        json_set_string(data, "subject", step->name);
}

/* `jq`: the command is the program, the script its input. */
static void jq_step(struct dagu *d, struct dagu_step *step)
{
    struct json_object *data = import_node(d->im, step->id, "transform", step->name), *input = NULL;
    const char *program = dagu_text(dagu_get(step->yaml, "command")), *script = dagu_text(dagu_get(step->yaml, "script"));
    struct buf jq;

    buf_init(&jq, IMPORT_JQ_MAX);
    if (script != NULL && json_parse(script, strlen(script), IMPORT_JQ_MAX, &input, NULL) != RS_OK) {
        import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), step->name, "the script is no JSON; the program reads null");
        script = NULL;
    }
    buf_printf(&jq, "%s | (%s)", script != NULL ? json_text(input, NULL) : "null", program != NULL ? program : ".");
    json_set_string(data, "expression", jq.data != NULL ? jq.data : "null");
    json_object_put(input);
    buf_release(&jq);
}

void dagu_call_step(struct dagu *d, struct dagu_step *step, const char *target)
{
    struct json_object *params = dagu_get(step->yaml, "params"), *data, *input;
    char id[ID_MAX + 1], name[DAGU_NAME_MAX];
    const char *dot = strrchr(target, '.');
    struct import none = {.nodes = json_object_new_array()};

    snprintf(name, sizeof(name), "%.*s", dot != NULL && dot[1] == 'y' ? (int)(dot - target) : (int)strlen(target), target);
    import_id(&none, strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name, id);
    json_object_put(none.nodes);
    if (kind_find("subworkflow") == NULL || dagu_get(step->yaml, "parallel") != NULL) {
        import_failing_node(d->im, step->id, step->name, "it runs another workflow in a way that is not mapped");
        import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), step->name, "runs the workflow %s%s", target,
                    dagu_get(step->yaml, "parallel") != NULL ? " for each of a list: use a foreach with a subworkflow" : "");
        return;
    }
    data = import_node(d->im, step->id, "subworkflow", step->name);
    json_set_string(data, "workflow", id);
    input = json_object_new_object();
    struct json_object *given = json_object_new_object();
    if (json_object_is_type(params, json_type_string)) {
        struct json_object *words = json_object_new_array();
        char *copy = strdup(json_object_get_string(params)), *save = NULL;
        for (char *word = strtok_r(copy, " ", &save); word != NULL; word = strtok_r(NULL, " ", &save))
            json_object_array_add(words, json_object_new_string(word));
        dagu_env_add(given, words);
        json_object_put(words);
        free(copy);
    } else {
        dagu_env_add(given, params);
    }
    json_object_object_foreach(given, key, value)
        set_substituted(d, step, input, key, value);
    json_set(data, "input", input);
    json_object_put(given);
    import_note(d->im, IMPORT_APPROXIMATED, yaml_line(step->yaml), step->name,
                "runs the workflow `%s`, which must be imported under that id, too", id);
}
bool dagu_executor_step(struct dagu *d, struct dagu_step *step)
{
    struct json_object *executor = dagu_get(step->yaml, "executor"), *config = dagu_get(executor, "config");
    const char *type = dagu_text(executor) != NULL ? dagu_text(executor) : dagu_text(dagu_get(executor, "type"));

    if (type == NULL)
        type = dagu_text(dagu_get(step->yaml, "type"));
    if (type == NULL)
        type = dagu_text(dagu_get(step->yaml, "action"));
    if (type == NULL || strcmp(type, "command") == 0 || strcmp(type, "shell") == 0)
        return false;
    if (config == NULL)
        config = dagu_get(step->yaml, "config") != NULL ? dagu_get(step->yaml, "config") : dagu_get(step->yaml, "with");
    if (strcmp(type, "http") == 0 || strcmp(type, "http.request") == 0) {
        http_step(d, step, config);
    } else if (strcmp(type, "docker") == 0 || strcmp(type, "container") == 0 || strcmp(type, "docker.run") == 0) {
        docker_step(d, step, config);
    } else if (strcmp(type, "ssh") == 0) {
        ssh_step(d, step, config);
    } else if (strcmp(type, "mail") == 0 && kind_find("email") != NULL) {
        mail_step(d, step, config);
    } else if (strcmp(type, "jq") == 0) {
        jq_step(d, step);
    } else if ((strcmp(type, "dag") == 0 || strcmp(type, "subworkflow") == 0 || strcmp(type, "sub") == 0) &&
               dagu_text(dagu_get(step->yaml, "command")) != NULL) {
        dagu_call_step(d, step, dagu_text(dagu_get(step->yaml, "command")));
    } else {
        char why[WHAT_MAX];

        snprintf(why, sizeof(why), "executor %.64s", type);
        import_failing_node(d->im, step->id, step->name, why);
        import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), step->name, "the executor %s has no counterpart", type);
        d->im->n_mapped--;
    }
    return true;
}
