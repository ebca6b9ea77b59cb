#include "bridge/reload.h"
#include "base/log.h"
#include "bridge/front.h"
#include "bridge/hub.h"
#include "bridge/rekey.h"
#include "bridge/web.h"
#include "bridge/writer.h"
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

static bool same_text(const struct config *was, const struct config *now, const char *key)
{
    const char *a = config_text(was, key), *b = config_text(now, key);
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* What decides whose token is good: after a change of it nobody who is there has been asked. */
static bool asks_anew(const struct config *was, const struct config *now)
{
    static const char *const keys[] = {"auth", "auth.secret", "auth.keys", "auth.issuer", "auth.audience"};
    bool same = true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        same = same && same_text(was, now, keys[i]);
    return !same && config_is(now, "auth", "jwt");
}

static void say_fixed(const struct config *was, const struct config *now)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!same_text(was, now, fixed[i]))
            log_event(LOG_LEVEL_WARN, "config.needs_restart", "key=%s", fixed[i]);
}

static void end_unchecked(struct subscriber *sub, void *ctx)
{
    (void)ctx;
    subscriber_end(sub, END_EXPIRED); /* who has a good token comes back with it */
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
    bool anew = asks_anew(bridge->config, config);
    if (rekey_change(bridge, config, &fault) != RS_OK) {
        log_event(LOG_LEVEL_ERROR, "config.refused", "reason=\"%s\"", fault.message);
        config_free(config);
        return;
    }
    say_fixed(bridge->dd.config, config);
    if (anew)
        hub_each(bridge->hub, end_unchecked, NULL);
    reload_log_level(config);
    writer_keep(bridge->writer, config);
    if (bridge->front)
        front_take_settings(bridge->front);
    log_event(LOG_LEVEL_INFO, "config.reloaded", "log_level=%s", config_text(config, "log.level"));
}
