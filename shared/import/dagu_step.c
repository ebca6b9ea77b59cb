/* One step of a Dagu workflow. Its variables (params, env, the outputs of other steps) become environment variables of the
 * node, so that its shell text stays as it is; values that are made by the shell are exported by lines before it. */
#include "import/dagu.h"
#include "model/kind.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (256 * 1024)
#define WHAT_MAX 200

/* ---- texts ---- */

/* A literal text where templates are read. */
static void put_literal(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (text[0] == '{' && text[1] == '{') {
            buf_puts(out, "{{ \"{{\" }}");
            text++;
        } else {
            buf_putc(out, *text);
        }
    }
}

static void set_literal(struct json_object *object, const char *key, const char *text)
{
    struct buf out;

    buf_init(&out, 8 * TEXT_MAX);
    put_literal(&out, text);
    json_set_string(object, key, out.data != NULL ? out.data : "");
    buf_release(&out);
}

/* Inside double quotes of the shell: `$` and backquotes stay alive. */
static void put_quoted(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

static bool needs_shell(const char *text)
{
    return strpbrk(text, "$`") != NULL;
}

/* Does the text use the variable, as $NAME or ${NAME...}? */
static bool uses(const char *text, const char *name)
{
    size_t n = strlen(name);

    while ((text = strchr(text, '$')) != NULL) {
        text += text[1] == '{' ? 2 : 1;
        if (strncmp(text, name, n) == 0 && !isalnum((unsigned char)text[n]) && text[n] != '_')
            return true;
    }
    return false;
}

/* ---- variables ---- */

static bool comes_before(const struct dagu *d, const struct dagu_step *step, int other)
{
    bool seen[IMPORT_NODES_MAX] = {0};
    int open[IMPORT_NODES_MAX], n_open = 0, i, k;

    do {
        for (i = 0; i < step->n_after; i++) {
            k = step->after[i];
            if (k == other)
                return true;
            if (!seen[k])
                open[n_open++] = k;
            seen[k] = true;
        }
        step = n_open > 0 ? &d->steps[open[--n_open]] : NULL;
    } while (step != NULL);
    return false;
}

static void put_output(struct buf *jq, const struct dagu_step *from)
{
    buf_puts(jq, "(");
    jq_output(jq, from->id);
    buf_printf(jq, ".%s // \"\") | rtrimstr(\"\\n\")", from->is_http ? "body" : "stdout");
}

/* The step whose output is this variable, as this step would see it; -1: none. */
static int output_of(const struct dagu *d, const struct dagu_step *step, const char *name)
{
    int i;

    for (i = d->n_steps - 1; step != NULL && i >= 0; i--)
        if (d->steps[i].output != NULL && strcmp(d->steps[i].output, name) == 0 && comes_before(d, step, i))
            return i;
    return -1;
}

/* The node's `env`; what the shell must make itself goes to `before` as export lines. text: what may use the variables. */
static void take_env(struct dagu *d, const struct dagu_step *step, const char *text, struct json_object *data,
                     struct buf *before)
{
    struct json_object *env = json_object_new_object(), *own = json_object_new_object();
    struct buf value;
    int i, at;

    buf_init(&value, TEXT_MAX);
    json_object_object_foreach(d->params, param, fallback)
    {
        (void)fallback;
        buf_clear(&value);
        buf_printf(&value, "{{ .input.%s | tostring }}", param);
        json_set_string(env, param, value.data);
    }
    for (i = 0; i < d->n_steps; i++) {
        if (d->steps[i].output == NULL || !uses(text, d->steps[i].output) ||
            (at = output_of(d, step, d->steps[i].output)) < 0)
            continue;
        buf_clear(&value);
        buf_puts(&value, "{{ ");
        put_output(&value, &d->steps[at]);
        buf_puts(&value, " }}");
        json_set_string(env, d->steps[i].output, value.data);
    }
    dagu_env_add(own, d->env);
    if (step != NULL)
        dagu_env_add(own, dagu_get(step->yaml, "env"));
    json_object_object_foreach(own, name, member)
    {
        const char *s = json_object_get_string(member);

        if (before != NULL && needs_shell(s)) {
            buf_printf(before, "export %s=", name);
            put_quoted(before, s);
            buf_puts(before, "\n");
        } else {
            if (needs_shell(s))
                import_note(d->im, IMPORT_APPROXIMATED, step != NULL ? yaml_line(step->yaml) : 0, step != NULL ? step->name : "env",
                            "the value of %s is given as it stands; no shell replaces what is in it", name);
            set_literal(env, name, s);
        }
    }
    if (json_object_object_length(env) > 0)
        json_set(data, "env", env);
    else
        json_object_put(env);
    json_object_put(own);
    buf_release(&value);
}

/* ${NAME} in a text that no shell reads, as templates. */
static void put_substituted(struct dagu *d, const struct dagu_step *step, const char *text, const char *what, struct buf *out)
{
    char name[DAGU_NAME_MAX];

    while (*text != '\0') {
        const char *from = text[0] == '$' ? text + 1 + (text[1] == '{') : NULL, *end = from, *fixed;
        int at;

        while (end != NULL && (isalnum((unsigned char)*end) || *end == '_'))
            end++;
        if (from == NULL || end == from || end - from >= DAGU_NAME_MAX || (from[-1] == '{' && *end != '}')) {
            char one[3] = {text[0], text[0] == '{' && text[1] == '{' ? '{' : '\0', '\0'};

            put_literal(out, one);
            text += strlen(one);
            continue;
        }
        snprintf(name, sizeof(name), "%s%.*s", isdigit((unsigned char)*from) ? "p" : "", (int)(end - from), from);
        fixed = json_get_string(d->env, name, NULL);
        if (json_object_object_get_ex(d->params, name, NULL)) {
            buf_printf(out, "{{ .input.%s }}", name);
        } else if ((at = output_of(d, step, name)) >= 0) {
            buf_puts(out, "{{ ");
            put_output(out, &d->steps[at]);
            buf_puts(out, " }}");
        } else if (fixed != NULL && !needs_shell(fixed)) {
            put_literal(out, fixed);
        } else {
            import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), what, "the variable %s is not known here; it stays as text",
                        name);
            buf_append(out, text, (size_t)(end - text));
        }
        text = *end == '}' && from[-1] == '{' ? end + 1 : end;
    }
}

