#include "auth/claims.h"
#include "auth/token.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static enum rs_err bad(struct fault *fault, const char *why)
{
    return fault_set(fault, RS_UNAUTHENTICATED, "the token is not good: %s", why);
}

/* A NumericDate in seconds (RFC 7519, section 2) as milliseconds. false: it is no number, or none of any time. */
static bool read_date(struct json_object *value, int64_t *ret_ms)
{
    enum json_type type = json_object_get_type(value);
    double s = json_object_get_double(value);
    if ((type != json_type_int && type != json_type_double) || !isfinite(s) || fabs(s) > 1e14)
        return false;
    *ret_ms = (int64_t)(s * 1000);
    return true;
}

static enum rs_err read_times(struct json_object *claims, int64_t now_ms, struct access *ret, struct fault *fault)
{
    struct json_object *exp = json_get(claims, "exp"), *nbf = json_get(claims, "nbf");
    int64_t from_ms = 0;
    if (exp && (!read_date(exp, &ret->expires_ms) || ret->expires_ms <= 0))
        return bad(fault, "exp is not a time");
    if (nbf && !read_date(nbf, &from_ms))
        return bad(fault, "nbf is not a time");
    if (exp && now_ms >= ret->expires_ms)
        return fault_set(fault, RS_UNAUTHENTICATED, "the token has expired");
    if (nbf && from_ms > now_ms + CLAIMS_EARLY_MS)
        return bad(fault, "it is not valid yet");
    return RS_OK;
}

/* A string, or an array of strings, as words separated by single blanks. *ret: owned; NULL when absent. */
static enum rs_err read_words(struct json_object *value, bool ids, char **ret, struct fault *fault)
{
    struct buf out;
    buf_init(&out, TOKEN_MAX);
    bool is_array = json_object_is_type(value, json_type_array);
    size_t n = is_array ? json_object_array_length(value) : 1;
    if (!value) {
        *ret = NULL;
        return RS_OK;
    }
    buf_puts(&out, "");
    for (size_t i = 0; i < n; i++) {
        struct json_object *item = is_array ? json_object_array_get_idx(value, i) : value;
        const char *p = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : NULL;
        if (!p || strlen(p) != (size_t)json_object_get_string_len(item)) {
            buf_release(&out);
            return bad(fault, "scope and crews must be texts");
        }
        for (; *(p += strspn(p, " ")); p += strcspn(p, " ")) {
            size_t len = strcspn(p, " ");
            if (ids && !id_valid_n(p, len)) {
                buf_release(&out);
                return bad(fault, "crews holds something that is no id");
            }
            if (out.len > 0)
                buf_putc(&out, ' ');
            buf_append(&out, p, len);
        }
    }
    *ret = buf_take(&out, NULL);
    return *ret ? RS_OK : fault_set(fault, RS_NOMEM, "no memory for a token");
}

static enum rs_err read_scope(struct json_object *claims, struct access *ret, struct fault *fault)
{
    char *words = NULL, *rest;
    enum rs_err err = read_words(json_get(claims, "scope"), false, &words, fault);
    ret->scope = !words || !*words ? SCOPE_VIEWER : SCOPE_NONE;
    rest = words;
    for (char *word; !err && (word = strsep(&rest, " "));) {
        enum access_scope scope = access_scope_find(word);
        ret->scope = scope > ret->scope ? scope : ret->scope;
    }
    free(words);
    return err;
}

static enum rs_err read_names(struct json_object *claims, struct access *ret, struct fault *fault)
{
    struct json_object *org = json_get(claims, "org"), *sub = json_get(claims, "sub");
    const char *org_text = json_get_string(claims, "org", NULL), *sub_text = json_get_string(claims, "sub", NULL);
    if (org && !id_valid(org_text))
        return bad(fault, "org is not an id");
    if (sub && (!sub_text || strlen(sub_text) > ACCESS_SUB_MAX))
        return bad(fault, "sub is not a text, or too long");
    for (const char *p = sub_text; p && *p; p++)
        if (iscntrl((unsigned char)*p))
            return bad(fault, "sub holds control characters");
    strcpy(ret->org, org ? org_text : CLAIMS_ORG_DEFAULT);
    strcpy(ret->sub, sub ? sub_text : "");
    return RS_OK;
}

static bool is_meant_for(struct json_object *aud, const char *us)
{
    if (!json_object_is_type(aud, json_type_array))
        return json_object_is_type(aud, json_type_string) && strcmp(json_object_get_string(aud), us) == 0;
    for (size_t i = 0; i < json_object_array_length(aud); i++) {
        struct json_object *one = json_object_array_get_idx(aud, i);
        if (json_object_is_type(one, json_type_string) && strcmp(json_object_get_string(one), us) == 0)
            return true;
    }
    return false;
}

static enum rs_err check_parties(struct json_object *claims, const struct config *config, struct fault *fault)
{
    const char *issuer = config_text(config, "auth.issuer"), *us = config_text(config, "auth.audience");
    if (issuer && strcmp(json_get_string(claims, "iss", ""), issuer) != 0)
        return bad(fault, "it comes from another issuer");
    if (us && !is_meant_for(json_get(claims, "aud"), us))
        return bad(fault, "it is meant for another audience");
    return RS_OK;
}

enum rs_err claims_read(struct json_object *claims, const struct config *config, int64_t now_ms, struct access *ret,
                        struct fault *fault)
{
    struct access access = {.by_token = true};
    enum rs_err err = check_parties(claims, config, fault);
    if (!err)
        err = read_times(claims, now_ms, &access, fault);
    if (!err)
        err = read_names(claims, &access, fault);
    if (!err)
        err = read_scope(claims, &access, fault);
    if (!err)
        err = read_words(json_get(claims, "crews"), true, &access.crews, fault);
    if (err)
        access_release(&access);
    else
        *ret = access;
    return err;
}
