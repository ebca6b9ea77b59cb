/* git_clone - clones a repository into the run's work folder with the real git; it asks for no password, and its
 * progress becomes log lines. URLs are https, http and ssh (git's own two ways of writing it), and only of public
 * addresses unless runner.http_private allows others; file paths, relative to where Runspool was started, when
 * runner.git_local allows them.
 * Output: {path, commit, branch}; commit and branch are null in an empty repository, branch on a detached head. */
#include "base/file.h"
#include "runner/nodes/git_access.h"
#include "runner/nodes/nodes.h"
#include "runner/nodes/tool.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct clone {
    struct tool tool; /* first: it is what exec calls back with */
    struct git_access access;
    char *local; /* file://..., of a repository on this machine */
};

static bool has_prefix(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

/* user@host:path, git's short form: a colon before any slash. */
static bool is_short_ssh(const char *url)
{
    size_t n = strcspn(url, ":/");
    return url[n] == ':' && n > 0 && url[n + 1] != ':' && !has_prefix(url + n, "://");
}

/* A local path becomes the file:// URL of a real one, so that git copies, and never links, objects. */
static enum rs_err take_local(const struct node *node, const char *url, char **ret, struct fault *fault)
{
    const char *local = has_prefix(url, "file://") ? url + 7 : url;
    char path[PATH_MAX];

    if (strstr(local, "://") || strstr(local, "::"))
        return fault_set(fault, RS_INVALID, "\"%.200s\": only https, http, ssh and file addresses can be cloned", url);
    if (!config_is(node->x->dd->config, "runner.git_local", "allow"))
        return fault_set(fault, RS_INVALID, "\"%.200s\" is a local path: the setting runner.git_local is deny", url);
    if (!realpath(local, path))
        return fault_set(fault, RS_INVALID, "%.200s: %s", url, strerror(errno));
    /* The instance's own data is no repository for workflows. */
    size_t len = strlen(node->x->dd->root);
    if (strncmp(path, node->x->dd->root, len) == 0 && (path[len] == '/' || path[len] == '\0'))
        return fault_set(fault, RS_INVALID, "%.200s lies in the data directory", url);
    if (asprintf(ret, "file://%s", path) < 0) {
        *ret = NULL;
        return fault_set(fault, RS_NOMEM, "out of memory");
    }
    return RS_OK;
}

static enum rs_err take_url(struct clone *clone, struct fault *fault)
{
    const struct node *node = clone->tool.node;
    const char *url = json_get_string(node->data, "url", "");

    if (!*url || *url == '-')
        return fault_set(fault, RS_INVALID, "\"%.200s\" is no address of a repository", url);
    if (has_prefix(url, "https://") || has_prefix(url, "http://") || has_prefix(url, "ssh://") || is_short_ssh(url))
        return git_access_parse(&clone->access, node, url, fault);
    return take_local(node, url, &clone->local, fault);
}

static void on_head(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;
    struct node *node = tool->node;
    struct json_object *out = json_object_new_object();
    char commit[128] = "", branch[512] = "", path[PATH_MAX];
    struct fault fault;

    json_set(out, "path", NULL);
    if (tool_cwd(node, json_get_string(node->data, "dest", "repo"), path, &fault) == RS_OK)
        json_set_string(out, "path", path);
    /* An empty repository has no HEAD to tell. */
    if (result->exit_code == 0 && result->captured[EXEC_STDOUT].data &&
        sscanf(result->captured[EXEC_STDOUT].data, "%127s %511s", commit, branch) != 2)
        commit[0] = branch[0] = '\0';
    json_set(out, "commit", commit[0] ? json_object_new_string(commit) : NULL);
    json_set(out, "branch", branch[0] && strcmp(branch, "HEAD") != 0 ? json_object_new_string(branch) : NULL);
    node_done(node, out);
}

static void no_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    (void)ctx, (void)stream, (void)text, (void)len;
}

/* git's progress is on stderr and no warning. */
static void on_line(void *ctx, enum exec_stream stream, const char *text, size_t len)
{
    struct tool *tool = ctx;

    while (len > 0 && text[len - 1] == ' ')
        len--; /* git pads what the remote said */
    bool bad = has_prefix(text, "fatal:") || has_prefix(text, "error:") || has_prefix(text, "warning:");
    tool_log_line(tool, bad ? "warning" : "info", stream, text, len);
}

static const char *last_fatal(const struct buf *text)
{
    const char *at = text->data ? text->data : "", *found = NULL;
    while ((at = strstr(at, "fatal: ")))
        found = at += 7;
    return found;
}

static enum rs_err args(struct tool *tool, const char *const *words, struct fault *fault)
{
    enum rs_err err = RS_OK;
    for (; *words && !err; words++)
        err = tool_arg(tool, *words, strlen(*words), fault);
    return err;
}

