#include "bridge/renew.h"
#include "auth/auth.h"
#include "bridge/bridge.h"
#include "bridge/rekey.h"
#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Is there a stream that may not be followed any more? */
static bool follows_more(const struct access *who, const struct feed *feed)
{
    for (int i = 0; feed && i < feed->n_streams; i++)
        if (feed_may_follow(who, feed->streams[i], NULL) != RS_OK)
            return true;
    return false;
}

enum rs_err renew_token(struct subscriber *sub, const char *token, struct fault *fault)
{
    struct bridge *bridge = sub->bridge;
    struct access *who = sub->who, fresh = {0};
    size_t len = strlen(token);
    if (!who)
        return RS_OK;
    if (auth_wants_keys_of(bridge->auth, token, len)) {
        rekey_begin(bridge);
        return fault_set(fault, RS_BUSY, "the token's key is being asked for; send it again in a moment");
    }
    enum rs_err err = auth_token(bridge->auth, token, len, &fresh, fault);
    if (!err && (strcmp(fresh.org, who->org) != 0 || strcmp(fresh.sub, who->sub) != 0))
        err = fault_set(fault, RS_DENIED, "the token is another's; connect anew with it");
    if (err) {
        access_release(&fresh);
        return err;
    }
    bool other_crews = !same_text(who->crews, fresh.crews);
    access_release(who);
    *who = fresh;
    subscriber_admit(sub, who);
    const struct endpoint *endpoint = sub->feed ? sub->feed->endpoint : NULL;
    bool native = endpoint && endpoint->native;
    if (access_allows(who, endpoint ? endpoint->scope : NULL, NULL) != RS_OK || (endpoint && !native && other_crews) ||
        (native && (follows_more(who, sub->feed) || follows_more(who, sub->side))))
        subscriber_end(sub, END_DENIED);
    return RS_OK;
}

bool renew_message(struct subscriber *sub, struct json_object *message)
{
    static const char done[] = "{\"type\":\"auth\",\"status\":\"ok\"}";
    const char *token = json_get_string(message, "token", NULL);
    struct fault fault = {0};
    struct buf text;
    if (strcmp(json_get_string(message, "type", ""), "auth") != 0)
        return false;
    enum rs_err err = token ? renew_token(sub, token, &fault)
                            : fault_set(&fault, RS_INVALID, "\"token\" must be a text");
    if (!err) {
        subscriber_control(sub, done, sizeof done - 1);
        return true;
    }
    buf_init(&text, 8 * FAULT_MESSAGE_MAX);
    buf_printf(&text, "{\"type\":\"error\",\"code\":\"%s\",\"message\":", rs_err_name(err));
    buf_put_json(&text, fault.message, strlen(fault.message));
    if (buf_putc(&text, '}') == RS_OK)
        subscriber_control(sub, text.data, text.len);
    buf_release(&text);
    return true;
}
