#include "http/doctor_mend.h"
#include <stddef.h>
#include <string.h>
#include <strings.h>

#define FILES "The whole of it: contrib/, installed under share/doc/runspool/examples."

static const struct {
    const char *name; /* as the Server header begins; NULL: all others */
    const char *lines[N_DOCTOR_FAULTS];
} servers[] = {
    {"nginx",
     {[FAULT_UPGRADE] = "proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection $http_connection;",
      [FAULT_BUFFERING] = "proxy_buffering off;   # and no gzip_types text/event-stream",
      [FAULT_CUT] = "proxy_read_timeout 3600s;",
      [FAULT_AUTHORIZATION] = "fastcgi_param HTTP_AUTHORIZATION $http_authorization;",
      [FAULT_PREFIX] = "proxy_set_header X-Forwarded-Prefix /PATH;   # or public_url in runspool.conf",
      [FAULT_NOT_PASSED] = "location ~ ^/(ws|sse|poll|metrics|healthz|api/workflow/stream)(/|$) {\n"
                           "    proxy_pass http://unix:/run/runspool/bridge.sock;\n    ...\n}\n" FILES}},
    {"Apache",
     {[FAULT_UPGRADE] = "ProxyPassMatch ... upgrade=websocket disablereuse=on   # of 2.4.47 or later",
      [FAULT_BUFFERING] = "ProxyPassMatch ... flushpackets=on\nSetEnv no-gzip 1\nSetEnv no-brotli 1",
      [FAULT_CUT] = "ProxyPassMatch ... timeout=3600",
      [FAULT_AUTHORIZATION] = "CGIPassAuth On",
      [FAULT_PREFIX] = "RequestHeader set X-Forwarded-Prefix /PATH   # or public_url in runspool.conf",
      [FAULT_NOT_PASSED] = "ProxyPassMatch \"^/(ws|sse|poll|metrics|healthz|api/workflow/stream)(/|$)\" "
                           "\"unix:/run/runspool/bridge.sock|http://localhost\" upgrade=websocket disablereuse=on ...\n" FILES}},
    {"lighttpd",
     {[FAULT_UPGRADE] = "proxy.header = ( \"upgrade\" => \"enable\" )",
      [FAULT_BUFFERING] = "server.stream-response-body = 2",
      [FAULT_CUT] = "server.max-read-idle = 3600\nserver.max-write-idle = 3600",
      [FAULT_PREFIX] = "proxy.header = ( \"map-urlpath\" => ( \"/PATH/\" => \"/\" ) )   # or public_url in runspool.conf",
      [FAULT_NOT_PASSED] = "$HTTP[\"url\"] =~ \"^/(api/workflow/stream|ws|sse|poll|metrics|healthz)(/|$)\" {\n"
                           "    proxy.server = ( \"\" => (( \"socket\" => \"/run/runspool/bridge.sock\" )) )\n    ...\n}\n" FILES}},
    {NULL,
     {[FAULT_UPGRADE] = "Let the web server pass Upgrade and Connection on, over HTTP/1.1.",
      [FAULT_BUFFERING] = "Let the web server pass text/event-stream on as it comes, without a buffer and without compressing it.",
      [FAULT_CUT] = "Let the web server wait for an answer for an hour.",
      [FAULT_AUTHORIZATION] = "Let the web server pass the header Authorization on to the programs.",
      [FAULT_PREFIX] = "Set public_url in runspool.conf to the address that browsers use.",
      [FAULT_NOT_PASSED] = "Let the web server pass /ws, /sse, /poll and /api/workflow/stream on to the bridge.\n" FILES,
      [FAULT_NO_BRIDGE] = "Start the bridge, and let the web server's user use its socket (its group).",
      [FAULT_NO_POLL] = "/api/poll has to go to events.fcgi, before /api goes to api.fcgi."}},
};
static const char *const names[N_DOCTOR_FAULTS] = {
    [FAULT_UPGRADE] = "upgrade",     [FAULT_BUFFERING] = "buffering",     [FAULT_CUT] = "cut",
    [FAULT_AUTHORIZATION] = "authorization", [FAULT_PREFIX] = "prefix",   [FAULT_NOT_PASSED] = "notPassed",
    [FAULT_NO_BRIDGE] = "noBridge",  [FAULT_NO_POLL] = "noPoll",
};

const char *doctor_mend(const char *server, enum doctor_fault fault)
{
    size_t i = 0;
    while (servers[i].name && (strncasecmp(server, servers[i].name, strlen(servers[i].name)) != 0 || !servers[i].lines[fault]))
        i++;
    return servers[i].lines[fault];
}

struct json_object *doctor_mend_json(void)
{
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct json_object *one = json_object_new_object(), *lines = json_object_new_object();
        json_set_string(one, "server", servers[i].name);
        for (int fault = 0; fault < N_DOCTOR_FAULTS; fault++)
            if (servers[i].lines[fault])
                json_set_string(lines, names[fault], servers[i].lines[fault]);
        json_set(one, "lines", lines);
        json_object_array_add(all, one);
    }
    return all;
}
