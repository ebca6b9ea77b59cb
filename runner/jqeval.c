#include "runner/jqeval.h"
#include "base/buf.h"
#include "base/utf8.h"
#include "runner/jqlex.h"
#include "runner/template.h"
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RENDER_TEXT_MAX (4 * 1024 * 1024)

#define SHADOW(name, say) "def " name ": error(\"" say " is not available in workflows\"); "
/* Stands before every program, on its first line, so that jq's line numbers hold. */
static const char prelude[] = SHADOW("env", "env") SHADOW("input", "input") SHADOW("inputs", "inputs")
    SHADOW("debug", "debug") SHADOW("stderr", "stderr") SHADOW("input_filename", "input_filename")
        SHADOW("input_line_number", "input_line_number") SHADOW("halt", "halt") SHADOW("halt_error", "halt_error")
            SHADOW("halt_error($c)", "halt_error") SHADOW("get_jq_origin", "get_jq_origin")
                SHADOW("get_prog_origin", "get_prog_origin");

struct compiled {
    char *program;
    size_t len;
    jq_state *jq;
};

struct jqeval {
    struct compiled cache[JQ_CACHE_MAX];
    int n, next; /* next: which one makes room */
    jv secrets;
};

struct jqeval *jqeval_new(void)
{
    struct jqeval *e = calloc(1, sizeof *e);
    if (e)
        e->secrets = jv_object();
    return e;
}

void jqeval_set_secrets(struct jqeval *e, jv secrets)
{
    jv_free(e->secrets);
    e->secrets = secrets;
}

void jqeval_free(struct jqeval *e)
{
    for (int i = 0; e && i < e->n; i++) {
        free(e->cache[i].program);
        jq_teardown(&e->cache[i].jq);
    }
    if (e)
        jv_free(e->secrets);
    free(e);
}

/* jq's message without its prefix, its program text and its line break: "... at <top-level>, line 2:" is "... (line 2)". */
static void say(struct fault *fault, const char *text)
{
    static const char prefix[] = "jq: error: ", place[] = " at <top-level>, line ";
    if (strncmp(text, prefix, sizeof prefix - 1) == 0)
        text += sizeof prefix - 1;
    size_t len = strcspn(text, "\n");
    while (len > 0 && strchr(": ", text[len - 1]))
        len--;
    const char *at = memmem(text, len, place, sizeof place - 1);
    if (at)
        fault_set(fault, RS_INVALID, "jq: %.*s (line %ld)", at - text > 240 ? 240 : (int)(at - text), text,
                  strtol(at + sizeof place - 1, NULL, 10));
    else
        fault_set(fault, RS_INVALID, "jq: %.*s", len > 240 ? 240 : (int)len, text);
    utf8_repair(fault->message);
}

static void on_compile_error(void *ctx, jv message)
{
    struct fault *fault = ctx;
    message = jq_format_error(message);
    if (fault->code == RS_OK && jv_get_kind(message) == JV_KIND_STRING)
        say(fault, jv_string_value(message));
    jv_free(message);
}

static void on_debug(void *ctx, jv message)
{
    (void)ctx;
    jv_free(message);
}

static bool names_secret(const char *program, size_t len)
{
    struct jqlex lex;
    size_t n;

    jqlex_init(&lex, program, len);
    return jqlex_secret(&lex, &n) != NULL;
}

/* secrets: borrowed. */
static enum rs_err compile(const char *program, size_t len, jv secrets, jq_state **ret, struct fault *fault)
{
    struct fault said = {0};
    struct buf text;

