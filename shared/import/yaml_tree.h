/* yaml_tree - YAML as JSON. Pure; any thread. */
#ifndef RUNSPOOL_IMPORT_YAML_TREE_H
#define RUNSPOOL_IMPORT_YAML_TREE_H

#include "base/err.h"
#include "base/json.h"

/* yaml_tree - the first document of a YAML text as JSON, anchors and merge keys resolved; owned. Plain scalars are read as YAML
 * 1.2's core schema says. RS_INVALID with the line, RS_LIMIT. yaml_line - where a value of the tree stands; 0: unknown. */
enum rs_err yaml_tree(const char *text, size_t len, struct json_object **ret, struct fault *fault) RS_MUST_CHECK;
int yaml_line(struct json_object *value);

#endif
