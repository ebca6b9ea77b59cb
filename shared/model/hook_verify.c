/* Is a webhook from who knows the secret? */
#include "model/hook.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_BYTES crypto_auth_hmacsha256_BYTES

/* "sha256=" and 64 hexadecimal digits; the word may be missing where `bare` is allowed. */
static bool read_hex(const char *text, bool bare, unsigned char out[HASH_BYTES])
{
    static const char word[] = "sha256=";
    size_t n = 0;

    if (strncmp(text, word, sizeof(word) - 1) == 0)
        text += sizeof(word) - 1;
    else if (!bare)
        return false;
    return strlen(text) == 2 * HASH_BYTES && sodium_hex2bin(out, HASH_BYTES, text, 2 * HASH_BYTES, NULL, &n, NULL) == 0 &&
           n == HASH_BYTES;
}

static void sign(const char *secret, const char *timestamp, const void *body, size_t len, unsigned char out[HASH_BYTES])
{
    crypto_auth_hmacsha256_state state;

    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    if (timestamp != NULL) {
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, strlen(timestamp));
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)".", 1);
    }
    crypto_auth_hmacsha256_update(&state, body, len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* Far from now, or no number of seconds. */
static bool is_stale(const char *timestamp, int64_t now_ms)
{
    char *end;
    long long seconds = strtoll(timestamp, &end, 10);
    int64_t away;

    if (!isdigit((unsigned char)*timestamp) || *end != '\0' || strlen(timestamp) > 12)
        return true;
    away = now_ms - (int64_t)seconds * 1000;
    return away > HOOK_TOLERANCE_MS || away < -HOOK_TOLERANCE_MS;
}

/* Names from outside: printable, and not too long. */
static void take_text(const char *text, char *out, size_t size)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    size_t i, len = text != NULL ? strlen(text) : 0;

    out[0] = '\0';
    if (len >= size) {
        crypto_hash_sha256(hash, (const unsigned char *)text, len);
        if (size > 2 * sizeof(hash))
            sodium_bin2hex(out, size, hash, sizeof(hash));
        return;
    }
    for (i = 0; i < len; i++)
        out[i] = (unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7E ? '?' : text[i];
    out[len] = '\0';
}

enum rs_err hook_verify(const char *secret, const struct hook_request *r, int64_t now_ms, struct hook_proof *ret,
                        const char **ret_reason, struct fault *fault)
{
    bool github = r->github_signature != NULL;
    const char *given = github ? r->github_signature : r->signature, *timestamp = github ? NULL : r->timestamp;
    const char *delivery = github ? r->github_delivery : r->delivery;
    unsigned char want[HASH_BYTES], have[HASH_BYTES];

    if (sodium_init() < 0)
        return fault_set(fault, RS_IO, "libsodium cannot be used");
    if (given == NULL) {
        *ret_reason = "unsigned";
        return fault_set(fault, RS_UNAUTHENTICATED, "the request has no signature: X-Hub-Signature-256 or X-Signature");
    }
    sign(secret, timestamp, r->body, r->len, want);
    if (!read_hex(given, !github, have) || sodium_memcmp(want, have, sizeof(want)) != 0) {
        *ret_reason = "signature";
        return fault_set(fault, RS_UNAUTHENTICATED, "the signature is not that of this body%s with this source's secret",
                         timestamp != NULL ? " and X-Timestamp" : "");
    }
    if (timestamp != NULL && is_stale(timestamp, now_ms)) {
        *ret_reason = "timestamp";
        return fault_set(fault, RS_UNAUTHENTICATED, "X-Timestamp is over %lld s from now", HOOK_TOLERANCE_MS / 1000);
    }
    *ret = (struct hook_proof){.timed = timestamp != NULL};
    sodium_bin2hex(ret->signature, sizeof(ret->signature), have, sizeof(have));
    take_text(delivery, ret->delivery, sizeof(ret->delivery));
    if (ret->delivery[0] == '\0')
        snprintf(ret->delivery, sizeof(ret->delivery), "%s", ret->signature);
    take_text(github ? r->github_event : r->event, ret->event, sizeof(ret->event));
    return RS_OK;
}