/* ---- programs ---- */

static struct json_object *array_of(const char *a, const char *b)
{
    struct json_object *array = json_object_new_array();

    json_object_array_add(array, json_object_new_string(a));
    if (b != NULL)
        json_object_array_add(array, json_object_new_string(b));
    return array;
}

static void add_positional(const struct dagu *d, struct json_object *argv)
{
    char text[40];
    int i;

    for (i = 1; i <= d->n_positional; i++) {
        snprintf(text, sizeof(text), "{{ .input.p%d | tostring }}", i);
        json_object_array_add(argv, json_object_new_string(text));
    }
}

/* `SHELL -c TEXT`; a text that holds "{{" could be taken for a template and goes in by standard input. */
static void set_program(const struct dagu *d, struct json_object *data, const char *shell, const char *text)
{
    struct json_object *argv;

    if (strstr(text, "{{") == NULL) {
        argv = array_of(shell, "-c");
        json_object_array_add(argv, json_object_new_string(text));
        if (d->n_positional > 0)
            json_object_array_add(argv, json_object_new_string(shell));
    } else {
        argv = array_of(shell, "-s");
        if (d->n_positional > 0)
            json_object_array_add(argv, json_object_new_string("--"));
        set_literal(data, "stdin", text);
    }
    add_positional(d, argv);
    json_set(data, "command", argv);
}

