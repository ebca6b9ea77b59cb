/* What the web server in front makes of each door. */
#include "cli/doctor.h"
#include "cli/webprobe.h"
#include "http/doctor_mend.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MS 10000
#define FIRST_EVENT_MS 3000
#define HELD_S 25
#define HELD_QUICK_S 2
#define HELD_EXTRA_MS 5000
#define HELD_AT_LEAST_MS 500 /* an error after less than this is no cut */
#define UPGRADE_HEADERS                                                                                                \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cnVuc3Bvb2wtZG9jdG9yIQ==\r\n"

struct web {
    struct doctor *doctor;
    struct webprobe probe;             /* of the last question */
    char server[PROBE_HEADER_MAX];  /* "nginx/1.22.1" */
    char token[4200];               /* a header, or "" */
    const char *prefix;             /* of the URL, ends before its last slash */
    int prefix_len;
    bool no_bridge;
};

static bool ask(struct web *web, const char *check, const char *path, const char *more, const char *until, int timeout_ms)
{
    char headers[8192];
    struct fault fault = {0};
    snprintf(headers, sizeof headers, "%s%s", web->token, more);
    struct webprobe_request request = {.path = path, .headers = headers, .until = until, .timeout_ms = timeout_ms};
    if (webprobe_ask(web->doctor->url, &request, &web->probe, &fault) == RS_OK)
        return true;
    doctor_say(web->doctor, DOCTOR_BAD, check, NULL, "%s", fault.message);
    return false;
}

/* The sentence of a problem document, or the status alone. */
static const char *detail(const struct webprobe *p, char out[512])
{
    const char *at = strstr(p->body, "\"detail\":\"");
    if (at)
        snprintf(out, 512, "%d: %.*s", p->status, (int)strcspn(at + 10, "\""), at + 10);
    else if (p->status)
        snprintf(out, 512, "status %d", p->status);
    else
        snprintf(out, 512, "no answer within %d s", (int)(p->took_ms / 1000));
    return out;
}

static bool is_ours(const struct webprobe *p)
{
    char type[PROBE_HEADER_MAX];
    return strncmp(webprobe_header(p, "Content-Type", type), "application/problem+json", 24) == 0;
}

static bool check_api(struct web *web)
{
    char text[512];
    struct doctor *doctor = web->doctor;
    if (!ask(web, "REST", "/api", "Connection: close\r\n", "\"streams\"", ANSWER_MS))
        return false;
    webprobe_header(&web->probe, "Server", web->server);
    if (web->probe.status == 200 && strstr(web->probe.body, "\"runspool\"")) {
        doctor_say(doctor, DOCTOR_GOOD, "REST", NULL, "%s answers%s%s", doctor->url, *web->server ? ", by " : "", web->server);
        return true;
    }
    const char *mend = web->probe.status == 502 || web->probe.status == 503
                           ? "The FastCGI programs are not where the web server looks for them, or it may not use their sockets."
                       : is_ours(&web->probe) ? NULL
                                              : "This address does not lead to api.fcgi. Is the sub-path right?";
    doctor_say(doctor, DOCTOR_BAD, "REST", mend, "%s/api: %s", doctor->url, detail(&web->probe, text));
    return false;
}

/* A 404 tells the prefix with which addresses are made. */
static void check_prefix(struct web *web)
{
    char want[PROBE_HEADER_MAX];
    struct doctor *doctor = web->doctor;
    snprintf(want, sizeof want, "GET %.*s/api lists", web->prefix_len, web->prefix);
    if (!ask(web, "prefix", "/api/doctor-asks-for-nothing", "Connection: close\r\n", "/api lists", ANSWER_MS) || !web->probe.found)
        return;
    if (strstr(web->probe.body, want))
        doctor_say(doctor, DOCTOR_GOOD, "prefix", NULL, "addresses are made with \"%.*s\"", web->prefix_len, web->prefix);
    else
        doctor_say(doctor, DOCTOR_BAD, "prefix", doctor_mend(web->server, FAULT_PREFIX),
                   "addresses are made with another sub-path than \"%.*s\"", web->prefix_len, web->prefix);
}

