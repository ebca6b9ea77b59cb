#include "bridge/rekey.h"
#include "auth/auth.h"
#include "base/log.h"
#include "bridge/bridge.h"
#include <stdlib.h>

struct rekey {
    uv_work_t work;
    struct auth *auth;     /* that the thread works on */
    struct config *config; /* to be freed with it when the settings have changed meanwhile; else NULL */
    bool running;
    rekey_fn *on_asked;
    void *ctx;
};

static void warn_weak(const struct config *config)
{
    if (config_is(config, "auth", "jwt") && auth_is_weak(config))
        log_event(LOG_LEVEL_WARN, "auth.weak_secret", "reason=\"auth.secret is shorter than 32 bytes\"");
}

enum rs_err rekey_open(struct bridge *bridge, struct fault *fault)
{
    bridge->rekey = calloc(1, sizeof *bridge->rekey);
    if (!bridge->rekey)
        return fault_set(fault, RS_NOMEM, "no memory for keys");
    enum rs_err err = auth_open(&bridge->dd, bridge->config, &bridge->auth, fault);
    if (!err)
        warn_weak(bridge->config);
    return err;
}

/* The settings of the start live as long as the bridge does. */
static void free_config(struct bridge *bridge, struct config *config)
{
    if (config != bridge->dd.config)
        config_free(config);
}

enum rs_err rekey_change(struct bridge *bridge, struct config *config, struct fault *fault)
{
    struct auth *auth = NULL;
    struct rekey *rekey = bridge->rekey;
    enum rs_err err = auth_open(&bridge->dd, config, &auth, fault);
    if (err)
        return err;
    if (rekey->running && rekey->auth == bridge->auth) {
        rekey->config = bridge->config;
    } else {
        auth_free(bridge->auth);
        free_config(bridge, bridge->config);
    }
    bridge->auth = auth;
    bridge->config = config;
    warn_weak(config);
    return RS_OK;
}

static void work(uv_work_t *request)
{
    struct bridge *bridge = request->data;
    auth_refresh(bridge->rekey->auth);
}

static void on_done(uv_work_t *request, int status)
{
    struct bridge *bridge = request->data;
    struct rekey *rekey = bridge->rekey;
    (void)status;
    rekey->running = false;
    if (rekey->auth != bridge->auth) {
        auth_free(rekey->auth);
        free_config(bridge, rekey->config);
        rekey->config = NULL;
    }
    if (rekey->on_asked)
        rekey->on_asked(rekey->ctx);
}

void rekey_watch(struct bridge *bridge, rekey_fn *fn, void *ctx)
{
    bridge->rekey->on_asked = fn;
    bridge->rekey->ctx = ctx;
}

void rekey_begin(struct bridge *bridge)
{
    struct rekey *rekey = bridge->rekey;
    if (rekey->running)
        return;
    rekey->work.data = bridge;
    rekey->auth = bridge->auth;
    rekey->running = uv_queue_work(&bridge->loop, &rekey->work, work, on_done) == 0;
}

void rekey_tick(struct bridge *bridge)
{
    if (!bridge->draining && auth_is_due(bridge->auth, AUTH_DUE_MS))
        rekey_begin(bridge);
}

void rekey_free(struct bridge *bridge)
{
    auth_free(bridge->auth);
    free(bridge->rekey);
}