/* A command given as a list is an argument vector. */
static void put_argv(struct buf *out, struct json_object *list)
{
    size_t i;

    for (i = 0; i < import_count(list); i++) {
        const char *s = dagu_text(json_object_array_get_idx(list, i));

        buf_puts(out, i > 0 ? " " : "");
        put_quoted(out, s != NULL ? s : "");
    }
}

static bool plain_argv(struct json_object *list)
{
    size_t i;

    for (i = 0; i < import_count(list); i++) {
        const char *s = dagu_text(json_object_array_get_idx(list, i));

        if (s == NULL || needs_shell(s) || strstr(s, "{{") != NULL)
            return false;
    }
    return i > 0;
}

/* Lines before a shell text: folder and redirections. */
static void put_surroundings(struct dagu *d, const struct dagu_step *step, struct buf *before)
{
    static const struct {
        const char *name, *format;
    } ways[] = {{"dir", "cd "}, {"workingDir", "cd "}, {"stdout", "exec >"}, {"stderr", "exec 2>"}};
    const char *s;
    size_t i;

    if ((s = dagu_text(dagu_get(d->root, "workingDir"))) != NULL) {
        buf_puts(before, "cd ");
        put_quoted(before, s);
        buf_puts(before, " || exit 1\n");
    }
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if ((s = dagu_text(dagu_get(step->yaml, ways[i].name))) == NULL)
            continue;
        buf_puts(before, ways[i].format);
        put_quoted(before, s);
        buf_puts(before, " || exit 1\n");
        if (s[0] == '/' || s[0] == '~' || s[0] == '$')
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(dagu_get(step->yaml, ways[i].name)), step->name,
                        "`%s` is outside of the run's work directory, where the sandbox may not let it go", ways[i].name);
    }
}

static void shell_step(struct dagu *d, struct dagu_step *step, const char *shell, const char *text)
{
    struct json_object *data = import_node(d->im, step->id, "shell", step->name);
    struct buf program;

    buf_init(&program, TEXT_MAX);
    take_env(d, step, text, data, &program);
    put_surroundings(d, step, &program);
    buf_puts(&program, text);
    set_program(d, data, shell, program.data != NULL ? program.data : "");
    buf_release(&program);
}

static void argv_step(struct dagu *d, struct dagu_step *step, struct json_object *list)
{
    struct json_object *data = import_node(d->im, step->id, "shell", step->name);
    struct buf before, text;

    buf_init(&before, TEXT_MAX);
    buf_init(&text, TEXT_MAX);
    put_argv(&text, list);
    take_env(d, step, text.data, data, &before);
    put_surroundings(d, step, &before);
    if (plain_argv(list) && before.len == 0) {
        json_set(data, "command", json_object_get(list));
    } else {
        buf_puts(&before, "exec ");
        buf_puts(&before, text.data != NULL ? text.data : "");
        set_program(d, data, "sh", before.data);
    }
    buf_release(&before);
    buf_release(&text);
}

/* Which interpreter a script is for: its `shell`, its `command`, or its first line. */
static const char *interpreter(struct json_object *yaml, const char *script, char out[DAGU_NAME_MAX])
{
    const char *s = dagu_text(dagu_get(yaml, "command")), *base;

    if (s == NULL)
        s = dagu_text(dagu_get(yaml, "shell"));
    if (s == NULL && strncmp(script, "#!", 2) == 0) {
        s = script + 2;
        if (strncmp(s, "/usr/bin/env ", 13) == 0)
            s += 13;
    }
    snprintf(out, DAGU_NAME_MAX, "%s", s != NULL ? s + strspn(s, " ") : "sh");
    out[strcspn(out, " \n\t")] = '\0';
    base = strrchr(out, '/');
    if (base != NULL)
        memmove(out, base + 1, strlen(base));
    return out;
}

