/* Settings and outputs of the kinds of group output. */
#include "model/kind_settings.h"

const struct kind_setting result_settings[] = {
    {"value", SETTING_ANY, .help = "The run's output."},
    KIND_END,
};

const struct kind_output result_outputs[] = {
    {"", "any", "The value."},
    KIND_END,
};

const struct kind_setting file_settings[] = {
    {"path", SETTING_TEXT, .required = true, .no_secret = true, .help = "Name among the run's artifacts."},
    {"content", SETTING_ANY, .required = true, .no_secret = true, .help = "A string as it is, anything else as JSON."},
    {"mediaType", SETTING_TEXT, .help = "Default: by the name's ending."},
    KIND_END,
};

const struct kind_output file_outputs[] = {
    {"path", "string", "Name among the run's artifacts."},
    {"bytes", "integer", "Its size."},
    {"mediaType", "string", "What it was given, or what its name's ending says."},
    KIND_END,
};

const struct kind_setting http_callback_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "http or https address that gets the POST."},
    {"body", SETTING_ANY, .help = "Sent as JSON; default: {event, deliveryId, runId, nodeId, input, time}."},
    {"event", SETTING_TEXT, .fallback = "\"run.callback\"", .help = "Header X-Runspool-Event."},
    {"secret", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "Signs it: X-Runspool-Signature is sha256= and the HMAC-SHA256 of X-Runspool-Timestamp, a dot and the body."},
    {"headers", SETTING_MAP, .help = "Further headers."},
    {"attempts", SETTING_INTEGER, .min = 1, .max = 20, .fallback = "5", .help = "How often it is tried in all, on 408, 425, 429, 5xx and connection errors."},
    {"pauseMs", SETTING_INTEGER, .min = 1, .max = 300000, .fallback = "1000", .help = "Pause before the second attempt; each further one is twice as long, Retry-After is honoured."},
    KIND_END,
};

const struct kind_output http_callback_outputs[] = {
    {"status", "integer", "HTTP status of the last attempt."},
    {"deliveryId", "string", "Header X-Runspool-Delivery: the same for every attempt."},
    {"attempts", "integer", "How many there were."},
    {"body", "string", "The answer's text, up to a limit."},
    KIND_END,
};

const struct kind_setting email_settings[] = {
    {"to", SETTING_TEXT, .required = true, .help = "Recipients: a@example.org, Name <b@example.org>."},
    {"cc", SETTING_TEXT, .help = "Further recipients."},
    {"bcc", SETTING_TEXT, .help = "Recipients the others do not see."},
    {"replyTo", SETTING_TEXT, .help = "Where answers go."},
    {"from", SETTING_TEXT, .help = "Sender; default: the setting smtp.from."},
    {"subject", SETTING_TEXT, .required = true, .help = "One line."},
    {"text", SETTING_TEXT, .widget = WIDGET_MULTILINE, .help = "The message as plain text."},
    {"html", SETTING_TEXT, .widget = WIDGET_MULTILINE, .help = "The message as HTML, beside the text or instead of it."},
    {"attachments", SETTING_TEXTS, .help = "Artifacts of the run, 20 MB in all."},
    KIND_END,
};

const struct kind_output email_outputs[] = {
    {"messageId", "string", "Its header Message-ID."},
    {"recipients", "array", "Every address it went to."},
    KIND_END,
};
