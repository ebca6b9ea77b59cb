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

const struct kind_setting script_settings[] = {
    {"language", SETTING_WORD, .required = true, .choices = "python|sh|node", .help = "Whose interpreter runs it: python3, sh or node, as found on PATH."},
    {"code", SETTING_TEXT, .required = true, .widget = WIDGET_CODE, .help = "The program, taken as it is."},
    {"args", SETTING_TEXTS, .no_secret = true, .help = "Arguments it is called with."},
    {"input", SETTING_ANY, .help = "A value it reads as JSON from standard input."},
    {"inputFile", SETTING_TEXT, .help = "File in the run's work directory that gets the input as well."},
    {"env", SETTING_MAP, .help = "Environment variables added."},
    {"cwd", SETTING_TEXT, .help = "Working directory, below the run's own."},
    {"parse", SETTING_WORD, .choices = "text|json", .fallback = "\"text\"", .help = "json: output.json holds stdout parsed."},
    LIMITS,
    KIND_END,
};

const struct kind_setting test_run_settings[] = {
    {"command", SETTING_ARGV, .required = true, .help = "The program that runs the tests, and its arguments."},
    {"format", SETTING_WORD, .choices = "auto|tap|junit|pytest", .fallback = "\"auto\"", .help = "What its report is; auto finds out."},
    {"report", SETTING_TEXT, .help = "File in the run's work directory with the report; default: standard output."},
    {"failOnTests", SETTING_BOOL, .fallback = "true", .help = "Failed tests fail the node."},
    {"env", SETTING_MAP, .help = "Environment variables added."},
    {"cwd", SETTING_TEXT, .help = "Working directory, below the run's own."},
    LIMITS,
    KIND_END,
};

const struct kind_output test_run_outputs[] = {
    {"passed", "integer", "Tests that passed."},
    {"failed", "integer", "Tests that failed."},
    {"skipped", "integer", "Tests skipped, or expected to fail."},
    {"errors", "integer", "Tests that could not be run, planned ones that never ran among them."},
    {"total", "integer", "All of them."},
    {"durationMs", "integer", "As the report says, else how long the command took."},
    {"failures", "array", "The first 100: {name, file, line, message}, as far as the report tells."},
    {"format", "string", "tap, junit or pytest."},
    {"exitCode", "integer", "Exit status; null when a signal ended it."},
    {"signal", "string", "The signal's short name, else null."},
    {"stdout", "string", "The end of what it wrote."},
    {"stderr", "string", "The end of what it wrote there."},
    {"truncated", "boolean", "Was any of the two cut?"},
    {"stdoutBytes", "integer", "How much it wrote in all."},
    {"stderrBytes", "integer", "How much it wrote there in all."},
    KIND_END,
};

const struct kind_setting read_file_settings[] = {
    {"path", SETTING_TEXT, .required = true, .help = "File in the run's work directory."},
    {"format", SETTING_WORD, .choices = "text|json|base64", .fallback = "\"text\"", .help = "How its content is given: as text, parsed, or encoded."},
    {"maxBytes", SETTING_INTEGER, .min = 1, .max = 163840, .fallback = "163840", .help = "How much of it is read."},
    KIND_END,
};

const struct kind_output read_file_outputs[] = {
    {"path", "string", "The file, as the setting says."},
    {"bytes", "integer", "Its size."},
    {"content", "any", "What is in it."},
    {"truncated", "boolean", "Is there more in it?"},
    KIND_END,
};

const struct kind_setting write_file_settings[] = {
    {"path", SETTING_TEXT, .required = true, .no_secret = true, .help = "File in the run's work directory; folders on the way are made."},
    {"content", SETTING_ANY, .required = true, .widget = WIDGET_MULTILINE, .help = "A string as it is, anything else as JSON."},
    {"format", SETTING_WORD, .choices = "text|json|base64", .fallback = "\"text\"", .help = "json: indented, a string in quotes; base64: the content is decoded."},
    {"append", SETTING_BOOL, .fallback = "false", .help = "At the end of what is there; a run resumed in the middle may append twice."},
    {"executable", SETTING_BOOL, .fallback = "false", .help = "May be run as a program."},
    KIND_END,
};

const struct kind_output write_file_outputs[] = {
    {"path", "string", "The file, as the setting says."},
    {"bytes", "integer", "How much was written."},
    KIND_END,
};