static void script_step(struct dagu *d, struct dagu_step *step, const char *script)
{
    char name[DAGU_NAME_MAX];
    struct json_object *data;
    const char *language;

    interpreter(step->yaml, script, name);
    language = strncmp(name, "python", 6) == 0 ? "python" : strcmp(name, "node") == 0 ? "node" : NULL;
    if (strcmp(name, "sh") == 0 || strcmp(name, "bash") == 0 || strcmp(name, "zsh") == 0 || strcmp(name, "dash") == 0) {
        shell_step(d, step, name, script);
        return;
    }
    if (language != NULL && strstr(script, "{{") == NULL) {
        data = import_node(d->im, step->id, "script", step->name);
        json_set_string(data, "language", language);
        json_set_string(data, "code", script);
    } else {
        data = import_node(d->im, step->id, "shell", step->name);
        json_set(data, "command", array_of(language != NULL && language[0] == 'p' ? "python3" : name, "-"));
        set_literal(data, "stdin", script);
        if (language == NULL)
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(step->yaml), step->name,
                        "the script is given to %s by its standard input", name);
    }
    take_env(d, step, script, data, NULL);
}

/* ---- executors ---- */

static void set_substituted(struct dagu *d, const struct dagu_step *step, struct json_object *object, const char *key,
                            struct json_object *value)
{
    const char *s = dagu_text(value);
    struct buf out;

    if (s == NULL)
        return;
    buf_init(&out, TEXT_MAX);
    put_substituted(d, step, s, step->name, &out);
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

    buf_init(&text, TEXT_MAX);
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
    put_quoted(&text, image != NULL ? image : "");
    buf_putc(&text, ' ');
    if (json_object_is_type(command, json_type_array)) {
        put_argv(&text, command);
    } else if (dagu_text(command) != NULL) {
        buf_puts(&text, dagu_text(command));
    }
    shell_step(d, step, "sh", text.data != NULL ? text.data : "");
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