    if (len > JQ_PROGRAM_MAX)
        return fault_set(fault, RS_LIMIT, "a jq text is longer than %d bytes", JQ_PROGRAM_MAX);
    enum rs_err err = jqlex_check(program, len, fault);
    if (err)
        return err;
    buf_init(&text, sizeof prelude + JQ_PROGRAM_MAX);
    buf_puts(&text, prelude);
    buf_append(&text, program, len);
    jq_state *jq = text.err ? NULL : jq_init();
    if (!jq) {
        buf_release(&text);
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    jq_set_error_cb(jq, on_compile_error, &said);
    jq_set_debug_cb(jq, on_debug, NULL);
    int ok = names_secret(program, len)
                 ? jq_compile_args(jq, text.data, jv_object_set(jv_object(), jv_string("secrets"), jv_copy(secrets)))
                 : jq_compile(jq, text.data);
    jq_set_error_cb(jq, NULL, NULL);
    buf_release(&text);
    if (ok) {
        *ret = jq;
        return RS_OK;
    }
    jq_teardown(&jq);
    return fault_set(fault, RS_INVALID, "%s", said.message[0] ? said.message : "jq: the program does not compile");
}

enum rs_err jqeval_compile(const char *program, size_t len, struct fault *fault)
{
    jq_state *jq;
    jv none = jv_object();
    enum rs_err err = compile(program, len, none, &jq, fault);
    jv_free(none);
    if (err)
        return jqlex_blame(fault, program, len);
    jq_teardown(&jq);
    return RS_OK;
}

static enum rs_err get_compiled(struct jqeval *e, const char *program, size_t len, jq_state **ret, struct fault *fault)
{
    for (int i = 0; i < e->n; i++)
        if (e->cache[i].len == len && memcmp(e->cache[i].program, program, len) == 0) {
            *ret = e->cache[i].jq;
            return RS_OK;
        }
    jq_state *jq;
    char *copy = malloc(len + 1);
    if (!copy)
        return fault_set(fault, RS_NOMEM, "out of memory");
    enum rs_err err = compile(program, len, e->secrets, &jq, fault);
    if (err) {
        free(copy);
        return err;
    }
    memcpy(copy, program, len);
    struct compiled *slot = &e->cache[e->n < JQ_CACHE_MAX ? e->n : e->next];
    if (e->n < JQ_CACHE_MAX) {
        e->n++;
    } else {
        free(slot->program);
        jq_teardown(&slot->jq);
        e->next = (e->next + 1) % JQ_CACHE_MAX;
    }
    *slot = (struct compiled){.program = copy, .len = len, .jq = jq};
    *ret = jq;
    return RS_OK;
}

static enum rs_err fail_with(jv invalid, struct fault *fault)
{
    jv message = jv_invalid_get_msg(invalid);
    if (jv_get_kind(message) == JV_KIND_STRING) {
        say(fault, jv_string_value(message));
    } else {
        message = jv_dump_string(message, 0);
        say(fault, jv_string_value(message));
    }
    jv_free(message);
    return RS_INVALID;
}

static enum rs_err run(struct jqeval *e, const char *program, size_t len, jv input, jv *ret, struct fault *fault)
{
    jq_state *jq = NULL;
    enum rs_err err = get_compiled(e, program, len, &jq, fault);

    if (err) {
        jv_free(input);
        return err;
    }
    jq_start(jq, input, 0);
    jv first = jq_next(jq);
    if (!jv_is_valid(first)) {
        if (jv_invalid_has_msg(jv_copy(first)))
            return fail_with(first, fault);
        jv_free(first);
        *ret = jv_null();
        return RS_OK;
    }
    jv second = jq_next(jq);
    if (jv_is_valid(second)) {
        jv_free(first);
        jv_free(second);
        return fault_set(fault, RS_INVALID, "jq: the program gives more than one value; [ ] around it makes a list");
    }
    if (jv_invalid_has_msg(jv_copy(second))) {
        jv_free(first);
        return fail_with(second, fault);
    }
    jv_free(second);
    *ret = first;
    return RS_OK;
}

static enum rs_err check_secrets(const struct jqeval *e, const char *program, size_t len, struct fault *fault)
{
    struct jqlex lex;
    const char *name;
    size_t n;

    jqlex_init(&lex, program, len);
    while ((name = jqlex_secret(&lex, &n))) {
        if (!jv_object_has(jv_copy(e->secrets), jv_string_sized(name, (int)n)))
            return fault_set(fault, RS_INVALID, "there is no secret %.*s; `runspool secret set %.*s` keeps one", (int)n, name,
                             (int)n, name);
    }
    return RS_OK;
}

/* jq shows the beginnings of values in brackets: "string (\"abc...) cannot be parsed". */
static void leave_out_values(struct fault *fault)
{
    char *from = strchr(fault->message, '('), *to = strrchr(fault->message, ')');
    char rest[FAULT_MESSAGE_MAX];

    if (!from || !to || to < from)
        return;
    snprintf(rest, sizeof rest, "%s", to);
    snprintf(from, sizeof fault->message - (size_t)(from - fault->message), "(***%s", rest);
}

enum rs_err jqeval_run(struct jqeval *e, const char *program, size_t len, jv input, jv *ret, struct fault *fault)
{
    enum rs_err err = check_secrets(e, program, len, fault);
    if (err)
        jv_free(input);
    else if ((err = run(e, program, len, input, ret, fault)) && names_secret(program, len))
        leave_out_values(fault);
    return err ? jqlex_blame(fault, program, len) : RS_OK;
}

static enum rs_err render_string(struct jqeval *e, jv value, jv context, jv *ret, struct fault *fault)
{
    const char *text = jv_string_value(value);
    size_t len = (size_t)jv_string_length_bytes(jv_copy(value)), pos = 0;
    struct template_part part;
    struct buf out;
    enum rs_err err;

