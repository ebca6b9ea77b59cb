#include "model/kind.h"

#include <stddef.h>
#include <string.h>

#define DAY_MS (24 * 60 * 60 * 1000LL)
#define END {.name = NULL}

static const struct kind_setting retry_members[] = {
    {"attempts", SETTING_INTEGER, .min = 1, .max = 100, .literal = true, .help = "How often to try in all."},
    {"backoffMs", SETTING_INTEGER, .min = 0, .max = DAY_MS, .literal = true, .help = "Pause before the second try."},
    {"factor", SETTING_NUMBER, .min = 1, .max = 100, .literal = true, .help = "Each further pause is so many times longer."},
    END,
};

const struct kind_setting kind_common_settings[] = {
    {"label", SETTING_TEXT, .literal = true, .help = "What people read on the node."},
    {"timeoutMs", SETTING_INTEGER, .min = 1, .max = 30 * DAY_MS, .literal = true, .help = "The node fails when it takes longer."},
    {"retry", SETTING_OBJECT, .members = retry_members, .literal = true, .help = "Try again when it fails."},
    {"continueOnError", SETTING_BOOL, .literal = true, .help = "An error of this node does not fail the run."},
    {"onInterrupted", SETTING_WORD, .choices = "retry|fail|ask", .literal = true, .help = "When its run's process died and runner.orphan = resume: start it again, or fail. ask: fail, and a person resumes."},
    {"toolId", SETTING_TEXT, .literal = true, .help = "Name of its tool stream; default: the node's id."},
    END,
};

static const struct kind_setting no_settings[] = {END};

static const struct kind_setting shell_settings[] = {
    {"command", SETTING_ARGV, .required = true, .help = "The program and its arguments; no shell is put between."},
    {"env", SETTING_MAP, .help = "Environment variables added."},
    {"cwd", SETTING_TEXT, .help = "Working directory, below the run's own."},
    {"stdin", SETTING_TEXT, .help = "What it reads; a template's value that is no string is given as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .help = "json: output.json holds stdout parsed."},
    END,
};

static const struct kind_setting git_clone_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "Address of the repository."},
    {"depth", SETTING_INTEGER, .min = 1, .max = INT32_MAX, .help = "Only so many commits; default: all."},
    {"branch", SETTING_TEXT, .help = "Branch or tag; default: the repository's."},
    {"dest", SETTING_TEXT, .help = "Folder in the run's work directory; default: repo."},
    END,
};

static const struct kind_setting http_request_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "http or https address."},
    {"method", SETTING_WORD, .choices = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS", .help = "Default: GET."},
    {"headers", SETTING_MAP, .help = "Request headers."},
    {"body", SETTING_ANY, .help = "Request body; anything but a string is sent as JSON."},
    {"parse", SETTING_WORD, .choices = "text|json", .help = "json: output.json holds the answer parsed."},
    {"followRedirects", SETTING_BOOL, .help = "Default: true."},
    {"expectStatus", SETTING_STATUSES, .help = "Any other status is an error of the node."},
    END,
};

static const struct kind_setting expression_settings[] = {
    {"expression", SETTING_JQ, .required = true, .help = "jq over {input, nodes, session, env}."},
    END,
};

static const struct kind_setting result_settings[] = {
    {"value", SETTING_ANY, .help = "The run's output."},
    END,
};

static const struct kind_setting file_settings[] = {
    {"path", SETTING_TEXT, .required = true, .help = "Name among the run's artifacts."},
    {"content", SETTING_ANY, .required = true, .help = "A string as it is, anything else as JSON."},
    {"mediaType", SETTING_TEXT, .help = "Default: by the name's ending."},
    END,
};

const struct kind kinds[] = {
    {"manual", "trigger", "Start", "Started by a person or a program, with the workflow's parameters.", REPEAT_FREELY, no_settings},
    {"shell", "tool", "Shell command", "Runs a program in the run's work directory.", REPEAT_NEVER, shell_settings},
    {"git_clone", "tool", "Git clone", "Clones a repository into the run's work directory.", REPEAT_FREELY, git_clone_settings},
    {"http_request", "tool", "HTTP request", "Sends one HTTP request.", REPEAT_BY_METHOD, http_request_settings},
    {"transform", "control", "Transform", "Computes a value with jq.", REPEAT_FREELY, expression_settings},
    {"condition", "control", "Condition", "Takes the edges of handle true or false.", REPEAT_FREELY, expression_settings},
    {"result", "output", "Result", "Sets the run's output.", REPEAT_FREELY, result_settings},
    {"file", "output", "File", "Writes an artifact of the run.", REPEAT_FREELY, file_settings},
};
const unsigned n_kinds = sizeof(kinds) / sizeof(kinds[0]);

const struct kind *kind_find(const char *name)
{
    unsigned i;

    for (i = 0; i < n_kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static bool method_is_safe(struct json_object *data)
{
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS"};
    const char *method = json_get_string(data, "method", "GET");
    unsigned i;

    for (i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
        if (strcmp(method, safe[i]) == 0)
            return true;
    return false;
}

bool kind_may_repeat(const struct kind *kind, struct json_object *data)
{
    const char *said = json_get_string(data, "onInterrupted", NULL);

    if (said != NULL)
        return strcmp(said, "retry") == 0;
    return kind->repeat == REPEAT_FREELY || (kind->repeat == REPEAT_BY_METHOD && method_is_safe(data));
}

bool kind_group_known(const char *group)
{
    static const char *const groups[] = {"trigger", "agent", "tool", "control", "output"};
    unsigned i;

    for (i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        if (strcmp(groups[i], group) == 0)
            return true;
    return false;
}