    buf_init(&text, TEXT_MAX);
    buf_printf(&text, "ssh -o BatchMode=yes -p %s ", port != NULL ? port : "22");
    if (user != NULL) {
        put_quoted(&text, user);
        buf_putc(&text, '@');
    }
    put_quoted(&text, host != NULL ? host : "");
    buf_puts(&text, " -- ");
    put_quoted(&text, command != NULL ? command : "");
    shell_step(d, step, "sh", text.data != NULL ? text.data : "");
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

static void call_step(struct dagu *d, struct dagu_step *step, const char *target)
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

/* ---- policies ---- */

static int64_t seconds(struct json_object *value)
{
    return value != NULL ? json_object_get_int64(value) * 1000 : 0;
}

static void take_retry(struct dagu *d, const struct dagu_step *step, struct json_object *data)
{
    struct json_object *policy = dagu_get(step->yaml, "retryPolicy"), *retry, *codes = dagu_get(policy, "exitCode"), *on, *b;
    char text[32];
    size_t i;

    if (policy == NULL)
        return;
    if (json_object_get_int64(dagu_get(policy, "limit")) < 1) {
        import_note(d->im, IMPORT_LOST, yaml_line(policy), step->name, "`retryPolicy` has no `limit` that is a number");
        return;
    }
    retry = json_object_new_object();
    json_set_int(retry, "attempts", json_object_get_int64(dagu_get(policy, "limit")) + 1);
    json_set_int(retry, "backoffMs", seconds(dagu_get(policy, "intervalSec")));
    b = dagu_get(policy, "backoff");
    json_set(retry, "factor", json_object_is_type(b, json_type_boolean)
                                  ? json_object_new_int(json_object_get_boolean(b) ? 2 : 1)
                                  : json_object_new_double(b != NULL ? json_object_get_double(b) : 1));
    if (dagu_get(policy, "maxIntervalSec") != NULL)
        json_set_int(retry, "maxBackoffMs", seconds(dagu_get(policy, "maxIntervalSec")));
    if (json_object_is_type(codes, json_type_array) && import_count(codes) > 0) {
        on = json_object_new_array();
        for (i = 0; i < import_count(codes); i++) {
            snprintf(text, sizeof(text), "exit:%d", json_object_get_int(json_object_array_get_idx(codes, i)) & 255);
            json_object_array_add(on, json_object_new_string(text));
        }
        json_set(retry, "on", on);
    }
    json_set(data, "retry", retry);
}

static void take_policies(struct dagu *d, const struct dagu_step *step, struct json_object *data)
{
    struct json_object *go_on = dagu_get(step->yaml, "continueOn"), *value;
    const char *word = dagu_text(go_on);
    int64_t ms = seconds(dagu_get(step->yaml, "timeoutSec"));

    take_retry(d, step, data);
    if (ms > 0)
        json_set_int(data, "timeoutMs", ms);
    if (go_on == NULL)
        return;
    value = dagu_get(go_on, "failure") != NULL ? dagu_get(go_on, "failure") : dagu_get(go_on, "failed");
    if ((word != NULL && strncmp(word, "fail", 4) == 0) || (value != NULL && json_object_get_boolean(value)))
        json_set_bool(data, "continueOnError", true);
    if (dagu_get(go_on, "exitCode") != NULL || dagu_get(go_on, "output") != NULL) {
        json_set_bool(data, "continueOnError", true);
        import_note(d->im, IMPORT_APPROXIMATED, yaml_line(go_on), step->name,
                    "it goes on after every failure, not only after those that `continueOn` names");
    }
    if ((word != NULL && strcmp(word, "skipped") == 0) || dagu_get(go_on, "skipped") != NULL)
        import_note(d->im, IMPORT_LOST, yaml_line(go_on), step->name,
                    "what only follows a skipped step is skipped, whatever `continueOn.skipped` says");
}

static void note_unknown(struct dagu *d, const struct dagu_step *step)
{
    static const char *const known[] = {"name", "id", "description", "command", "script", "run", "call", "params", "shell", "dir",
                                        "workingdir", "depends", "env", "output", "retrypolicy", "continueon", "preconditions",
                                        "precondition", "executor", "type", "config", "action", "with", "timeoutsec", "stdout", "stderr",
                                        "parallel", "args", NULL};
    char plain[DAGU_NAME_MAX];

    if (!json_object_is_type(step->yaml, json_type_object))
        return;
    json_object_object_foreach(step->yaml, key, value)
    {
        size_t n = 0, i;

        for (i = 0; key[i] != '\0' && n + 1 < sizeof(plain); i++)
            if (key[i] != '_')
                plain[n++] = (char)tolower((unsigned char)key[i]);
        plain[n] = '\0';
        for (i = 0; known[i] != NULL && strcmp(known[i], plain) != 0; i++)
            ;
        if (known[i] == NULL && value != NULL)
            import_note(d->im, IMPORT_LOST, yaml_line(value) > 0 ? yaml_line(value) : yaml_line(step->yaml), step->name,
                        "`%s` has no counterpart", key);
    }
}

/* ---- the step ---- */

static bool executor_step(struct dagu *d, struct dagu_step *step)
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
        call_step(d, step, dagu_text(dagu_get(step->yaml, "command")));
    } else {
        char why[WHAT_MAX];

        snprintf(why, sizeof(why), "executor %.64s", type);
        import_failing_node(d->im, step->id, step->name, why);
        import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), step->name, "the executor %s has no counterpart", type);
        d->im->n_mapped--;
    }
    return true;
}

/* `run` was the name of another workflow before it became a shell text. */
static bool run_is_call(const struct dagu_step *step, const char *run)
{
    const char *dot = strrchr(run, '.');

    return strpbrk(run, " \n") == NULL && ((dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0)) ||
                                           dagu_get(step->yaml, "params") != NULL || dagu_get(step->yaml, "parallel") != NULL);
}

