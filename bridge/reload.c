#include "bridge/reload.h"
#include "base/log.h"
#include "bridge/hub.h"
#include "bridge/rekey.h"
#include "bridge/web.h"
#include "bridge/writer.h"
#include "bridge/ws.h"
#include <string.h>

/* What is opened, or given to threads, when the bridge starts: read from bridge->dd.config for as long as it runs. All
 * other settings are the loop's, read from bridge->config whenever they matter. */
static const char *const fixed[] = {"database", "eventlog", "eventlog.sync", "spool.org", "log.target", "redis.url"};

void reload_log_level(const struct config *config)
{
    enum log_level level;
    if (log_level_parse(config_text(config, "log.level"), &level) == RS_OK)
        log_set_level(level);
}

static void say_fixed(const struct config *was, const struct config *now)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *a = config_text(was, fixed[i]), *b = config_text(now, fixed[i]);
        if ((a || b) && (!a || !b || strcmp(a, b) != 0))
            log_event(LOG_LEVEL_WARN, "config.needs_restart", "key=%s", fixed[i]);
    }
}

/* Whoever came in while there was no need for a token has to come back with one. */
static void end_unchecked(struct subscriber *sub, void *ctx)
{
    (void)ctx;
    if (config_is(sub->bridge->config, "auth", "jwt") && !sub->by_token)
        subscriber_end(sub, END_EXPIRED);
}

void reload_settings(struct bridge *bridge, const char *const *set)
{
    char path[PATH_MAX];
    struct config *config = NULL;
    struct fault fault;
    datadir_path(&bridge->dd, path, DATADIR_CONFIG);
    if (config_load(path, set, &config, &fault) != RS_OK) {
        log_event(LOG_LEVEL_ERROR, "config.refused", "reason=\"%s\"", fault.message);
        return;
    }
    if (rekey_change(bridge, config, &fault) != RS_OK) {
        log_event(LOG_LEVEL_ERROR, "config.refused", "reason=\"%s\"", fault.message);
        config_free(config);
        return;
    }
    say_fixed(bridge->dd.config, config);
    hub_each(bridge->hub, end_unchecked, NULL);
    reload_log_level(config);
    ws_reload(bridge->ws);
    writer_keep(bridge->writer, config);
    log_event(LOG_LEVEL_INFO, "config.reloaded", "log_level=%s", config_text(config, "log.level"));
}
