/* Settings and outputs of the kinds of group control. */
#include "model/kind_settings.h"

const struct kind_setting expression_settings[] = {
    {"expression", SETTING_JQ, .required = true, .help = "jq over {input, nodes, session, env}."},
    KIND_END,
};

const struct kind_output transform_outputs[] = {
    {"", "any", "What the expression gives."},
    KIND_END,
};

const struct kind_output condition_outputs[] = {
    {"", "boolean", "Was it anything but null and false?"},
    KIND_END,
};

static const struct kind_setting case_members[] = {
    {"handle", SETTING_TEXT, .required = true, .literal = true, .help = "`sourceHandle` of the edges that are taken; not \"default\"."},
    {"expression", SETTING_JQ, .required = true, .help = "jq over {input, nodes, session, env}; all but null and false is true."},
    KIND_END,
};

const struct kind_setting switch_settings[] = {
    {"cases", SETTING_LIST, .required = true, .literal = true, .members = case_members, .help = "Looked at in this order; the first that is true is taken, else the handle default."},
    KIND_END,
};

const struct kind_output switch_outputs[] = {
    {"handle", "string", "Which handle was taken."},
    {"index", "integer", "Number of the case, from 0; null for default."},
    KIND_END,
};

const struct kind_setting delay_settings[] = {
    {"ms", SETTING_INTEGER, .min = 0, .max = DELAY_MAX_MS, .help = "How long to wait, in milliseconds."},
    {"until", SETTING_TEXT, .help = "Until when to wait instead: a time like 2026-11-30T18:00:00+01:00; a past one does not wait."},
    KIND_END,
};

const struct kind_output delay_outputs[] = {
    {"until", "string", "When the wait was over, or was to be."},
    {"waitedMs", "integer", "How long this process of the run waited."},
    KIND_END,
};

const struct kind_setting approval_settings[] = {
    {"message", SETTING_TEXT, .required = true, .no_secret = true, .widget = WIDGET_MULTILINE, .help = "What the person is asked."},
    {"deadlineMs", SETTING_INTEGER, .min = 1, .max = DELAY_MAX_MS, .help = "How long to wait at most; default: for ever. It counts on while the run's process is down."},
    {"default", SETTING_WORD, .choices = "approve|reject|fail", .literal = true, .fallback = "\"fail\"", .help = "What happens at the deadline; fail: the node ends with an error of code timeout."},
    KIND_END,
};

const struct kind_output approval_outputs[] = {
    {"approved", "boolean", "What was decided."},
    {"by", "string", "Who decided; null at the deadline, or when it was not said."},
    {"comment", "string", "What that person said to it; may be null."},
    {"at", "string", "When."},
    {"data", "any", "What that person handed over; may be null."},
    KIND_END,
};

const struct kind_setting foreach_settings[] = {
    {"items", SETTING_ANY, .required = true, .help = "The list: an array, or a template that gives one; at most 100,000 items."},
    {"node", SETTING_NODE, .required = true, .help = "What is executed for each: any tool or agent, transform, delay, subworkflow, file, http_callback, email. Its templates and jq also see .item and .index; its timeoutMs, retry and continueOnError are those of one item."},
    {"concurrency", SETTING_INTEGER, .min = 1, .max = KIND_FOREACH_CONCURRENCY_MAX, .fallback = "4", .help = "How many items at a time."},
    {"maxFailures", SETTING_INTEGER, .min = 0, .max = KIND_FOREACH_ITEMS_MAX, .fallback = "0", .help = "So many items may fail; at one more no further item begins, and the node fails. Items with continueOnError do not count."},
    KIND_END,
};

const struct kind_output foreach_outputs[] = {
    {"total", "integer", "Length of the list."},
    {"done", "integer", "Items that ended well."},
    {"failed", "integer", "Items that did not."},
    {"failures", "array", "The first 20 of those: {index, code, message}."},
    {"items", "array", "Their outputs in order, null for those that failed; missing when it would be too large, then:"},
    {"path", "string", "Name of an artifact of JSON Lines, one output a line."},
    {"bytes", "integer", "Its size."},
    KIND_END,
};

const struct kind_setting subworkflow_settings[] = {
    {"workflow", SETTING_TEXT, .required = true, .widget = WIDGET_WORKFLOW, .help = "Id of a saved workflow; the version it has when the node begins is run. At most 8 runs stand above each other."},
    {"input", SETTING_ANY, .help = "Its input, checked against its parameters. Secrets are hidden in it, but for parameters of type secret."},
    KIND_END,
};

const struct kind_output subworkflow_outputs[] = {
    {"", "any", "The output of the run; the node's record has its id as childRunId."},
    KIND_END,
};
