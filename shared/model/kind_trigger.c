/* Settings and outputs of the kinds of group trigger. */
#include "model/kind_settings.h"

const struct kind_output manual_outputs[] = {
    {"", "object", "The run's input, with the parameters' defaults filled in."},
    KIND_END,
};

const struct kind_setting schedule_settings[] = {
    {"cron", SETTING_TEXT, .required = true, .literal = true, .widget = WIDGET_CRON,
     .help = "When: minute, hour, day of month, month, day of week; or @hourly, @daily, @weekly, @monthly, @yearly."},
    {"timezone", SETTING_TEXT, .literal = true, .fallback = "\"UTC\"", .help = "Whose clocks: a name such as Europe/Berlin."},
    {"catchUp", SETTING_WORD, .choices = "all|latest|skip", .literal = true, .fallback = "\"latest\"",
     .help = "Times missed while no runner lived: run them all (the newest 100), the latest only, or none that is over a minute late."},
    {"input", SETTING_OBJECT, .literal = true, .fallback = "{}", .help = "Input of the runs."},
    {"enabled", SETTING_BOOL, .literal = true, .fallback = "true", .help = "false: it starts nothing."},
    {"jitterMs", SETTING_INTEGER, .min = 0, .max = 60 * 60 * 1000, .literal = true, .fallback = "0",
     .help = "Start up to so much later, the same for each time, so that many schedules do not start at once."},
    KIND_END,
};

const struct kind_output schedule_outputs[] = {
    {"dueAt", "string", "When it was due (RFC 3339); null when somebody started the run."},
    {"input", "object", "The run's input."},
    KIND_END,
};

const struct kind_setting event_settings[] = {
    {"workflows", SETTING_TEXTS, .literal = true, .fallback = "[]",
     .help = "Ids of the workflows whose runs count; none: all but this one. At most 8 runs start each other in a row."},
    {"status", SETTING_WORDS, .choices = "success|error|cancelled", .literal = true,
     .fallback = "[\"success\",\"error\",\"cancelled\"]", .help = "How the run must have ended."},
    {"enabled", SETTING_BOOL, .literal = true, .fallback = "true", .help = "false: it starts nothing."},
    KIND_END,
};

const struct kind_output event_outputs[] = {
    {"run", "object", "The run that has ended: {id, workflowId, status, output, error}."},
    KIND_END,
};

const struct kind_setting webhook_settings[] = {
    {"source", SETTING_TEXT, .required = true, .literal = true,
     .help = "Whose webhooks: those sent to /hooks/SOURCE and signed with the setting hooks.SOURCE.secret."},
    {"events", SETTING_TEXTS, .literal = true, .fallback = "[]",
     .help = "Which events, such as push or pull_request.opened; none named: all."},
    {"filter", SETTING_JQ, .help = "Only those for which it gives true: jq over {source, event, deliveryId, headers, body}."},
    KIND_END,
};

const struct kind_output webhook_outputs[] = {
    {"source", "string", "Who sent it."},
    {"event", "string", "X-GitHub-Event or X-Event, or empty."},
    {"deliveryId", "string", "X-GitHub-Delivery or X-Delivery, else its signature."},
    {"headers", "object", "Some of its headers, names in small letters."},
    {"body", "any", "Its body."},
    KIND_END,
};
