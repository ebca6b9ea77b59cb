/* One step of a Dagu workflow. Its variables (params, env, the outputs of other steps) become environment variables of the
 * node, so that its shell text stays as it is; values that are made by the shell are exported by lines before it. */
#include "import/dagu.h"
#include "model/kind.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


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
        dagu_set_literal(data, "stdin", text);
    }
    add_positional(d, argv);
    json_set(data, "command", argv);
}

/* A command given as a list is an argument vector. */
void dagu_put_argv(struct buf *out, struct json_object *list)
{
    size_t i;

    for (i = 0; i < import_count(list); i++) {
        const char *s = dagu_text(json_object_array_get_idx(list, i));

        buf_puts(out, i > 0 ? " " : "");
        dagu_put_quoted(out, s != NULL ? s : "");
    }
}

static bool plain_argv(struct json_object *list)
{
    size_t i;

    for (i = 0; i < import_count(list); i++) {
        const char *s = dagu_text(json_object_array_get_idx(list, i));

        if (s == NULL || dagu_needs_shell(s) || strstr(s, "{{") != NULL)
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
        dagu_put_quoted(before, s);
        buf_puts(before, " || exit 1\n");
    }
    for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        if ((s = dagu_text(dagu_get(step->yaml, ways[i].name))) == NULL)
            continue;
        buf_puts(before, ways[i].format);
        dagu_put_quoted(before, s);
        buf_puts(before, " || exit 1\n");
        if (s[0] == '/' || s[0] == '~' || s[0] == '$')
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(dagu_get(step->yaml, ways[i].name)), step->name,
                        "`%s` is outside of the run's work directory, where the sandbox may not let it go", ways[i].name);
    }
}

void dagu_shell_step(struct dagu *d, struct dagu_step *step, const char *shell, const char *text)
{
    struct json_object *data = import_node(d->im, step->id, "shell", step->name);
    struct buf program;

    buf_init(&program, DAGU_TEXT_MAX);
    dagu_take_env(d, step, text, data, &program);
    put_surroundings(d, step, &program);
    buf_puts(&program, text);
    set_program(d, data, shell, program.data != NULL ? program.data : "");
    buf_release(&program);
}

static void argv_step(struct dagu *d, struct dagu_step *step, struct json_object *list)
{
    struct json_object *data = import_node(d->im, step->id, "shell", step->name);
    struct buf before, text;

    buf_init(&before, DAGU_TEXT_MAX);
    buf_init(&text, DAGU_TEXT_MAX);
    dagu_put_argv(&text, list);
    dagu_take_env(d, step, text.data, data, &before);
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
        dagu_shell_step(d, step, name, script);
        return;
    }
    if (language != NULL && strstr(script, "{{") == NULL) {
        data = import_node(d->im, step->id, "script", step->name);
        json_set_string(data, "language", language);
        json_set_string(data, "code", script);
    } else {
        data = import_node(d->im, step->id, "shell", step->name);
        json_set(data, "command", array_of(language != NULL && language[0] == 'p' ? "python3" : name, "-"));
        dagu_set_literal(data, "stdin", script);
        if (language == NULL)
            import_note(d->im, IMPORT_APPROXIMATED, yaml_line(step->yaml), step->name,
                        "the script is given to %s by its standard input", name);
    }
    dagu_take_env(d, step, script, data, NULL);
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
        dagu_call_step(d, step, call != NULL ? call : run);
    } else if (dagu_executor_step(d, step)) {
        /* Done. */
    } else if (script != NULL) {
        script_step(d, step, script);
    } else if (run != NULL) {
        dagu_shell_step(d, step, "sh", run);
    } else if (json_object_is_type(command, json_type_array)) {
        argv_step(d, step, command);
    } else if (dagu_text(command) != NULL) {
        dagu_shell_step(d, step, dagu_text(dagu_get(step->yaml, "shell")) != NULL ? dagu_text(dagu_get(step->yaml, "shell")) : "sh",
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
    dagu_put_quoted(out, condition);
    buf_puts(out, negate ? "\n! " : "\n");
    if (strncmp(expected, "re:", 3) == 0) {
        buf_puts(out, "printf '%s\\n' \"$value\" | grep -Eq -- ");
        dagu_put_quoted(out, expected + 3);
    } else {
        buf_puts(out, "test \"$value\" = ");
        dagu_put_quoted(out, expected);
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
    buf_init(&text, DAGU_TEXT_MAX);
    buf_init(&program, DAGU_TEXT_MAX);
    if (json_object_is_type(preconditions, json_type_array)) {
        for (i = 0; i < import_count(preconditions); i++)
            put_check(&text, json_object_array_get_idx(preconditions, i));
    } else {
        put_check(&text, preconditions);
    }
    dagu_take_env(d, step, text.data != NULL ? text.data : "", data, &program);
    buf_puts(&program, text.data != NULL ? text.data : "true");
    set_program(d, data, "sh", program.data);
    json_set_bool(data, "continueOnError", true);
    buf_release(&text);
    buf_release(&program);
}