static void check_authorization(struct web *web)
{
    static char without[PROBE_TEXT_MAX];
    char keep[sizeof web->token];
    struct doctor *doctor = web->doctor;
    strcpy(keep, web->token);
    web->token[0] = '\0';
    if (ask(web, "Authorization", "/api/runs", "Connection: close\r\n", "}", ANSWER_MS)) {
        int status = web->probe.status;
        snprintf(without, sizeof without, "%s", web->probe.body);
        if (status != 401)
            doctor_say(doctor, DOCTOR_GOOD, "Authorization", NULL, "is not asked for (auth = none)");
        else if (ask(web, "Authorization", "/api/runs", "Authorization: Bearer doctor\r\nConnection: close\r\n", "}", ANSWER_MS)) {
            bool same = strcmp(without, web->probe.body) == 0;
            doctor_say(doctor, same ? DOCTOR_BAD : DOCTOR_GOOD, "Authorization",
                       same ? doctor_mend(web->server, FAULT_AUTHORIZATION) : NULL,
                       same ? "tokens do not reach the programs: a wrong one is answered as if there were none" : "reaches the programs");
        }
    }
    strcpy(web->token, keep);
}

/* What a door that is not carried says about why; true: said. */
static bool not_carried(struct web *web, const char *check)
{
    char text[512];
    int status = web->probe.status;
    if (status == 502 || status == 503) {
        doctor_say(web->doctor, DOCTOR_BAD, check, doctor_mend(web->server, FAULT_NO_BRIDGE),
                   "the web server cannot reach the bridge (%d)", status);
        web->no_bridge = true;
    } else if (status == 401 || status == 403) {
        doctor_say(web->doctor, DOCTOR_WARNING, check, "Give a token in RUNSPOOL_TOKEN.", "%s", detail(&web->probe, text));
    } else if (status == 404 && is_ours(&web->probe)) {
        doctor_say(web->doctor, DOCTOR_BAD, check, doctor_mend(web->server, FAULT_PREFIX), "the bridge does not know the path it is given");
    } else if (status == 404 || status == 405) {
        doctor_say(web->doctor, DOCTOR_BAD, check, doctor_mend(web->server, FAULT_NOT_PASSED), "is not passed on to the bridge (%d)", status);
    } else {
        return false;
    }
    return true;
}

static void check_websocket(struct web *web, const char *check, const char *path)
{
    char text[512];
    if (!ask(web, check, path, UPGRADE_HEADERS, NULL, ANSWER_MS))
        return;
    if (web->probe.status == 101)
        doctor_say(web->doctor, DOCTOR_GOOD, check, NULL, "%s is upgraded", path);
    else if (web->probe.status == 426 || web->probe.status == 400 || web->probe.status == 0 || web->probe.status == 200)
        doctor_say(web->doctor, DOCTOR_BAD, check, doctor_mend(web->server, FAULT_UPGRADE),
                   "%s is not upgraded (%s): the web server drops the header Upgrade", path, detail(&web->probe, text));
    else if (!not_carried(web, check))
        doctor_say(web->doctor, DOCTOR_BAD, check, NULL, "%s: %s", path, detail(&web->probe, text));
}

