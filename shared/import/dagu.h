/* dagu - what the two halves of the Dagu importer share: dagu.c (the workflow), dagu_step.c (one step). */
#ifndef RUNSPOOL_IMPORT_DAGU_H
#define RUNSPOOL_IMPORT_DAGU_H

#include "import/own.h"

#define DAGU_NAME_MAX 128

struct dagu_step {
    char id[ID_MAX + 1];     /* of its node */
    char gate[ID_MAX + 1];   /* of the node that checks its preconditions; "": it has none */
    const char *name;        /* borrowed from the tree */
    struct json_object *yaml;  /* a mapping, or the text of a command; borrowed */
    const char *output;      /* variable that gets its stdout; NULL: none */
    bool is_http;            /* its text is the body */
    int *after, n_after;     /* steps it waits for; owned */
};
struct dagu {
    struct import *im;
    struct json_object *root;   /* borrowed */
    struct json_object *params; /* {NAME: default}, in order; p1, p2 for those without a name. Owned */
    int n_positional;
    struct json_object *env;    /* {NAME: text}, in order. Owned */
    struct dagu_step *steps;
    int n_steps;
};

/* dagu_get - a member by its name in camelCase; also found as snake_case. NULL: absent or null. */
struct json_object *dagu_get(struct json_object *object, const char *name);
/* dagu_text - a scalar as text; *hold keeps it. NULL: no scalar. */
const char *dagu_text(struct json_object *value);
/* dagu_env_add - take `env` in any of its forms: {A: b}, [{A: b}], ["A=b"]. */
void dagu_env_add(struct json_object *env, struct json_object *from);
#define DAGU_TEXT_MAX (256 * 1024)

/* dagu_set_literal - a text as it is, where templates are read. dagu_put_quoted - inside double quotes of the shell: `$` and
 * backquotes stay alive. dagu_needs_shell - does it hold either? */
void dagu_set_literal(struct json_object *object, const char *key, const char *text);
void dagu_put_quoted(struct buf *out, const char *text);
bool dagu_needs_shell(const char *text);
/* dagu_take_env - the node's `env`; what the shell must make itself goes to `before` as export lines; before NULL: there is no
 * shell. text: what may use the variables. step NULL: of the workflow. */
void dagu_take_env(struct dagu *d, const struct dagu_step *step, const char *text, struct json_object *data, struct buf *before);
/* dagu_put_substituted - ${NAME} in a text that no shell reads, as templates. */
void dagu_put_substituted(struct dagu *d, const struct dagu_step *step, const char *text, const char *what, struct buf *out);
/* dagu_put_argv - an argument vector as shell words. dagu_shell_step - the node of a shell text. */
void dagu_put_argv(struct buf *out, struct json_object *list);
void dagu_shell_step(struct dagu *d, struct dagu_step *step, const char *shell, const char *text);
/* dagu_executor_step - the node of a step with an executor; false: it is a command. dagu_call_step - of one that runs another
 * workflow. */
bool dagu_executor_step(struct dagu *d, struct dagu_step *step);
void dagu_call_step(struct dagu *d, struct dagu_step *step, const char *target);
/* dagu_step_import - the node (and its gate) of a step; edges are the caller's. */
void dagu_step_import(struct dagu *d, struct dagu_step *step);
/* dagu_gate - a node that succeeds when all preconditions hold. step NULL: of the workflow. */
void dagu_gate(struct dagu *d, const struct dagu_step *step, const char *id, struct json_object *preconditions);

#endif
