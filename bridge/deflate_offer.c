#include "bridge/deflate_offer.h"
#include <stdbool.h>
#include <string.h>

#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

struct word {
    const char *at;
    size_t len;
};
struct parameter {
    struct word name, value;
    bool has_value;
};
struct offer {
    bool ours;        /* permessage-deflate, and nothing about it is unknown or wrong */
    bool server_bits; /* the client wants our window limited */
    bool each;        /* and no references among messages */
    bool client_bits;
};

/* RFC 9110, section 5.6.2 */
static bool is_token_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t");
}

static const char *read_token(const char *s, struct word *ret)
{
    ret->at = s;
    while (is_token_char(*s))
        s++;
    ret->len = (size_t)(s - ret->at);
    return s;
}

/* A value in quotes is a token after all (RFC 6455, section 9.1). NULL: it is neither. */
static const char *read_value(const char *s, struct word *ret)
{
    bool quoted = *s == '"';
    s = read_token(s + quoted, ret);
    if (ret->len == 0 || (quoted && *s != '"'))
        return NULL;
    return s + quoted;
}

static bool is(const struct word *w, const char *text)
{
    return w->len == strlen(text) && memcmp(w->at, text, w->len) == 0;
}

/* 8 to 15 without leading zeros; 0: it is not. */
static int window_bits(const struct word *w)
{
    int bits = w->len == 1 && w->at[0] >= '1' && w->at[0] <= '9' ? w->at[0] - '0'
               : w->len == 2 && w->at[0] == '1' && w->at[1] >= '0' && w->at[1] <= '9' ? 10 + w->at[1] - '0'
                                                                                      : 0;
    return bits >= WINDOW_BITS_MIN && bits <= WINDOW_BITS_MAX ? bits : 0;
}

static bool set_once(bool *flag)
{
    bool fresh = !*flag;
    *flag = true;
    return fresh;
}

static bool take_parameter(struct offer *offer, const struct parameter *p, bool *client_each)
{
    if (is(&p->name, "server_no_context_takeover"))
        return !p->has_value && set_once(&offer->each);
    if (is(&p->name, "client_no_context_takeover"))
        return !p->has_value && set_once(client_each);
    if (is(&p->name, "server_max_window_bits"))
        return p->has_value && window_bits(&p->value) >= DEFLATE_WINDOW_BITS && set_once(&offer->server_bits);
    if (is(&p->name, "client_max_window_bits"))
        return (!p->has_value || window_bits(&p->value) > 0) && set_once(&offer->client_bits);
    return false;
}

/* One offer, up to the comma or the end. NULL: the list cannot be read. */
static const char *read_offer(const char *s, struct offer *ret)
{
    struct word name;
    bool client_each = false;
    *ret = (struct offer){0};
    s = skip_space(read_token(skip_space(s), &name));
    ret->ours = is(&name, "permessage-deflate");
    while (*s == ';') {
        struct parameter p = {.has_value = false};
        s = skip_space(read_token(skip_space(s + 1), &p.name));
        if (p.name.len == 0)
            return NULL;
        if (*s == '=') {
            p.has_value = true;
            s = read_value(skip_space(s + 1), &p.value);
            if (!s)
                return NULL;
            s = skip_space(s);
        }
        ret->ours = ret->ours && take_parameter(ret, &p, &client_each);
    }
    return *s == ',' || *s == '\0' ? s : NULL;
}

enum compression deflate_offer_accept(const char *offers, char answer[DEFLATE_ANSWER_MAX])
{
    struct offer offer;
    answer[0] = '\0';
    for (const char *s = offers; (s = read_offer(s, &offer)); s++) {
        if (offer.ours) {
            strcpy(answer, "permessage-deflate; client_no_context_takeover");
            if (offer.each)
                strcat(answer, "; server_no_context_takeover");
            if (offer.server_bits)
                strcat(answer, "; server_max_window_bits=12");
            return offer.each ? COMPRESSION_EACH : COMPRESSION_RUNNING;
        }
        if (!*s)
            break;
    }
    return COMPRESSION_NONE;
}
