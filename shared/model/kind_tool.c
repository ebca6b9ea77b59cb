/* Settings and outputs of the kinds of group tool. */
#include "model/kind_settings.h"

static const struct kind_setting limits_members[] = {
    {"maxProcesses", SETTING_INTEGER, .min = 1, .max = 1000000, .help = "Processes and threads at a time; at most runner.max_processes."},
    {"maxMemory", SETTING_INTEGER, .min = 1024 * 1024, .max = INT64_C(1) << 50, .help = "Bytes its processes may use together; at most runner.max_memory."},
    KIND_END,
};
#define LIMITS {"limits", SETTING_OBJECT, .members = limits_members, .help = "Killed when it takes more."}

const struct kind_setting shell_settings[] = {
    {"command", SETTING_ARGV, .required = true, .help = "The program and its arguments; no shell is put between."},
    {"env", SETTING_MAP, .help = "Environment variables added."},
    {"cwd", SETTING_TEXT, .help = "Working directory, below the run's own."},
    {"stdin", SETTING_TEXT, .widget = WIDGET_MULTILINE, .help = "What it reads; a template's value that is no string is given as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .fallback = "\"text\"", .help = "json: output.json holds stdout parsed."},
    LIMITS,
    KIND_END,
};

const struct kind_output shell_outputs[] = {
    {"exitCode", "integer", "Exit status; null when a signal ended it."},
    {"signal", "string", "The signal's short name (\"KILL\"), else null."},
    {"stdout", "string", "What it wrote, up to a limit."},
    {"stderr", "string", "What it wrote there, up to a limit."},
    {"truncated", "boolean", "Was any of the two cut?"},
    {"stdoutBytes", "integer", "How much it wrote in all."},
    {"stderrBytes", "integer", "How much it wrote there in all."},
    {"json", "any", "With parse = json: stdout parsed."},
    KIND_END,
};

const struct kind_setting git_clone_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "Address of the repository."},
    {"depth", SETTING_INTEGER, .min = 1, .max = INT32_MAX, .help = "Only so many commits; default: all."},
    {"branch", SETTING_TEXT, .help = "Branch or tag; default: the repository's."},
    {"dest", SETTING_TEXT, .fallback = "\"repo\"", .help = "Folder in the run's work directory."},
    KIND_END,
};

const struct kind_output git_clone_outputs[] = {
    {"path", "string", "The folder, as `cwd` and `command` of other nodes take it."},
    {"commit", "string", "Hash of the commit that is checked out."},
    {"branch", "string", "The branch, null on none."},
    KIND_END,
};

const struct kind_setting http_request_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "http or https address."},
    {"method", SETTING_WORD, .choices = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS", .fallback = "\"GET\"", .help = "Request method."},
    {"headers", SETTING_MAP, .help = "Request headers."},
    {"body", SETTING_ANY, .help = "Request body; anything but a string is sent as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .fallback = "\"text\"", .help = "json: output.json holds the answer parsed."},
    {"followRedirects", SETTING_BOOL, .fallback = "true", .help = "Go where a 3xx answer points."},
    {"expectStatus", SETTING_STATUSES, .help = "Any other status is an error of the node."},
    KIND_END,
};

const struct kind_output http_request_outputs[] = {
    {"status", "integer", "HTTP status."},
    {"headers", "object", "The answer's headers, names in lower case."},
    {"body", "string", "The answer's text, up to a limit."},
    {"truncated", "boolean", "Was the body cut?"},
    {"url", "string", "The address that answered, after redirects."},
    {"durationMs", "integer", "How long it took."},
    {"json", "any", "With parse = json: the body parsed."},
    KIND_END,
};
