#include "model/kind_settings.h"

#include <stddef.h>
#include <string.h>

static const struct kind_setting retry_members[] = {
    {"attempts", SETTING_INTEGER, .min = 1, .max = 100, .literal = true, .fallback = "1", .help = "How often to try in all."},
    {"backoffMs", SETTING_INTEGER, .min = 0, .max = KIND_DAY_MS, .literal = true, .fallback = "1000", .help = "Pause before the second try."},
    {"factor", SETTING_NUMBER, .min = 1, .max = 100, .literal = true, .fallback = "2", .help = "Each further pause is so many times longer."},
    {"jitter", SETTING_NUMBER, .min = 0, .max = 1, .literal = true, .help = "Each pause is shorter or longer by up to this part of itself, at random."},
    {"maxBackoffMs", SETTING_INTEGER, .min = 1, .max = KIND_DAY_MS, .literal = true, .help = "No pause is longer; at most an hour."},
    {"on", SETTING_ERRORS, .literal = true, .help = "Only these errors are tried again: codes (timeout, exit, model), HTTP statuses (503, \"5xx\"), exit statuses (\"exit:75\"). Default: all but input, expression and limit."},
    KIND_END,
};

const struct kind_setting kind_common_settings[] = {
    {"label", SETTING_TEXT, .literal = true, .help = "What people read on the node."},
    {"timeoutMs", SETTING_INTEGER, .min = 1, .max = 30 * KIND_DAY_MS, .literal = true, .help = "The node fails when it takes longer."},
    {"retry", SETTING_OBJECT, .members = retry_members, .literal = true, .help = "Try again when it fails."},
    {"continueOnError", SETTING_BOOL, .literal = true, .fallback = "false", .help = "An error of this node does not fail the run."},
    {"onInterrupted", SETTING_WORD, .choices = "retry|fail|ask", .literal = true, .help = "When its run's process died and runner.orphan = resume: start it again, or fail. ask: fail, and a person resumes."},
    {"toolId", SETTING_TEXT, .literal = true, .help = "Name of its tool stream; default: the node's id."},
    KIND_END,
};

static const struct kind_setting no_settings[] = {KIND_END};

