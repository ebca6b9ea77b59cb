#include "conf/config.h"

/* Every setting there is. The numbers' bounds are in their base unit: things, bytes, milliseconds. */
#define KB INT64_C(1024)
#define MB (KB * 1024)
#define GB (MB * 1024)
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

const struct config_setting config_settings[] = {
    {"auth", CONFIG_WORD, "none", "none|jwt", 0, 0, false,
     "who may ask: none serves clients on this machine only, jwt asks for a token"},
    {"auth.secret", CONFIG_TEXT, NULL, NULL, 0, 0, true, "HS256 secret of tokens"},
    {"auth.keys", CONFIG_LIST, NULL, NULL, 0, 0, false, "files or JWKS addresses with the public keys of tokens"},
    {"auth.none_public", CONFIG_BOOL, "no", NULL, 0, 0, false,
     "with auth = none: serve clients on other machines too, without any check"},
    {"cors.origins", CONFIG_LIST, NULL, NULL, 0, 0, false,
     "origins (https://host) of web pages elsewhere that may use this instance; * for all"},
    {"public_url", CONFIG_TEXT, NULL, NULL, 0, 0, false, "address browsers use, with the sub-path if there is one"},
    {"trusted_proxies", CONFIG_LIST, NULL, NULL, 0, 0, false,
     "addresses or networks (10.0.0.0/8) of proxies whose X-Forwarded-For is believed"},

    {"database", CONFIG_TEXT, NULL, NULL, 0, 0, false, "where state is kept; unset: DIR/runspool.db"},
    {"eventlog", CONFIG_TEXT, NULL, NULL, 0, 0, false, "where events are kept; unset: DIR/events.db"},
    {"eventlog.sync", CONFIG_WORD, "normal", "normal|full", 0, 0, false,
     "what an acknowledged event survives: normal any process dying, full the machine failing too"},
    {"eventlog.keep_count", CONFIG_COUNT, "100000", NULL, 1, INT64_C(1000000000), false, "events kept of each stream"},
    {"eventlog.keep_days", CONFIG_COUNT, "30", NULL, 0, 36500, false, "days an event is kept; 0: for ever"},
    {"eventlog.keep_bytes", CONFIG_BYTES, "0", NULL, 0, 1024 * GB, false,
     "bytes of the whole event log, the oldest events go first; 0: no limit"},
    {"spool.org", CONFIG_TEXT, "default", NULL, 0, 0, false, "organisation that owns streams nobody else owns"},

    {"runner.max_runs", CONFIG_COUNT, "4", NULL, 1, 1000, false, "runs executed at the same time"},
    {"runner.max_nodes", CONFIG_COUNT, "8", NULL, 1, 100, false, "nodes of one run executed at the same time"},
    {"runner.shell", CONFIG_WORD, "deny", "deny|allow", 0, 0, false, "may workflows run commands on this machine?"},
    {"runner.sandbox", CONFIG_WORD, "auto", "auto|none", 0, 0, false,
     "how commands are confined: auto takes the best there is, none does without"},
    {"runner.http_private", CONFIG_WORD, "deny", "deny|allow", 0, 0, false,
     "may workflows ask private and link-local addresses?"},
    {"runner.git_local", CONFIG_WORD, "deny", "deny|allow", 0, 0, false, "may git_clone take file paths as URLs?"},
    {"runner.spawn", CONFIG_WORD, "auto", "auto|never", 0, 0, false,
     "start a run's process from the API when no runner lives"},
    {"runner.orphan", CONFIG_WORD, "fail", "fail|resume", 0, 0, false, "what becomes of a run whose process died"},
    {"runner.node_timeout", CONFIG_MILLISECONDS, "1h", NULL, 1, 30 * DAY, false,
     "longest time of a node that sets no timeoutMs"},
    {"runner.max_processes", CONFIG_COUNT, "1024", NULL, 0, 1000000, false,
     "processes and threads a node's tool may have at a time; 0: no limit"},
    {"runner.max_memory", CONFIG_BYTES, "4G", NULL, 0, 1024 * 1024 * GB, false,
     "memory the processes of a node's tool may use together; 0: no limit"},
    {"runner.max_log", CONFIG_BYTES, "8M", NULL, 0, 1 * GB, false,
     "how much of what a node's tool prints becomes log lines, each counted with 100 bytes more; of the rest the last lines do"},
    {"runner.kill_after", CONFIG_MILLISECONDS, "5s", NULL, 0, 10 * MINUTE, false,
     "time between SIGTERM and SIGKILL when a node is ended"},

    {"smtp.url", CONFIG_TEXT, NULL, NULL, 0, 0, false, "mail server of email nodes: smtp://host:587 or smtps://host:465"},
    {"smtp.user", CONFIG_TEXT, NULL, NULL, 0, 0, false, "login there"},
    {"smtp.password", CONFIG_TEXT, NULL, NULL, 0, 0, true, "its password"},
    {"smtp.from", CONFIG_TEXT, NULL, NULL, 0, 0, false, "sender of messages: Name <runspool@example.org>"},
    {"smtp.tls", CONFIG_WORD, "auto", "auto|require|none", 0, 0, false,
     "STARTTLS with smtp://: auto wants it for a login and else takes it when offered"},
    {"search.url", CONFIG_TEXT, NULL, NULL, 0, 0, false, "SearXNG instance of websearch nodes; it may be on a private address"},
    {"model.url", CONFIG_TEXT, NULL, NULL, 0, 0, false, "OpenAI-compatible endpoint of agent nodes"},
    {"model.key", CONFIG_TEXT, NULL, NULL, 0, 0, true, "its key"},
    {"model.default", CONFIG_TEXT, NULL, NULL, 0, 0, false, "model of agent nodes that name none"},
    {"model.prices", CONFIG_LIST, NULL, NULL, 0, 0, false,
     "US dollars for a million tokens, MODEL=INPUT/OUTPUT, by shell patterns: gpt-4o*=2.5/10, llama*=0/0"},
    {"assistant.busy", CONFIG_WORD, "refuse", "refuse|queue", 0, 0, false,
     "what the assistant socket does with a second workflow"},
    {"hooks.<source>.secret", CONFIG_TEXT, NULL, NULL, 0, 0, true, "secret that signs webhooks of a source"},

    {"bridge.heartbeat", CONFIG_MILLISECONDS, "20s", NULL, 100, 5 * MINUTE, false,
     "time between pings and SSE comments"},
    {"bridge.drain", CONFIG_MILLISECONDS, "5s", NULL, 0, 10 * MINUTE, false,
     "longest time a stopping bridge waits for clients"},
    {"fcgi.threads", CONFIG_COUNT, "8", NULL, 1, 256, false, "requests a FastCGI process serves at the same time"},
    {"fcgi.processes", CONFIG_COUNT, "2", NULL, 1, 64, false, "FastCGI processes of each kind that runspool up starts"},

    {"limits.body", CONFIG_BYTES, "1M", NULL, 1, 1 * MB, false, "largest request body"},
    {"limits.connections", CONFIG_COUNT, "10000", NULL, 1, 1000000, false, "client connections of the bridge; further ones are answered with 503"},
    {"limits.stream_clients", CONFIG_COUNT, "10000", NULL, 1, 1000000, false,
     "clients that may follow the same stream; further ones are told to come back"},
    {"limits.spool_connections", CONFIG_COUNT, "1000", NULL, 1, 100000, false,
     "emitters connected to the spool socket"},
    {"limits.subscriber_bytes", CONFIG_BYTES, "4M", NULL, 64 * KB, 1 * GB, false,
     "bytes waiting for one slow client before it is told to come back"},
    {"limits.queued_bytes", CONFIG_BYTES, "256M", NULL, 1 * MB, 1024 * GB, false,
     "memory of what waits for all slow clients together before the slowest are told to come back"},
    {"limits.subscriber_time", CONFIG_MILLISECONDS, "30s", NULL, 100, HOUR, false,
     "time a client may take nothing before it is told to come back"},
    {"limits.header_time", CONFIG_MILLISECONDS, "10s", NULL, 100, 10 * MINUTE, false,
     "time a client may take to send its request headers, or one message on a WebSocket"},
    {"limits.artifact_bytes", CONFIG_BYTES, "256M", NULL, 1, 1024 * GB, false, "largest artifact a node may write"},
    {"log.level", CONFIG_WORD, "info", "error|warn|info|debug", 0, 0, false, "what is logged"},
    {"log.target", CONFIG_WORD, "stderr", "stderr|syslog", 0, 0, false, "where programs log to"},
};
const unsigned config_n_settings = sizeof config_settings / sizeof *config_settings;
