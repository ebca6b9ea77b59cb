#include "cli/weblighttpd.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Everything comes from here, nothing inline, nobody frames it. 'self' covers ws: and wss: of the same host. */
#define CSP                                                                                                            \
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "              \
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

static const struct {
    const char *extension, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".ts", "text/plain; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".md", "text/markdown; charset=utf-8"},
    {".yaml", "application/yaml"},
    {"", "application/octet-stream"},
};

/* Quoted strings of lighttpd.conf know no escape that all versions share, so such paths are refused. */
static enum rs_err check_text(const char *text, struct fault *fault)
{
    for (const char *c = text; *c; c++)
        if (*c == '"' || *c == '\\' || *c == '$' || (unsigned char)*c < 0x20)
            return fault_set(fault, RS_INVALID,
                             "the path %.200s cannot be given to lighttpd: no quotes, backslashes or $", text);
    return RS_OK;
}

static void put_fastcgi(struct buf *out, const struct weblighttpd *web, const char *prefix, const char *program,
                        const char *name)
{
    buf_printf(out,
               "    fastcgi.server = ( \"%s\" => ((\n"
               "        \"bin-path\" => \"%s\",\n"
               "        \"socket\" => \"%s/run/%s.sock\",\n"
               "        \"bin-environment\" => ( \"RUNSPOOL_DATA\" => \"%s\" ),\n"
               "        \"min-procs\" => %d, \"max-procs\" => %d,\n"
               "        \"check-local\" => \"disable\", \"disable-time\" => 1\n"
               "    )) )\n",
               prefix, program, web->data, name, web->data, web->processes, web->processes);
}

enum rs_err weblighttpd_config(const struct weblighttpd *web, struct buf *out, struct fault *fault)
{
    const char *const texts[] = {web->data, web->htdocs, web->api, web->events, web->hook, web->tls_cert, web->tls_key};
    bool ipv6 = strchr(web->address, ':') != NULL;

