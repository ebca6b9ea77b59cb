/* own - what the importers share. Only for shared/import. */
#ifndef RUNSPOOL_IMPORT_OWN_H
#define RUNSPOOL_IMPORT_OWN_H

#include "base/buf.h"
#include "base/id.h"
#include "import/import.h"
#include "import/yaml_tree.h"

#define IMPORT_JQ_MAX (64 * 1024)

/* One import under way. */
struct import {
    const char *from;
    struct json_object *definition, *nodes, *edges; /* owned: definition */
    struct json_object *approximated, *lost;        /* arrays of notes; owned */
    int n_steps, n_mapped;
    bool full; /* edges were left out */
};

enum import_note { IMPORT_APPROXIMATED, IMPORT_LOST };
/* import_note - line 0: unknown. what: "step build: executor". Further ones than IMPORT_NOTES_MAX are left out. */
void import_note(struct import *im, enum import_note kind, int line, const char *what, const char *fmt, ...)
    RS_PRINTF(5, 6);
/* import_id - an id from a name, used by no node yet: "Fetch data" gives "fetch_data", then "fetch_data_2". Returns out. */
char *import_id(const struct import *im, const char *name, char out[ID_MAX + 1]);
/* import_has - is there a node of this id? */
bool import_has(const struct import *im, const char *id);
/* import_node - a new node; returns its `data` {kind,label}, borrowed. label may be NULL. */
struct json_object *import_node(struct import *im, const char *id, const char *kind, const char *label);
/* import_failing_node - one that has no counterpart: fails with "NAME was not imported: WHY". */
void import_failing_node(struct import *im, const char *id, const char *label, const char *why);
/* import_edge - handle and condition may be NULL. The same edge twice is one; those beyond IMPORT_EDGES_MAX are left out. */
void import_edge(struct import *im, const char *source, const char *target, const char *handle, const char *condition);
/* import_layout - positions by depth for nodes that have none. */
void import_layout(struct import *im);

/* import_count - how many elements an array has; 0 for anything else. */
size_t import_count(struct json_object *array);

/* jq_string - append text as a jq string literal: what JSON has, and "\(" can only come escaped. */
void jq_string(struct buf *out, const char *text, size_t len);
/* jq_output - append `.nodes["ID"].output`, in the short form where it can be. */
void jq_output(struct buf *out, const char *id);

/* The importers: fill im. RS_UNPROCESSABLE: nothing usable. */
enum rs_err import_dagu(struct import *im, struct json_object *tree, struct fault *fault) RS_MUST_CHECK;
enum rs_err import_n8n(struct import *im, const char *text, struct json_object *tree, struct fault *fault) RS_MUST_CHECK;

#endif