static void on_cloned(void *ctx, struct exec_result *result)
{
    struct tool *tool = ctx;
    struct node *node = tool->node;
    char path[PATH_MAX];
    struct fault fault = {0};

    if (tool_failed(tool, result, NULL))
        return;
    if (result->signal || result->exit_code != 0) {
        const char *why = last_fatal(&result->captured[EXEC_STDERR]);
        struct json_object *out = json_object_new_object();
        json_set(out, "exitCode", result->signal ? NULL : json_object_new_int(result->exit_code));
        node_fail(node, "exit", out, "git clone: %.*s", why ? (int)strcspn(why, "\n") : 6, why ? why : "failed");
        return;
    }
    if (node->stopping) {
        node_fail(node, "cancelled", NULL, "cancelled");
        return;
    }
    tool_clear_args(tool);
    enum rs_err err = tool_cwd(node, json_get_string(node->data, "dest", "repo"), path, &fault);
    if (!err)
        err = args(tool, (const char *const[]){"git", "rev-parse", "HEAD", "--abbrev-ref", "HEAD", NULL}, &fault);
    if (!err)
        err = tool_run(tool, path, NULL, 0, no_line, on_head, &fault);
    if (err)
        tool_fail(node, &fault);
}

/* upload-pack refuses repositories of other users unless a configuration file (no option, no variable) names them; with
 * runner.git_local the user said that any may be read. */
static enum rs_err trust_owner(struct tool *tool, const char *path, struct fault *fault)
{
    static const char text[] = "[safe]\n\tdirectory = *\n";
    char config[PATH_MAX];
    struct stat st;

    if (stat(path, &st) < 0 || st.st_uid == geteuid())
        return RS_OK;
    if (snprintf(config, sizeof config, "%s/.gitconfig-clone", tool->node->x->work) >= PATH_MAX)
        return fault_set(fault, RS_INVALID, "the path is too long");
    enum rs_err err = file_write(config, text, sizeof text - 1, 0640, fault);
    return err ? err : tool_env(tool, "GIT_CONFIG_GLOBAL", config, fault);
}

static enum rs_err git_env(struct clone *clone, bool strict, struct fault *fault)
{
    struct tool *tool = &clone->tool;
    enum rs_err err = tool_env(tool, "GIT_TERMINAL_PROMPT", "0", fault);

    if (!err)
        err = tool_env(tool, "GIT_ASKPASS", "true", fault);
    if (err || !clone->local)
        return err ? err : git_access_env(&clone->access, tool, strict, fault);
    err = tool_env(tool, "GIT_ALLOW_PROTOCOL", "file", fault);
    return err ? err : trust_owner(tool, clone->local + strlen("file://"), fault);
}

static bool is_strict(const struct node *node)
{
    return !config_is(node->x->dd->config, "runner.http_private", "allow");
}

/* Everything is known: run git. */
static void start(struct clone *clone)
{
    struct tool *tool = &clone->tool;
    struct node *node = tool->node;
    struct json_object *depth = json_get(node->data, "depth");
    const char *branch = json_get_string(node->data, "branch", NULL);
    char path[PATH_MAX], number[32];
    struct fault fault = {0};
    enum rs_err err = tool_cwd(node, json_get_string(node->data, "dest", "repo"), path, &fault);

    if (!err)
        err = args(tool, (const char *const[]){"git", "clone", "--progress", NULL}, &fault);
    if (!err && depth) {
        snprintf(number, sizeof number, "--depth=%lld", (long long)json_object_get_int64(depth));
        err = args(tool, (const char *const[]){number, NULL}, &fault);
    }
    if (!err && branch && *branch)
        err = args(tool, (const char *const[]){"--branch", branch, NULL}, &fault);
    if (!err)
        err = args(tool, (const char *const[]){"--", clone->local ? clone->local : clone->access.url, path, NULL},
                   &fault);
    if (!err)
        err = git_env(clone, is_strict(node), &fault);
    /* An earlier attempt may have left half of it. */
    if (!err && node->attempt > 1)
        err = file_remove_beneath(node->x->work, path + strlen(node->x->work), &fault);
    if (!err)
        err = tool_run(tool, node->x->work, NULL, 0, on_line, on_cloned, &fault);
    if (err)
        tool_fail(node, &fault);
}

static void on_checked(void *ctx, const struct fault *fault)
{
    struct clone *clone = ctx;

    if (fault->code)
        node_fail(clone->tool.node, fault->code == RS_IO ? "exit" : "input", NULL, "git clone: %s", fault->message);
    else
        start(clone);
}

void git_clone_start(struct node *node)
{
    struct clone *clone = calloc(1, sizeof *clone);
    struct fault fault = {0};

    if (!clone)
        abort(); /* as tool_new */
    clone->tool.node = node;
    node->state = clone;
    enum rs_err err = take_url(clone, &fault);
    if (!err && !clone->local && is_strict(node))
        err = git_access_check(&clone->access, node->x, on_checked, clone, &fault);
    else if (!err)
        start(clone);
    if (err)
        tool_fail(node, &fault);
}

void git_clone_stop(struct node *node)
{
    struct clone *clone = node->state;

    if (!clone)
        return;
    if (clone->access.state) {
        git_access_abort(&clone->access);
        node_fail(node, "cancelled", NULL, "cancelled");
        return;
    }
    tool_stop(node);
}

void git_clone_release(struct node *node)
{
    struct clone *clone = node->state;
    if (!clone)
        return;
    git_access_release(&clone->access);
    free(clone->local);
    tool_release(node);
}
