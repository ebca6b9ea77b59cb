#include "auth/keys.h"
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

static enum rs_err no_memory(struct fault *fault)
{
    return fault_set(fault, RS_NOMEM, "no memory for keys");
}

/* Takes the key over. */
static enum rs_err add(struct keys *keys, struct public_key *key, const char *kid, struct fault *fault)
{
    char *name = kid ? strdup(kid) : NULL;
    enum rs_err err = kid && !name ? no_memory(fault) : RS_OK;
    if (!err && keys->n == KEYS_MAX)
        err = fault_set(fault, RS_LIMIT, "more than %d keys", KEYS_MAX);
    if (err) {
        free(name);
        public_key_free(key);
        return err;
    }
    keys->at[keys->n++] = (struct key){key, name};
    return RS_OK;
}

/* A JWK's bare public key: none of its other members are looked at again. */
static struct json_object *bare_key(struct json_object *given)
{
    static const char *const members[] = {"kty", "n", "e", "crv", "x", "y"};
    struct json_object *bare = json_object_new_object();
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        json_set_string(bare, members[i], json_get_string(given, members[i], NULL));
    return bare;
}

/* What a JWK says it is for must agree with what we would use it for. */
static enum rs_err check_purpose(struct json_object *given, enum token_alg alg, struct fault *fault)
{
    const char *name = json_get_string(given, "alg", NULL), *use = json_get_string(given, "use", NULL);
    if (use && strcmp(use, "sig") != 0)
        return fault_set(fault, RS_INVALID, "a key that is not for signatures");
    if (name && strcmp(name, alg == TOKEN_RS256 ? "RS256" : "ES256") != 0)
        return fault_set(fault, RS_INVALID, "a key for %.20s; RS256 and ES256 are understood", name);
    return RS_OK;
}

static enum rs_err add_jwk(struct json_object *given, struct keys *keys, struct fault *fault)
{
    const char *kty = json_get_string(given, "kty", ""), *kid = json_get_string(given, "kid", NULL);
    struct public_key *key = NULL;
    if (strcmp(kty, "oct") == 0)
        return fault_set(fault, RS_INVALID, "it holds a shared secret; that belongs in auth.secret");
    if (json_get(given, "d"))
        return fault_set(fault, RS_INVALID, "it holds a private key; only the public one belongs here");
    if (kid && strlen(kid) > KEYS_KID_MAX)
        return fault_set(fault, RS_INVALID, "a key whose name (kid) is over %d bytes", KEYS_KID_MAX);
    struct json_object *bare = bare_key(given);
    enum rs_err err = public_key_from_jwk(json_text(bare, NULL), &key, fault);
    json_object_put(bare);
    if (!err)
        err = check_purpose(given, public_key_alg(key), fault);
    if (!err)
        return add(keys, key, kid, fault);
    public_key_free(key);
    return err;
}

static enum rs_err parse_json(const char *text, size_t len, bool lenient, struct keys *keys,
                              struct fault *fault)
{
    struct json_object *json = NULL;
    enum rs_err err = json_parse(text, len, KEYS_TEXT_MAX, &json, fault);
    if (err)
        return err;
    struct json_object *list = json_get_array(json, "keys");
    if (!list)
        err = add_jwk(json, keys, fault);
    for (size_t i = 0; list && !err && i < json_object_array_length(list) && (!lenient || keys->n < KEYS_MAX); i++) {
        err = add_jwk(json_object_array_get_idx(list, i), keys, fault);
        if (lenient && err != RS_NOMEM)
            err = RS_OK;
    }
    json_object_put(json);
    return err;
}

/* Where the block that begins here ends; NULL: nowhere. */
static const char *block_end(const char *from)
{
    static const char mark[] = "-----END ";
    const char *end = strstr(from, mark);
    end = end ? strstr(end + sizeof mark - 1, "-----") : NULL;
    return end ? end + 5 : NULL;
}

static enum rs_err add_pem(const char *block, size_t len, struct keys *keys, struct fault *fault)
{
    static const char public[] = "-----BEGIN PUBLIC KEY-----", certificate[] = "-----BEGIN CERTIFICATE-----";
    bool is_certificate = strncmp(block, certificate, sizeof certificate - 1) == 0;
    struct public_key *key = NULL;
    size_t line = strcspn(block, "\n");
    if (!is_certificate && memmem(block, line, "PRIVATE KEY", 11))
        return fault_set(fault, RS_INVALID, "it holds a private key; only the public one belongs here");
    if (!is_certificate && strncmp(block, public, sizeof public - 1) != 0)
        return fault_set(fault, RS_INVALID, "it holds \"%.*s\", which is neither a public key nor a certificate",
                         (int)(line < 60 ? line : 60), block);
    enum rs_err err = public_key_from_pem(block, len, is_certificate, &key, fault);
    return err ? err : add(keys, key, NULL, fault);
}

static enum rs_err parse_pem(const char *text, struct keys *keys, struct fault *fault)
{
    enum rs_err err = RS_OK;
    const char *end = NULL;
    for (const char *block = strstr(text, "-----BEGIN "); !err && block; block = strstr(end, "-----BEGIN ")) {
        end = block_end(block);
        if (!end)
            return fault_set(fault, RS_INVALID, "a PEM block without an end");
        err = add_pem(block, (size_t)(end - block), keys, fault);
    }
    return err;
}

enum rs_err keys_parse(const char *text, size_t len, bool lenient, struct keys *ret,
                       struct fault *fault)
{
    struct keys keys = {.n = 0};
    if (strlen(text) != len || len > KEYS_TEXT_MAX)
        return fault_set(fault, RS_INVALID, "neither PEM nor a JWK set");
    enum rs_err err = strstr(text, "-----BEGIN ") ? parse_pem(text, &keys, fault)
                                                  : parse_json(text, len, lenient, &keys, fault);
    if (!err && keys.n == 0)
        err = fault_set(fault, RS_INVALID, "there is no key for RS256 or ES256");
    if (err)
        keys_release(&keys);
    else
        *ret = keys;
    return err;
}

void keys_release(struct keys *keys)
{
    for (int i = 0; i < keys->n; i++) {
        public_key_free(keys->at[i].key);
        free(keys->at[i].kid);
    }
    keys->n = 0;
}
