/* Settings of the kinds of group tool. */
#include "model/kind_settings.h"

const struct kind_setting shell_settings[] = {
    {"command", SETTING_ARGV, .required = true, .help = "The program and its arguments; no shell is put between."},
    {"env", SETTING_MAP, .help = "Environment variables added."},
    {"cwd", SETTING_TEXT, .help = "Working directory, below the run's own."},
    {"stdin", SETTING_TEXT, .help = "What it reads; a template's value that is no string is given as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .help = "json: output.json holds stdout parsed."},
    KIND_END,
};

const struct kind_setting git_clone_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "Address of the repository."},
    {"depth", SETTING_INTEGER, .min = 1, .max = INT32_MAX, .help = "Only so many commits; default: all."},
    {"branch", SETTING_TEXT, .help = "Branch or tag; default: the repository's."},
    {"dest", SETTING_TEXT, .help = "Folder in the run's work directory; default: repo."},
    KIND_END,
};

const struct kind_setting http_request_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "http or https address."},
    {"method", SETTING_WORD, .choices = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS", .help = "Default: GET."},
    {"headers", SETTING_MAP, .help = "Request headers."},
    {"body", SETTING_ANY, .help = "Request body; anything but a string is sent as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .help = "json: output.json holds the answer parsed."},
    {"followRedirects", SETTING_BOOL, .help = "Default: true."},
    {"expectStatus", SETTING_STATUSES, .help = "Any other status is an error of the node."},
    KIND_END,
};
