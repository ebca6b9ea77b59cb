/* jqeval - compiles and runs jq programs with libjq. Only for the short-lived process of jqchild.c, which has no
 * environment, no files and hard limits: libjq may abort or recurse without end. One thread.
 * A program gives one value: none is null, more than one an error. What would reach outside (env, input, debug, halt
 * and the like) is shadowed by functions that fail, the rest is refused by jqlex_check. */
#ifndef RUNSPOOL_RUNNER_JQEVAL_H
#define RUNSPOOL_RUNNER_JQEVAL_H

#include "base/err.h"
#include <jv.h>
#include <stddef.h>

#define JQ_PROGRAM_MAX (256 * 1024)
#define JQ_CACHE_MAX 256 /* compiled programs kept */

struct jqeval;
struct jqeval *jqeval_new(void); /* NULL: no memory */
void jqeval_free(struct jqeval *e);

/* jqeval_set_secrets - what `$secrets` is from now on: an object, consumed. Before the first program that names one. */
void jqeval_set_secrets(struct jqeval *e, jv secrets);

/* jqeval_compile - RS_OK, RS_INVALID (the message is jq's first one, with the line it names and the text it is about),
 * RS_LIMIT, RS_NOMEM. Nothing is kept. */
enum rs_err jqeval_compile(const char *program, size_t len, struct fault *fault) RS_MUST_CHECK;
/* jqeval_run - the value of the program for this input. input: consumed. *ret: owned. Errors as above. A `$secrets.NAME`
 * that is not there is one; of a program that names secrets, a message shows no values. */
enum rs_err jqeval_run(struct jqeval *e, const char *program, size_t len, jv input, jv *ret,
                       struct fault *fault) RS_MUST_CHECK;
/* jqeval_render - value with every template in its strings (not in member names) replaced. A string that is one
 * template becomes the template's value, with its type; else values are put into the text as jq's tostring does.
 * The message of an error begins with the place in value: "`headers.x[1]`: ...". value, context: consumed. *ret: owned. */
enum rs_err jqeval_render(struct jqeval *e, jv value, jv context, jv *ret, struct fault *fault) RS_MUST_CHECK;

#endif
