/* kind_schema - the table of kinds for programs and people that know nothing of it: forms, editors, documents.
 * Pure; any thread. */
#ifndef RUNSPOOL_MODEL_KIND_SCHEMA_H
#define RUNSPOOL_MODEL_KIND_SCHEMA_H

#include "base/buf.h"
#include "base/json.h"
#include "model/kind.h"

#define KIND_MARKDOWN_MAX (1024 * 1024)

/* kind_schema - JSON Schema (draft 2020-12) of the `data` of a node of this kind, owned; NULL without memory. It allows
 * what graph_check_settings allows, but for null in place of a setting. Every setting has `description`, perhaps
 * `default`; `x-widget` (multiline, code, jq, secret, cron, workflow, model, node) says how a form shows it, `x-common` that every kind
 * takes it, `x-template` that a template may stand in it. */
struct json_object *kind_schema(const struct kind *kind);
/* kind_describe - {kind,type,label,help,repeat,handles,handlesFrom,outputs:[{name,type,help}],schema}, owned; NULL without
 * memory. repeat: freely, never or byMethod. */
struct json_object *kind_describe(const struct kind *kind);
/* kind_markdown - append the document of all kinds (docs/NODES.md). Returns out->err. */
enum rs_err kind_markdown(struct buf *out);

/* kind_setting_words - what the setting holds, for people: "text", "whole number, 1 to 100", "one of `a`, `b`". out:
 * appended to. */
void kind_setting_words(const struct kind_setting *setting, struct buf *out);

#endif
