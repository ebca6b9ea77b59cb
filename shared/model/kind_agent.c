/* Settings and outputs of the kinds of group agent. */
#include "model/kind_settings.h"

static const struct kind_setting price_members[] = {
    {"input", SETTING_NUMBER, .min = 0, .max = 1000000, .help = "For a million tokens the model reads."},
    {"output", SETTING_NUMBER, .min = 0, .max = 1000000, .help = "For a million tokens it writes."},
    KIND_END,
};

const struct kind_setting tool_definition_members[] = {
    {"kind", SETTING_TEXT, .help = "The kind of node it is, of group tool."},
    {"workflow", SETTING_TEXT, .widget = WIDGET_WORKFLOW, .help = "Or the id of a saved workflow that is run."},
    {"description", SETTING_TEXT, .help = "What the model is told of it."},
    {"settings", SETTING_OBJECT, .help = "Settings that are fixed: the model neither sees nor changes them."},
    KIND_END,
};

const struct kind_setting agent_settings[] = {
    {"prompt", SETTING_TEXT, .required = true, .no_secret = true, .widget = WIDGET_MULTILINE, .help = "What the model is asked."},
    {"system", SETTING_TEXT, .no_secret = true, .widget = WIDGET_MULTILINE, .help = "Its instructions."},
    {"messages", SETTING_ANY, .no_secret = true, .help = "Earlier messages, [{role, content}], between instructions and prompt."},
    {"remember", SETTING_BOOL, .fallback = "false", .help = "The session's messages come first, and this question and its answer are added to them."},
    {"model", SETTING_TEXT, .widget = WIDGET_MODEL, .help = "Default: the session's, else model.default."},
    {"url", SETTING_TEXT, .help = "Base address of an OpenAI-compatible endpoint; default: model.url, with its key."},
    {"key", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "Key of that endpoint."},
    {"temperature", SETTING_NUMBER, .min = 0, .max = 2, .help = "Default: the endpoint's."},
    {"maxTokens", SETTING_INTEGER, .min = 1, .max = 10000000, .help = "Tokens of one answer at most."},
    {"tools", SETTING_TEXTS, .help = "Tools it may call: kinds of group tool, workflow:ID for a saved workflow, or names of toolDefinitions. In a session only those enabled there; default: all that are."},
    {"toolDefinitions", SETTING_TABLE, .members = tool_definition_members, .help = "Tools of its own, by name: a kind with some settings fixed, or a saved workflow."},
    {"outputSchema", SETTING_OBJECT, .help = "JSON Schema; the answer is JSON that fits it, in output.json."},
    {"maxIterations", SETTING_INTEGER, .min = 1, .max = 1000, .fallback = "10", .help = "How often the model is asked at most."},
    {"maxTotalTokens", SETTING_INTEGER, .min = 1, .max = 1000000000, .help = "Tokens of all requests together; more is an error."},
    {"maxCostUsd", SETTING_NUMBER, .min = 0, .max = 1000000, .help = "What all requests together may cost; more is an error."},
    {"prices", SETTING_OBJECT, .members = price_members, .help = "Its price in US dollars; default: model.prices."},
    {"requestRetries", SETTING_INTEGER, .min = 0, .max = 20, .fallback = "3", .help = "How often a request is sent again after 429 or 5xx, as late as Retry-After says."},
    {"silenceMs", SETTING_INTEGER, .min = 1, .max = KIND_DAY_MS, .fallback = "300000", .help = "How long the endpoint may send nothing while an answer is due."},
    {"withoutModel", SETTING_TEXT, .widget = WIDGET_MULTILINE, .help = "The answer when no endpoint or model is configured; without it that is an error."},
    KIND_END,
};

const struct kind_output agent_outputs[] = {
    {"text", "string", "The answer."},
    {"json", "any", "With outputSchema: the answer parsed."},
    {"toolCalls", "array", "Each call of a tool: {id, tool, arguments, status, error?, durationMs}."},
    {"usage", "object", "{requests, promptTokens, completionTokens, totalTokens, costUsd} of this attempt; costUsd is null without a known price."},
    {"model", "string", "The model that answered; null: withoutModel did."},
    {"finishReason", "string", "Why it ended: stop, length, content_filter, ..."},
    KIND_END,
};
