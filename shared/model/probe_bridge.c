#include "model/probe.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX 4096

static bool is_line(const char *answer)
{
    return strchr(answer, '\n') != NULL;
}

/* Its page says how it is, of which version, for how long. */
static void ask_page(int fd, struct probe *ret)
{
    static const char request[] = "GET /healthz HTTP/1.0\r\n\r\n";
    struct json_object *page = NULL;
    char answer[ANSWER_MAX];
    const char *body;

    if (probe_ask(fd, request, answer, sizeof(answer), NULL) < 0 || strncmp(answer, "HTTP/1.", 7) != 0) {
        probe_say(ret, "down", "it does not answer");
        return;
    }
    body = strstr(answer, "\r\n\r\n");
    if (body == NULL || strncmp(answer + 8, " 200 ", 5) != 0 || json_parse(body + 4, strlen(body + 4), ANSWER_MAX, &page, NULL) != RS_OK) {
        probe_say(ret, "down", "it answers with an error");
        return;
    }
    probe_say(ret, "healthy", "%s", "");
    snprintf(ret->version, sizeof(ret->version), "%s", json_get_string(page, "version", ""));
    ret->uptime_s = json_get_int(page, "uptimeS", -1);
    json_object_put(page);
}

void probe_bridge(const struct datadir *dd, struct probe *ret)
{
    char path[PATH_MAX], answer[ANSWER_MAX];
    int fd;

    if (access(datadir_path(dd, path, DATADIR_BRIDGE_SOCKET), F_OK) == 0) {
        if ((fd = probe_connect_unix(path, ret)) < 0)
            return;
        ask_page(fd, ret);
    } else if (access(datadir_path(dd, path, DATADIR_SPOOL_SOCKET), F_OK) == 0) {
        if ((fd = probe_connect_unix(path, ret)) < 0)
            return;
        /* A line that is none: the answer is an error, and nothing is kept of it. */
        bool answers = probe_ask(fd, "\"how are you\"\n", answer, sizeof(answer), is_line) > 0 && strstr(answer, "error") != NULL;
        probe_say(ret, answers ? "healthy" : "down", "%s", answers ? "" : "it does not answer");
    } else {
        probe_say(ret, "disabled", "no bridge runs here");
        return;
    }
    close(fd);
}
