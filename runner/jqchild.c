#include "runner/jqchild.h"
#include "base/json.h"
#include "runner/jqeval.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* AddressSanitizer reserves terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
#define LIMIT_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LIMIT_MEMORY 0
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#undef LIMIT_MEMORY
#define LIMIT_MEMORY 0
#endif
#ifndef LIMIT_MEMORY
#define LIMIT_MEMORY 1
#endif

void jqchild_limit_cpu(int more_s)
{
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    rlim_t now = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec + 1);
    struct rlimit cpu = {.rlim_cur = now + (rlim_t)more_s, .rlim_max = RLIM_INFINITY};
    setrlimit(RLIMIT_CPU, &cpu);
}

void jqchild_confine(void)
{
    struct rlimit none = {0, 0}, memory = {JQ_MEMORY_BYTES, JQ_MEMORY_BYTES};
    clearenv();
    setrlimit(RLIMIT_CORE, &none);
    if (LIMIT_MEMORY)
        setrlimit(RLIMIT_AS, &memory);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    signal(SIGPIPE, SIG_DFL);
}

static jv take(jv object, const char *key)
{
    return jv_object_get(jv_copy(object), jv_string(key));
}

static void answer(enum rs_err err, jv value, const struct fault *fault)
{
    jv out = jv_object();
    if (!err) {
        jv text = jv_dump_string(jv_copy(value), 0);
        if (jv_string_length_bytes(text) > JQ_ANSWER_MAX) {
            out = jv_object_set(out, jv_string("error"), jv_string("the value of a jq program is too large"));
            out = jv_object_set(out, jv_string("limit"), jv_true());
        } else {
            out = jv_object_set(out, jv_string("value"), jv_copy(value));
        }
        jv_free(value);
    } else {
        out = jv_object_set(out, jv_string("error"), jv_string(fault->message));
        out = jv_object_set(out, jv_string("limit"), jv_bool(err == RS_LIMIT || err == RS_NOMEM));
    }
    out = jv_dump_string(out, 0);
    puts(jv_string_value(out));
    fflush(stdout);
    jv_free(out);
}

/* The context, with what this request adds to it. */
static jv context_with(jv context, jv request)
{
    jv with = take(request, "with"), out = jv_copy(context);
    if (jv_get_kind(with) == JV_KIND_OBJECT)
        return jv_object_merge(out, with);
    jv_free(with);
    return out;
}

/* What is not one of ours is a bug of the parent: the process ends, and the parent says so. */
static int serve(struct jqeval *e, jv *context, jv request)
{
    struct fault fault = {0};
    jv op = take(request, "op"), value = jv_null();
    const char *name = jv_get_kind(op) == JV_KIND_STRING ? jv_string_value(op) : "";
    int ok = 1;

    if (strcmp(name, "context") == 0) {
        jv_free(*context);
        *context = take(request, "value");
    } else if (strcmp(name, "secrets") == 0) {
        prctl(PR_SET_DUMPABLE, 0);
        jqeval_set_secrets(e, take(request, "value"));
    } else if (strcmp(name, "node") == 0) {
        jv nodes = jv_object_get(jv_copy(*context), jv_string("nodes"));
        /* Let go of the context's own reference first, so that the change does not copy all outputs. */
        *context = jv_object_set(*context, jv_string("nodes"), jv_null());
        nodes = jv_object_set(nodes, take(request, "id"), take(request, "value"));
        *context = jv_object_set(*context, jv_string("nodes"), nodes);
    } else if (strcmp(name, "render") == 0) {
        jqchild_limit_cpu(JQ_CPU_S);
        answer(jqeval_render(e, take(request, "value"), context_with(*context, request), &value, &fault), value, &fault);
    } else if (strcmp(name, "eval") == 0) {
        jv program = take(request, "program");
        jqchild_limit_cpu(JQ_CPU_S);
        answer(jqeval_run(e, jv_string_value(program), (size_t)jv_string_length_bytes(jv_copy(program)),
                          context_with(*context, request), &value, &fault),
               value, &fault);
        jv_free(program);
    } else {
        ok = 0;
    }
    jv_free(op);
    jv_free(request);
    return ok;
}

int jqchild_main(void)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    int ok = 1;

    jqchild_confine();
    struct jqeval *e = jqeval_new();
    jv context = jv_object();
    while (e && ok && (n = getline(&line, &cap, stdin)) > 0) {
        jv request = jv_parse_sized(line, (int)n);
        ok = jv_get_kind(request) == JV_KIND_OBJECT;
        if (ok)
            ok = serve(e, &context, request);
        else
            jv_free(request);
    }
    jv_free(context);
    jqeval_free(e);
    free(line);
    return e && ok ? 0 : 1;
}