/* The bridge's own gzip begins with what is short and not compressed (bridge/gzip.h), so that it is found in there. */
static void check_sse(struct web *web)
{
    char encoding[PROBE_HEADER_MAX], text[512];
    struct doctor *doctor = web->doctor;
    if (!ask(web, "SSE", "/sse?stream=system", "Accept: text/event-stream\r\nAccept-Encoding: gzip\r\n", "\"hello\"", FIRST_EVENT_MS))
        return;
    bool compressed = *webprobe_header(&web->probe, "Content-Encoding", encoding);
    if (web->probe.found)
        doctor_say(doctor, DOCTOR_GOOD, "SSE", NULL, "the first event came after %d ms", (int)web->probe.took_ms);
    else if (compressed)
        doctor_say(doctor, DOCTOR_BAD, "SSE", doctor_mend(web->server, FAULT_BUFFERING),
                   "no event within %d s: the stream is compressed (%s), and the web server holds it back", FIRST_EVENT_MS / 1000, encoding);
    else if (web->probe.status == 0 || web->probe.status == 200)
        doctor_say(doctor, DOCTOR_BAD, "SSE", doctor_mend(web->server, FAULT_BUFFERING),
                   "no event within %d s: the web server holds them back", FIRST_EVENT_MS / 1000);
    else if (!not_carried(web, "SSE"))
        doctor_say(doctor, DOCTOR_BAD, "SSE", NULL, "%s", detail(&web->probe, text));
}

static void check_long_poll(struct web *web)
{
    char path[64], text[512];
    struct doctor *doctor = web->doctor;
    int held_s = doctor->quick ? HELD_QUICK_S : HELD_S;
    snprintf(path, sizeof path, "/poll?stream=tool:doctor&since=now&wait=%d", held_s);
    if (!ask(web, "long poll", path, "Connection: close\r\n", "\"next\"", held_s * 1000 + HELD_EXTRA_MS))
        return;
    if (web->probe.status == 200 && web->probe.found)
        doctor_say(doctor, DOCTOR_GOOD, "long poll", NULL, "was held for %d s", held_s);
    else if (web->probe.took_ms > HELD_AT_LEAST_MS)
        doctor_say(doctor, DOCTOR_BAD, "long poll", doctor_mend(web->server, FAULT_CUT), "was cut after %d s (%s)",
                   (int)(web->probe.took_ms / 1000), detail(&web->probe, text));
    else if (!not_carried(web, "long poll"))
        doctor_say(doctor, DOCTOR_BAD, "long poll", NULL, "%s", detail(&web->probe, text));
}

static void check_api_poll(struct web *web)
{
    char text[512];
    if (!ask(web, "polls", "/api/poll?stream=system&since=now", "Connection: close\r\n", "\"next\"", ANSWER_MS))
        return;
    if (web->probe.found)
        doctor_say(web->doctor, DOCTOR_GOOD, "polls", NULL, "/api/poll answers, with or without a bridge");
    else if (web->probe.status == 401 || web->probe.status == 403)
        doctor_say(web->doctor, DOCTOR_WARNING, "polls", "Give a token in RUNSPOOL_TOKEN.", "%s", detail(&web->probe, text));
    else
        doctor_say(web->doctor, DOCTOR_BAD, "polls", doctor_mend(web->server, FAULT_NO_POLL), "%s",
                   detail(&web->probe, text));
}

void doctor_web(struct doctor *doctor)
{
    struct web *web = calloc(1, sizeof *web);
    const char *authority = strstr(doctor->url, "://"), *token = getenv("RUNSPOOL_TOKEN");
    if (!web)
        return;
    web->doctor = doctor;
    web->prefix = authority ? strchrnul(authority + 3, '/') : "";
    for (web->prefix_len = (int)strlen(web->prefix); web->prefix_len > 0 && web->prefix[web->prefix_len - 1] == '/';)
        web->prefix_len--;
    if (token && *token && strlen(token) < sizeof web->token - 32 && !strpbrk(token, "\r\n"))
        snprintf(web->token, sizeof web->token, "Authorization: Bearer %s\r\n", token);
    if (check_api(web)) {
        check_prefix(web);
        check_authorization(web);
        check_api_poll(web);
        check_websocket(web, "WebSocket", "/ws");
        if (!web->no_bridge) { /* the same would be said of each */
            check_websocket(web, "assistant", "/api/workflow/stream");
            check_sse(web);
            check_long_poll(web);
        }
    }
    free(web);
}
