#include "auth/ticket.h"
#include "auth/token.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE "keys/ticket.key"
static const char mark[] = "t1."; /* signed with the rest: nothing else is ever signed with this key */

static enum rs_err read_key(const char *path, unsigned char ret[TICKET_KEY_BYTES], struct fault *fault)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_err err = file_read(path, TICKET_KEY_BYTES, &text, &len, fault);
    if (!err && len != TICKET_KEY_BYTES)
        err = fault_set(fault, RS_IO, "%.300s does not hold a key; remove it", path);
    if (!err)
        memcpy(ret, text, TICKET_KEY_BYTES);
    if (text)
        sodium_memzero(text, len);
    free(text);
    return err;
}

/* Of several processes that make one at a time the first wins: a name is linked once only. */
static enum rs_err make_key(const struct datadir *dd, const char *path, struct fault *fault)
{
    unsigned char key[TICKET_KEY_BYTES];
    char draft[PATH_MAX], name[ID_MAX + 1];
    datadir_path(dd, draft, KEY_FILE ".%s", id_new("", name));
    randombytes_buf(key, sizeof key);
    enum rs_err err = file_write(draft, key, sizeof key, 0660, fault);
    sodium_memzero(key, sizeof key);
    if (!err && link(draft, path) != 0 && errno != EEXIST)
        err = fault_set(fault, RS_IO, "cannot make %.300s: %s", path, strerror(errno));
    unlink(draft);
    return err;
}

enum rs_err ticket_key(const struct datadir *dd, bool make, unsigned char ret[TICKET_KEY_BYTES], struct fault *fault)
{
    char path[PATH_MAX];
    datadir_path(dd, path, KEY_FILE);
    enum rs_err err = read_key(path, ret, fault);
    if (err != RS_NOT_FOUND || !make)
        return err;
    err = make_key(dd, path, fault);
    return err ? err : read_key(path, ret, fault);
}

static void put_list(struct json_object *payload, const char *member, const char *words)
{
    if (words)
        json_set_string(payload, member, words);
}

/* Stream names as words: none holds a blank. */
static enum rs_err put_streams(struct json_object *payload, struct json_object *streams)
{
    struct buf words;
    buf_init(&words, TICKET_MAX);
    for (size_t i = 0; i < json_object_array_length(streams); i++) {
        buf_puts(&words, i > 0 ? " " : "");
        buf_puts(&words, json_object_get_string(json_object_array_get_idx(streams, i)));
    }
    enum rs_err err = words.err;
    json_set_string(payload, "streams", words.data);
    buf_release(&words);
    return err;
}

enum rs_err ticket_make(const unsigned char key[TICKET_KEY_BYTES], const struct access *who, const char *path,
                        struct json_object *streams, int64_t expires_ms, struct buf *out, struct fault *fault)
{
    struct json_object *payload = json_object_new_object();
    unsigned char mac[TOKEN_MAC_BYTES];
    struct buf text;
    size_t len;
    buf_init(&text, TICKET_MAX);
    json_set_string(payload, "org", who->org);
    json_set_string(payload, "sub", who->sub);
    json_set_int(payload, "exp", expires_ms);
    put_list(payload, "crews", who->crews);
    put_list(payload, "path", path);
    enum rs_err err = streams ? put_streams(payload, streams) : RS_OK;
    const char *json = json_text(payload, &len);
    buf_puts(&text, mark);
    token_encode(json, len, &text);
    if (!err && !(err = text.err)) {
        token_mac(key, TICKET_KEY_BYTES, text.data, text.len, mac);
        buf_putc(&text, '.');
        token_encode(mac, sizeof mac, &text);
        err = text.err;
    }
    if (!err)
        err = buf_append(out, text.data, text.len);
    json_object_put(payload);
    buf_release(&text);
    return err ? fault_set(fault, err, "a ticket for all of that would be over %d bytes", TICKET_MAX) : RS_OK;
}

static enum rs_err bad(struct fault *fault)
{
    return fault_set(fault, RS_UNAUTHENTICATED, "the ticket is not good");
}

static enum rs_err copy_words(struct json_object *payload, const char *member, char **ret, struct fault *fault)
{
    const char *words = json_get_string(payload, member, NULL);
    if (words && !(*ret = strdup(words)))
        return fault_set(fault, RS_NOMEM, "no memory for a ticket");
    return RS_OK;
}

/* Without a path: the doors whose streams are named by the asker. */
static bool is_native(const char *path)
{
    static const char *const doors[] = {"/ws", "/sse", "/poll", "/api/poll"};
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (strcmp(path, doors[i]) == 0)
            return true;
    return false;
}

/* What is signed was written by us. */
static enum rs_err read_payload(struct json_object *payload, const char *path, int64_t now_ms, struct access *ret,
                                struct fault *fault)
{
    struct access access = {.by_token = true, .scope = SCOPE_VIEWER, .expires_ms = json_get_int(payload, "exp", 1)};
    const char *bound = json_get_string(payload, "path", NULL);
    if (now_ms >= access.expires_ms)
        return fault_set(fault, RS_UNAUTHENTICATED, "the ticket has expired");
    if (bound ? strcmp(bound, path) != 0 : !is_native(path))
        return fault_set(fault, RS_DENIED, "the ticket is for something else");
    snprintf(access.org, sizeof access.org, "%s", json_get_string(payload, "org", ""));
    snprintf(access.sub, sizeof access.sub, "%s", json_get_string(payload, "sub", ""));
    enum rs_err err = copy_words(payload, "crews", &access.crews, fault);
    if (!err)
        err = copy_words(payload, "streams", &access.streams, fault);
    if (err)
        access_release(&access);
    else
        *ret = access;
    return err;
}

enum rs_err ticket_check(const unsigned char key[TICKET_KEY_BYTES], const char *text, const char *path, int64_t now_ms,
                         struct access *ret, struct fault *fault)
{
    unsigned char mac[TOKEN_MAC_BYTES], given[TOKEN_MAC_BYTES];
    char payload[TICKET_MAX];
    struct json_object *json = NULL;
    size_t len = strlen(text), signed_len = sizeof mark - 1;
    if (len > TICKET_MAX || strncmp(text, mark, sizeof mark - 1) != 0)
        return bad(fault);
    signed_len += strcspn(text + signed_len, ".");
    if (text[signed_len] != '.' || token_decode(text + signed_len + 1, len - signed_len - 1, given, sizeof given) !=
                                       (long)sizeof given)
        return bad(fault);
    token_mac(key, TICKET_KEY_BYTES, text, signed_len, mac);
    if (!token_mac_is(mac, given))
        return bad(fault);
    long n = token_decode(text + sizeof mark - 1, signed_len - (sizeof mark - 1), payload, sizeof payload);
    if (n < 0 || json_parse(payload, (size_t)n, sizeof payload, &json, NULL) != RS_OK)
        return bad(fault);
    enum rs_err err = read_payload(json, path, now_ms, ret, fault);
    json_object_put(json);
    return err;
}