const struct kind_setting git_clone_settings[] = {
    {"url", SETTING_TEXT, .required = true, .no_secret = true, .help = "Address of the repository."},
    {"depth", SETTING_INTEGER, .min = 1, .max = INT32_MAX, .help = "Only so many commits; default: all."},
    {"branch", SETTING_TEXT, .no_secret = true, .help = "Branch or tag; default: the repository's."},
    {"dest", SETTING_TEXT, .no_secret = true, .fallback = "\"repo\"", .help = "Folder in the run's work directory."},
    {"username", SETTING_TEXT, .help = "Login over http and https; default with a token: x-access-token."},
    {"token", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "Its password or access token."},
    {"sshKey", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "Private key, as text, for ssh."},
    {"knownHosts", SETTING_TEXT, .widget = WIDGET_MULTILINE, .help = "Lines of known_hosts that the host must be in; default: any host key is taken."},
    KIND_END,
};

const struct kind_output git_clone_outputs[] = {
    {"path", "string", "The folder, as `cwd` and `command` of other nodes take it."},
    {"commit", "string", "Hash of the commit that is checked out."},
    {"branch", "string", "The branch, null on none."},
    KIND_END,
};

static const struct kind_setting auth_members[] = {
    {"username", SETTING_TEXT, .help = "For HTTP basic authentication."},
    {"password", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "Its password."},
    {"token", SETTING_TEXT, .widget = WIDGET_SECRET, .help = "A bearer token instead."},
    KIND_END,
};

const struct kind_setting http_request_settings[] = {
    {"url", SETTING_TEXT, .required = true, .help = "http or https address."},
    {"method", SETTING_WORD, .choices = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS", .fallback = "\"GET\"", .help = "Request method."},
    {"query", SETTING_OBJECT, .help = "Added to the address's query; an array repeats its name."},
    {"headers", SETTING_MAP, .help = "Request headers."},
    {"auth", SETTING_OBJECT, .members = auth_members, .help = "Who asks; not sent on to another host by a redirect."},
    {"body", SETTING_ANY, .help = "Request body; anything but a string is sent as JSON."},
    {"form", SETTING_OBJECT, .help = "Fields of a form sent as body (application/x-www-form-urlencoded)."},
    {"bodyFile", SETTING_TEXT, .help = "File in the run's work directory sent as body, up to 64 MB."},
    {"parse", SETTING_WORD, .choices = "text|json", .fallback = "\"text\"", .help = "json: output.json holds the answer parsed."},
    {"saveAs", SETTING_TEXT, .help = "Artifact that gets the body of a good answer, of any size up to limits.artifact_bytes."},
    {"followRedirects", SETTING_BOOL, .fallback = "true", .help = "Go where a 3xx answer points."},
    {"verifyTls", SETTING_BOOL, .fallback = "true", .help = "Check the server's certificate."},
    {"expectStatus", SETTING_STATUSES, .help = "Any other status is an error of the node; default: 200 to 299."},
    KIND_END,
};

const struct kind_output http_request_outputs[] = {
    {"status", "integer", "HTTP status."},
    {"headers", "object", "The answer's headers, names in lower case."},
    {"body", "string", "The answer's text, up to a limit; not with saveAs."},
    {"truncated", "boolean", "Was the body cut?"},
    {"url", "string", "The address that answered, after redirects."},
    {"durationMs", "integer", "How long it took."},
    {"json", "any", "With parse = json: the body parsed."},
    {"artifact", "string", "With saveAs: the artifact."},
    {"bytes", "integer", "With saveAs: its size."},
    KIND_END,
};

const struct kind_setting websearch_settings[] = {
    {"query", SETTING_TEXT, .required = true, .help = "What to look for, in the search engines' syntax."},
    {"limit", SETTING_INTEGER, .min = 1, .max = 50, .fallback = "10", .help = "At most so many results."},
    {"language", SETTING_TEXT, .help = "Such as en or de-AT; default: the server's."},
    {"categories", SETTING_TEXT, .help = "Such as general, news, it, science; several by commas."},
    {"engines", SETTING_TEXT, .help = "Only these search engines, by commas."},
    {"timeRange", SETTING_WORD, .choices = "day|week|month|year", .help = "Only what is that new."},
    {"safeSearch", SETTING_INTEGER, .min = 0, .max = 2, .help = "0 off, 1 moderate, 2 strict; default: the server's."},
    {"page", SETTING_INTEGER, .min = 1, .max = 100, .fallback = "1", .help = "Which page of results."},
    KIND_END,
};

const struct kind_output websearch_outputs[] = {
    {"query", "string", "What was looked for."},
    {"results", "array", "{title, url, snippet, engine, publishedAt}, best first, each address once."},
    {"answers", "array", "Direct answers, as texts."},
    {"suggestions", "array", "Other queries that may help."},
    KIND_END,
};
