/* Settings and outputs of the kinds that an assistant is made of. */
#include "model/kind_settings.h"

#define TOOLS_SETTINGS                                                                                                 \
    {"tools", SETTING_TEXTS, .help = "Tools there are: kinds of group tool, workflow:ID for a saved workflow, or names of toolDefinitions. In a session only those enabled there."}, \
    {"toolDefinitions", SETTING_TABLE, .members = tool_definition_members, .help = "Tools of its own, by name: a kind with some settings fixed, or a saved workflow."}

const struct kind_setting normalize_settings[] = {
    {"text", SETTING_TEXT, .required = true, .widget = WIDGET_MULTILINE, .help = "What people typed."},
    {"maxBytes", SETTING_INTEGER, .min = 1, .max = 131072, .fallback = "32768", .help = "A longer text is an error."},
    KIND_END,
};

const struct kind_output normalize_outputs[] = {
    {"text", "string", "Regular line ends and spaces, without control and invisible characters."},
    {"bytes", "integer", "Its length."},
    {"words", "integer", "How many words."},
    {"removed", "integer", "How many characters were left out."},
    {"urls", "array", "The web addresses in it."},
    KIND_END,
};

static const struct kind_setting intent_members[] = {
    {"description", SETTING_TEXT, .help = "What a model is told of it."},
    {"keywords", SETTING_MAP, .help = "Words and phrases with their weights; word* stands for all that begin so."},
    KIND_END,
};

const struct kind_setting intent_settings[] = {
    {"text", SETTING_TEXT, .required = true, .widget = WIDGET_MULTILINE, .help = "The message."},
    {"intents", SETTING_TABLE, .required = true, .members = intent_members, .help = "The intents there are, by name; the first counts when nothing fits."},
    {"useModel", SETTING_BOOL, .fallback = "true", .help = "Ask the model when one is configured; keywords decide when it gives no verdict."},
    {"model", SETTING_TEXT, .widget = WIDGET_MODEL, .help = "Which one; default: model.default."},
    {"modelTimeoutMs", SETTING_INTEGER, .min = 1, .max = KIND_DAY_MS, .fallback = "15000", .help = "How long its verdict is waited for."},
    KIND_END,
};

const struct kind_output intent_outputs[] = {
    {"intent", "string", "One of the intents."},
    {"confidence", "number", "0 to 1."},
    {"method", "string", "Who decided: model or rules."},
    {"scores", "object", "By rules: each intent's score."},
    {"reason", "string", "By rules: why not by the model."},
    KIND_END,
};

const struct kind_setting model_select_settings[] = {
    {"intent", SETTING_TEXT, .help = "After the session's model those of setting assistant.models.INTENT are tried, then those of assistant.models.default, then model.default."},
    {"requested", SETTING_TEXT, .widget = WIDGET_MODEL, .help = "A model that is tried before all others."},
    KIND_END,
};

const struct kind_output model_select_outputs[] = {
    {"model", "string", "The first that the endpoint has; null when no endpoint is configured."},
    {"candidates", "array", "{model, source, available}, in the order they are tried."},
    {"available", "integer", "How many models the endpoint has."},
    {"probed", "boolean", "Did the endpoint tell which it has?"},
    {"reason", "string", "Why there is no model."},
    KIND_END,
};

static const struct kind_setting rule_members[] = {
    {"intents", SETTING_TEXTS, .help = "Intents that ask for it."},
    {"keywords", SETTING_MAP, .help = "Words and phrases with their weights; a sum of 1 or more asks for it."},
    {"url", SETTING_BOOL, .fallback = "false", .help = "It needs a web address in the text."},
    {"arguments", SETTING_OBJECT, .help = "What it is called with."},
    KIND_END,
};

const struct kind_setting tool_select_settings[] = {
    {"text", SETTING_TEXT, .required = true, .widget = WIDGET_MULTILINE, .help = "The message."},
    {"intent", SETTING_TEXT, .help = "Its intent, for the rules."},
    {"model", SETTING_TEXT, .widget = WIDGET_MODEL, .help = "The model that chooses; without one the rules do."},
    TOOLS_SETTINGS,
    {"rules", SETTING_TABLE, .members = rule_members, .help = "When a tool is called without a model's choice, by the tool's name."},
    {"modelTimeoutMs", SETTING_INTEGER, .min = 1, .max = KIND_DAY_MS, .fallback = "30000", .help = "How long the model's choice is waited for."},
    KIND_END,
};

const struct kind_output tool_select_outputs[] = {
    {"calls", "array", "{tool, arguments, score?}, for tool_calls."},
    {"rejected", "array", "{tool, reason} of the others."},
    {"method", "string", "Who chose: model or rules."},
    {"reason", "string", "By rules: why not by the model."},
    KIND_END,
};

const struct kind_setting tool_calls_settings[] = {
    {"calls", SETTING_ANY, .required = true, .help = "A list of {tool, arguments}, at most 8."},
    TOOLS_SETTINGS,
    KIND_END,
};

const struct kind_output tool_calls_outputs[] = {
    {"results", "array", "{tool, arguments, success, output, error, truncated, durationMs}, in order."},
    {"succeeded", "integer", "How many."},
    {"failed", "integer", "How many; those that were not made are among them."},
    KIND_END,
};

const struct kind_setting answer_settings[] = {
    {"text", SETTING_TEXT, .required = true, .widget = WIDGET_MULTILINE, .help = "What a model wrote."},
    {"passages", SETTING_ANY, .help = "The passages that [1], [2], ... stand for: texts, or objects with `text`."},
    KIND_END,
};

const struct kind_output answer_outputs[] = {
    {"text", "string", "Without thinking blocks and marks of passages that do not exist."},
    {"thinkingBlocks", "integer", "How many were left out."},
    {"codeBlocks", "array", "{language, code, closed} of each."},
    {"citations", "array", "{number, valid, overlap, supported} of each mark, overlap being how many words of its sentence stand in the passage."},
    {"sources", "array", "{number, passage} of those cited."},
    KIND_END,
};