    if (!template_has(text, len)) {
        jv_free(context);
        *ret = value;
        return RS_OK;
    }
    buf_init(&out, RENDER_TEXT_MAX);
    while ((err = template_next(text, len, &pos, &part, fault)) == RS_OK) {
        if (!part.program) {
            buf_append(&out, text + part.start, part.len);
            continue;
        }
        jv got;
        if ((err = jqeval_run(e, text + part.start, part.len, jv_copy(context), &got, fault)))
            break;
        if (part.start == 2 && pos == len) {
            *ret = got;
            goto out;
        }
        if (jv_get_kind(got) != JV_KIND_STRING)
            got = jv_dump_string(got, 0);
        buf_append(&out, jv_string_value(got), (size_t)jv_string_length_bytes(jv_copy(got)));
        jv_free(got);
    }
    if (err == RS_NOT_FOUND)
        err = out.err ? fault_set(fault, RS_LIMIT, "a text with templates becomes too long") : RS_OK;
    if (!err)
        *ret = jv_string_sized(out.data ? out.data : "", (int)out.len);
out:
    buf_release(&out);
    jv_free(value);
    jv_free(context);
    return err;
}

/* Where in the settings an error is: "headers.x[1]", from its end. */
struct path {
    char text[128];
    size_t start; /* sizeof text: empty */
};

static void path_prepend(struct path *path, const char *text)
{
    size_t len = strlen(text);
    if (len > path->start)
        return; /* the end of it says enough */
    path->start -= len;
    memcpy(path->text + path->start, text, len);
}

static void path_member(struct path *path, jv key)
{
    if (path->start < sizeof path->text && path->text[path->start] != '[')
        path_prepend(path, ".");
    path_prepend(path, jv_string_value(key));
}

static void path_element(struct path *path, int i)
{
    char text[32];
    if (path->start < sizeof path->text && path->text[path->start] != '[')
        path_prepend(path, ".");
    snprintf(text, sizeof text, "[%d]", i);
    path_prepend(path, text);
}

/* The definition is at most JSON_DEPTH_MAX deep, so recursion is bounded. */
static enum rs_err render(struct jqeval *e, jv value, jv context, jv *ret, struct path *path, struct fault *fault)
{
    enum rs_err err = RS_OK;
    jv out, member;

    switch (jv_get_kind(value)) {
    case JV_KIND_STRING:
        return render_string(e, value, context, ret, fault);
    case JV_KIND_ARRAY:
        out = jv_array();
        for (int i = 0, n = jv_array_length(jv_copy(value)); i < n && !err; i++)
            if ((err = render(e, jv_array_get(jv_copy(value), i), jv_copy(context), &member, path, fault)))
                path_element(path, i);
            else
                out = jv_array_append(out, member);
        break;
    case JV_KIND_OBJECT:
        out = jv_object();
        for (int i = jv_object_iter(value); jv_object_iter_valid(value, i) && !err; i = jv_object_iter_next(value, i)) {
            jv key = jv_object_iter_key(value, i);
            if ((err = render(e, jv_object_iter_value(value, i), jv_copy(context), &member, path, fault))) {
                path_member(path, key);
                jv_free(key);
            } else {
                out = jv_object_set(out, key, member);
            }
        }
        break;
    default:
        jv_free(context);
        *ret = value;
        return RS_OK;
    }
    jv_free(value);
    jv_free(context);
    if (err)
        jv_free(out);
    else
        *ret = out;
    return err;
}

enum rs_err jqeval_render(struct jqeval *e, jv value, jv context, jv *ret, struct fault *fault)
{
    struct path path = {.start = sizeof path.text};
    struct fault why = {0};
    enum rs_err err = render(e, value, context, ret, &path, &why);

    if (err && path.start < sizeof path.text)
        fault_set(fault, err, "`%.*s`: %s", (int)(sizeof path.text - path.start), path.text + path.start, why.message);
    else if (err)
        fault_set(fault, err, "%s", why.message);
    return err;
}