void dagu_step_import(struct dagu *d, struct dagu_step *step)
{
    struct json_object *command = json_object_is_type(step->yaml, json_type_object) ? dagu_get(step->yaml, "command") : step->yaml;
    const char *script = dagu_text(dagu_get(step->yaml, "script")), *run = dagu_text(dagu_get(step->yaml, "run"));
    const char *call = dagu_text(dagu_get(step->yaml, "call"));
    size_t before = import_count(d->im->nodes);

    d->im->n_steps++;
    d->im->n_mapped++;
    note_unknown(d, step);
    if (call != NULL || (run != NULL && run_is_call(step, run))) {
        call_step(d, step, call != NULL ? call : run);
    } else if (executor_step(d, step)) {
        /* Done. */
    } else if (script != NULL) {
        script_step(d, step, script);
    } else if (run != NULL) {
        shell_step(d, step, "sh", run);
    } else if (json_object_is_type(command, json_type_array)) {
        argv_step(d, step, command);
    } else if (dagu_text(command) != NULL) {
        shell_step(d, step, dagu_text(dagu_get(step->yaml, "shell")) != NULL ? dagu_text(dagu_get(step->yaml, "shell")) : "sh",
                   dagu_text(command));
    } else {
        import_failing_node(d->im, step->id, step->name, "it says not what to run");
        import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), step->name, "there is neither `command`, `script` nor `run`");
        d->im->n_mapped--;
    }
    if (import_count(d->im->nodes) > before)
        take_policies(d, step, json_get(json_object_array_get_idx(d->im->nodes, before), "data"));
}

/* ---- preconditions ---- */

static void put_check(struct buf *out, struct json_object *item)
{
    const char *condition = dagu_text(item) != NULL ? dagu_text(item) : dagu_text(dagu_get(item, "condition"));
    const char *expected = dagu_text(dagu_get(item, "expected"));
    bool negate = dagu_get(item, "negate") != NULL && json_object_get_boolean(dagu_get(item, "negate"));

    if (condition == NULL)
        return;
    if (expected == NULL) {
        size_t n = strlen(condition);
        bool quoted = n > 1 && condition[0] == '`' && condition[n - 1] == '`';

        buf_printf(out, "%s(\n%.*s\n) || exit 1\n", negate ? "! " : "", quoted ? (int)n - 2 : (int)n, condition + quoted);
        return;
    }
    buf_puts(out, "value=");
    put_quoted(out, condition);
    buf_puts(out, negate ? "\n! " : "\n");
    if (strncmp(expected, "re:", 3) == 0) {
        buf_puts(out, "printf '%s\\n' \"$value\" | grep -Eq -- ");
        put_quoted(out, expected + 3);
    } else {
        buf_puts(out, "test \"$value\" = ");
        put_quoted(out, expected);
    }
    buf_puts(out, " || exit 1\n");
}

void dagu_gate(struct dagu *d, const struct dagu_step *step, const char *id, struct json_object *preconditions)
{
    struct json_object *data;
    char label[DAGU_NAME_MAX];
    struct buf text, program;
    size_t i;

    snprintf(label, sizeof(label), "%s: preconditions", step != NULL ? step->name : "Workflow");
    data = import_node(d->im, id, "shell", label);
    buf_init(&text, TEXT_MAX);
    buf_init(&program, TEXT_MAX);
    if (json_object_is_type(preconditions, json_type_array)) {
        for (i = 0; i < import_count(preconditions); i++)
            put_check(&text, json_object_array_get_idx(preconditions, i));
    } else {
        put_check(&text, preconditions);
    }
    take_env(d, step, text.data != NULL ? text.data : "", data, &program);
    buf_puts(&program, text.data != NULL ? text.data : "true");
    set_program(d, data, "sh", program.data);
    json_set_bool(data, "continueOnError", true);
    buf_release(&text);
    buf_release(&program);
}
