/* git_access - how git reaches a repository elsewhere: its address without credentials, the login by environment, a host
 * pinned to the address that was checked. Nothing secret gets into an argument, a log line or a file, but for an SSH key,
 * whose file is readable for us alone and removed after the clone. Threads: the loop's. Nothing blocks. */
#ifndef RUNSPOOL_RUNNER_NODES_GIT_ACCESS_H
#define RUNSPOOL_RUNNER_NODES_GIT_ACCESS_H

#include "runner/nodes/tool.h"

#define GIT_HOST_MAX 256
#define GIT_LOGIN_MAX 2048 /* bytes of a user name, of a token */
#define GIT_KEY_MAX (64 * 1024)

enum git_way { GIT_HTTP, GIT_SSH };
struct git_access {
    enum git_way way;
    char *url;                 /* for git; without a password, of http without a user either */
    char host[GIT_HOST_MAX];   /* lower case, IPv6 without brackets */
    int port;
    char origin[GIT_HOST_MAX + 32]; /* "https://host:port/", for http */
    char user[GIT_LOGIN_MAX], token[GIT_LOGIN_MAX]; /* of http; "": none */
    char pin[GIT_HOST_MAX + 128];   /* the address that host must be reached at; "": as it resolves */
    char key_file[PATH_MAX];        /* "": none */
    struct git_access_state *state; /* of the check under way; NULL: none */
};
/* git_access_parse - of an http, https or ssh address (also user@host:path), with the node's username and token, or those
 * in the address. RS_INVALID. */
enum rs_err git_access_parse(struct git_access *access, const struct node *node, const char *url,
                             struct fault *fault) RS_MUST_CHECK;
void git_access_release(struct git_access *access); /* zeroed is fine; removes the key's file */

/* git_access_check - make sure that the host is at public addresses only, where redirects lead to included, and pin it.
 * done is called later, once, with RS_OK; RS_DENIED (a private address); RS_IO; or on_done is not called when this returns
 * an error, or after git_access_abort. */
typedef void git_access_fn(void *ctx, const struct fault *fault);
enum rs_err git_access_check(struct git_access *access, struct execution *x, git_access_fn *done, void *ctx,
                             struct fault *fault) RS_MUST_CHECK;
void git_access_abort(struct git_access *access);

/* git_access_env - the variables that make git do so. strict: no redirects, no configuration but ours. */
enum rs_err git_access_env(struct git_access *access, struct tool *tool, bool strict, struct fault *fault) RS_MUST_CHECK;

#endif
