/* Variables of a Dagu step: params, env and the outputs of other steps become environment variables of its node. */
#include "import/dagu.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void dagu_set_literal(struct json_object *object, const char *key, const char *text)
{
    struct buf out;

    buf_init(&out, 8 * DAGU_TEXT_MAX);
    put_literal(&out, text);
    json_set_string(object, key, out.data != NULL ? out.data : "");
    buf_release(&out);
}

/* Inside double quotes of the shell: `$` and backquotes stay alive. */
void dagu_put_quoted(struct buf *out, const char *text)
{
    buf_putc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            buf_putc(out, '\\');
        buf_putc(out, *text);
    }
    buf_putc(out, '"');
}

bool dagu_needs_shell(const char *text)
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
void dagu_take_env(struct dagu *d, const struct dagu_step *step, const char *text, struct json_object *data,
                     struct buf *before)
{
    struct json_object *env = json_object_new_object(), *own = json_object_new_object();
    struct buf value;
    int i, at;

    buf_init(&value, DAGU_TEXT_MAX);
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

        if (before != NULL && dagu_needs_shell(s)) {
            buf_printf(before, "export %s=", name);
            dagu_put_quoted(before, s);
            buf_puts(before, "\n");
        } else {
            if (dagu_needs_shell(s))
                import_note(d->im, IMPORT_APPROXIMATED, step != NULL ? yaml_line(step->yaml) : 0, step != NULL ? step->name : "env",
                            "the value of %s is given as it stands; no shell replaces what is in it", name);
            dagu_set_literal(env, name, s);
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
void dagu_put_substituted(struct dagu *d, const struct dagu_step *step, const char *text, const char *what, struct buf *out)
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
        } else if (fixed != NULL && !dagu_needs_shell(fixed)) {
            put_literal(out, fixed);
        } else {
            import_note(d->im, IMPORT_LOST, yaml_line(step->yaml), what, "the variable %s is not known here; it stays as text",
                        name);
            buf_append(out, text, (size_t)(end - text));
        }
        text = *end == '}' && from[-1] == '{' ? end + 1 : end;
    }
}
