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
/* dagu_step_import - the node (and its gate) of a step; edges are the caller's. */
void dagu_step_import(struct dagu *d, struct dagu_step *step);
/* dagu_gate - a node that succeeds when all preconditions hold. step NULL: of the workflow. */
void dagu_gate(struct dagu *d, const struct dagu_step *step, const char *id, struct json_object *preconditions);

#endif