    for (unsigned i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (texts[i] && check_text(texts[i], fault) != RS_OK)
            return RS_INVALID;

    buf_puts(out, "# Written by `runspool up` each time it starts: changes are lost.\n");
    buf_printf(out, "server.modules = ( \"mod_setenv\",%s%s \"mod_fastcgi\", \"mod_proxy\" )\n",
               web->deflate ? " \"mod_deflate\"," : "", web->tls_cert ? " \"mod_openssl\"," : "");
    buf_printf(out, "server.bind = \"%s%s%s\"\nserver.port = %d\n", ipv6 ? "[" : "", web->address, ipv6 ? "]" : "",
               web->port);
    buf_printf(out, "server.pid-file = \"%s/run/web.pid\"\n", web->data);
    buf_puts(out, "server.systemd-socket-activation = \"enable\"\n");
    if (web->tls_cert)
        buf_printf(out, "ssl.engine = \"enable\"\nssl.pemfile = \"%s\"\nssl.privkey = \"%s\"\n", web->tls_cert,
                   web->tls_key);
    buf_printf(out, "server.document-root = \"%s\"\nindex-file.names = ( \"index.html\" )\n", web->htdocs);
    buf_printf(out, "server.max-fds = %d\nserver.max-connections = %d\n", web->max_files, web->max_files / 2 - 16);
    /* The programs refuse bodies over 1 MiB in words; this bound (in KiB) only keeps larger ones out of memory. */
    buf_puts(out, "server.max-request-size = 2048\nserver.tag = \"\"\n");
    /* A clock that is set, or a machine that slept, is no reason to restart and cut everybody off. */
    buf_puts(out, "server.feature-flags = ( \"server.graceful-shutdown-timeout\" => 2, \"server.clock-jump-restart\" => 0 )\n"
                  "\nmimetype.assign = (\n");
    for (unsigned i = 0; i < sizeof(types) / sizeof(*types); i++)
        buf_printf(out, "    \"%s\" => \"%s\",\n", types[i].extension, types[i].type);
    buf_puts(out, ")\n\nsetenv.set-response-header = (\n"
                  "    \"Content-Security-Policy\" => \"" CSP "\",\n"
                  "    \"X-Content-Type-Options\" => \"nosniff\",\n"
                  "    \"X-Frame-Options\" => \"DENY\",\n"
                  "    \"Referrer-Policy\" => \"same-origin\",\n"
                  "    \"Cross-Origin-Opener-Policy\" => \"same-origin\",\n"
                  "    \"Cross-Origin-Resource-Policy\" => \"same-origin\"\n"
                  ")\n");
    /* Never text/event-stream: a compressor holds events back. */
    if (web->deflate)
        buf_printf(
            out,
            "deflate.allowed-encodings = ( \"br\", \"gzip\" )\ndeflate.cache-dir = \"%s/run/deflate\"\n"
            "deflate.mimetypes = ( \"text/html\", \"text/css\", \"text/javascript\", \"text/plain\", "
            "\"text/markdown\", \"application/json\", \"application/problem+json\", \"application/manifest+json\", "
            "\"image/svg+xml\" )\n",
            web->data);

    /* stream-response-body 2: with 1 what a slow reader has not taken goes to a file, and lighttpd 1.4.69 leaves the end of
     * it lying until the bridge says something more. */
    buf_printf(out,
               "\n$HTTP[\"url\"] =~ \"^/(api/workflow/stream|ws|sse|poll|metrics|healthz)(/|$)\" {\n"
               "    proxy.server = ( \"\" => (( \"socket\" => \"%s/bridge.sock\", \"disable-time\" => 0 )) )\n"
               "    proxy.header = ( \"upgrade\" => \"enable\" )\n"
               "    server.stream-request-body = 1\n"
               "    server.stream-response-body = 2\n"
               "    server.max-read-idle = 3600\n"
               "    server.max-write-idle = 3600\n"
               "} else $HTTP[\"url\"] =~ \"^/api/poll(/|$)\" {\n",
               web->data);
    put_fastcgi(out, web, "/api/poll", web->events, "events");
    buf_puts(out, "    server.stream-response-body = 1\n} else $HTTP[\"url\"] =~ \"^/hooks(/|$)\" {\n");
    put_fastcgi(out, web, "/hooks", web->hook, "hook");
    buf_puts(out, "} else $HTTP[\"url\"] =~ \"^/api(/|$)\" {\n");
    put_fastcgi(out, web, "/api", web->api, "api");
    /* Files are checked for changes each time (their ETag makes that cheap), so that a new version shows at once. */
    buf_puts(out, "} else {\n    setenv.add-response-header = ( \"Cache-Control\" => \"no-cache\" )\n}\n");
    return out->err;
}

enum rs_err weblighttpd_find(char path[PATH_MAX], struct fault *fault)
{
    static const char system_folders[] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin";
    const char *given = getenv("PATH");
    for (int i = 0; i < 2; i++) {
        const char *folder = i ? system_folders : given ? given : "";
        while (*folder) {
            int len = (int)strcspn(folder, ":");
            int n = snprintf(path, PATH_MAX, "%.*s/lighttpd", len, folder);
            if (len && n < PATH_MAX && path[0] == '/' && access(path, X_OK) == 0)
                return RS_OK;
            folder += len + (folder[len] == ':');
        }
    }
    return fault_set(fault, RS_NOT_FOUND, "lighttpd is not installed: apt-get install lighttpd, or use --without web");
}

/* Have the server read the file. said: what it wrote when it did not like it. */
static enum rs_err weblighttpd_check(const char *program, const char *path, char *said, size_t said_size,
                                     struct fault *fault)
{
    int pipes[2], status;
    size_t len = 0;
    ssize_t n;
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return fault_set(fault, RS_IO, "no pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        execl(program, program, "-tt", "-f", path, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    while (pid > 0 && ((n = read(pipes[0], said + len, said_size - 1 - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    said[len] = '\0';
    close(pipes[0]);
    if (pid < 0)
        return fault_set(fault, RS_IO, "cannot start lighttpd: %s", strerror(errno));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return RS_OK;
    said[strcspn(said, "\n")] = '\0';
    return fault_set(fault, RS_INVALID, "lighttpd refuses its configuration (%s): %.300s", path, said);
}

enum rs_err weblighttpd_write(const char *program, struct weblighttpd *web, char path[PATH_MAX], struct fault *fault)
{
    char said[4096], folder[PATH_MAX];
    struct buf text;
    enum rs_err err;

    buf_init(&text, WEBLIGHTTPD_CONFIG_MAX);
    snprintf(path, PATH_MAX, "%s/run/lighttpd.conf", web->data);
    if (snprintf(folder, sizeof(folder), "%s/run/deflate", web->data) >= PATH_MAX)
        return fault_set(fault, RS_LIMIT, "the data directory's name is too long");
    if ((err = file_mkdir(folder, 02770, fault)) != RS_OK)
        goto out;
    web->deflate = true;
    for (int i = 0; i < 2; i++) {
        buf_clear(&text);
        if ((err = weblighttpd_config(web, &text, fault)) != RS_OK ||
            (err = file_write(path, text.data, text.len, 0640, fault)) != RS_OK)
            goto out;
        err = weblighttpd_check(program, path, said, sizeof(said), fault);
        /* Without this module lighttpd only warns, here and each time it starts. */
        if ((err != RS_OK && err != RS_INVALID) || !web->deflate || !strstr(said, "mod_deflate"))
            break;
        web->deflate = false;
    }
    if (err == RS_INVALID && strstr(said, "mod_openssl"))
        fault_set(fault, err, "--tls needs lighttpd's OpenSSL module: apt-get install lighttpd-mod-openssl");
out:
    buf_release(&text);
    return err;
}