const struct kind kinds[] = {
    {"manual", "trigger", "Start", "Started by a person or a program, with the workflow's parameters.", REPEAT_FREELY,
     .settings = no_settings, .outputs = manual_outputs},
    {"event", "trigger", "Run finished", "Starts the workflow when a run of another one has ended.", REPEAT_FREELY,
     .settings = event_settings, .outputs = event_outputs},
    {"schedule", "trigger", "Schedule", "Starts the workflow at the times of a cron expression.", REPEAT_FREELY,
     .settings = schedule_settings, .outputs = schedule_outputs},
    {"agent", "agent", "Agent", "Asks a language model, which may call tools.", REPEAT_NEVER,
     .settings = agent_settings, .outputs = agent_outputs},
    {"webhook", "trigger", "Webhook", "Starts the workflow when another system says that something happened.", REPEAT_FREELY,
     .settings = webhook_settings, .outputs = webhook_outputs},
    {"shell", "tool", "Shell command", "Runs a program in the run's work directory.", REPEAT_NEVER,
     .settings = shell_settings, .outputs = shell_outputs},
    {"script", "tool", "Script", "Runs Python, shell or Node.js code in the run's work directory.", REPEAT_NEVER,
     .settings = script_settings, .outputs = shell_outputs},
    {"test_run", "tool", "Run tests", "Runs tests and reads their report: TAP, JUnit XML or pytest's output.", REPEAT_NEVER,
     .settings = test_run_settings, .outputs = test_run_outputs},
    {"read_file", "tool", "Read file", "Gives a file of the run's work directory.", REPEAT_FREELY,
     .settings = read_file_settings, .outputs = read_file_outputs},
    {"write_file", "tool", "Write file", "Writes a file in the run's work directory.", REPEAT_FREELY,
     .settings = write_file_settings, .outputs = write_file_outputs},
    {"git_clone", "tool", "Git clone", "Clones a repository into the run's work directory.", REPEAT_FREELY,
     .settings = git_clone_settings, .outputs = git_clone_outputs},
    {"http_request", "tool", "HTTP request", "Sends one HTTP request.", REPEAT_BY_METHOD,
     .settings = http_request_settings, .outputs = http_request_outputs},
    {"websearch", "tool", "Web search", "Asks a SearXNG instance, which the setting search.url names.", REPEAT_FREELY,
     .settings = websearch_settings, .outputs = websearch_outputs},
    {"scrape", "tool", "Scrape", "Gathers items from the pages of a site.", REPEAT_FREELY,
     .settings = scrape_settings, .outputs = scrape_outputs},
    {"normalize", "control", "Normalise text", "Checks a text that people typed and makes it regular.", REPEAT_FREELY,
     .settings = normalize_settings, .outputs = normalize_outputs},
    {"intent", "control", "Intent", "Says what a message wants: by a model, or by weighted keywords.", REPEAT_FREELY,
     .settings = intent_settings, .outputs = intent_outputs},
    {"model_select", "control", "Choose a model", "Chooses the model for an intent among those the endpoint has.", REPEAT_FREELY,
     .settings = model_select_settings, .outputs = model_select_outputs},
    {"tool_select", "control", "Choose tools", "Chooses the tools that help with a message: by a model, or by rules.", REPEAT_FREELY,
     .settings = tool_select_settings, .outputs = tool_select_outputs},
    {"tool_calls", "control", "Call tools", "Executes calls of tools that were chosen.", REPEAT_NEVER,
     .settings = tool_calls_settings, .outputs = tool_calls_outputs},
    {"rag_search", "tool", "Search texts", "Finds passages in the folders that `runspool index` has indexed.", REPEAT_FREELY,
     .settings = rag_search_settings, .outputs = rag_search_outputs},
    {"transform", "control", "Transform", "Computes a value with jq.", REPEAT_FREELY,
     .settings = expression_settings, .outputs = transform_outputs},
    {"condition", "control", "Condition", "Takes the edges of handle true or false.", REPEAT_FREELY,
     .settings = expression_settings, .outputs = condition_outputs, .handles = "true|false"},
    {"switch", "control", "Switch", "Takes the edges of the first case that is true, else those of handle default.", REPEAT_FREELY,
     .settings = switch_settings, .outputs = switch_outputs, .handles = "default", .handles_from = "cases"},
    {"foreach", "control", "For each", "Executes a node of another kind once for each item of a list, some at a time.", REPEAT_FREELY,
     .settings = foreach_settings, .outputs = foreach_outputs},
    {"subworkflow", "control", "Subworkflow", "Runs a saved workflow as a run of its own, and gives its output.", REPEAT_FREELY,
     .settings = subworkflow_settings, .outputs = subworkflow_outputs},
    {"approval", "control", "Approval", "Waits until a person approves or rejects; the edges of that handle are taken.", REPEAT_FREELY,
     .settings = approval_settings, .outputs = approval_outputs, .handles = "approved|rejected"},
    {"delay", "control", "Delay", "Waits for some time, or until a time; a resumed run waits for what is left.", REPEAT_FREELY,
     .settings = delay_settings, .outputs = delay_outputs},
    {"result", "output", "Result", "Sets the run's output.", REPEAT_FREELY,
     .settings = result_settings, .outputs = result_outputs},
    {"answer", "output", "Answer", "Makes a model's text ready for people, checks its citations, and sets the run's output.", REPEAT_FREELY,
     .settings = answer_settings, .outputs = answer_outputs},
    {"file", "output", "File", "Writes an artifact of the run.", REPEAT_FREELY,
     .settings = file_settings, .outputs = file_outputs},
    {"http_callback", "output", "HTTP callback", "POSTs JSON to an address, signed, and again while it is not taken.", REPEAT_NEVER,
     .settings = http_callback_settings, .outputs = http_callback_outputs},
    {"email", "output", "E-mail", "Sends a message by the mail server that the setting smtp.url names.", REPEAT_NEVER,
     .settings = email_settings, .outputs = email_outputs},
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

bool kind_word(const char *choices, const char *word, size_t n)
{
    const char *at = choices, *end;

    for (; at != NULL; at = *end != '\0' ? end + 1 : NULL) {
        end = strchrnul(at, '|');
        if (n > 0 && (size_t)(end - at) == n && memcmp(at, word, n) == 0)
            return true;
    }
    return false;
}

const struct kind_setting *kind_setting_find(const struct kind_setting *settings, const char *name)
{
    for (; settings->name != NULL; settings++)
        if (strcmp(settings->name, name) == 0)
            return settings;
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
