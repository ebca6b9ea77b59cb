#include "auth/auth.h"
#include "auth/claims.h"
#include "auth/credential.h"
#include "auth/keys.h"
#include "auth/remote.h"
#include "auth/ticket.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/file.h"
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SOURCES_MAX 16         /* of auth.keys */
#define LOOK_MS 1000           /* how often files of keys are looked at */
#define COOKIES_MAX 4          /* session cookies that are tried */
#define SECRET_SAFE_BYTES 32   /* RFC 7518, section 3.2 */

/* One of auth.keys. */
struct source {
    char *name;
    bool remote;
    struct keys keys;
    struct stat seen; /* of the file they were read from; zeroed: none */
};
struct auth {
    const struct datadir *dd;
    const struct config *config;
    bool by_token;
    pthread_mutex_t lock;     /* of what follows */
    struct source sources[SOURCES_MAX];
    int n_sources;
    int64_t looked_ms;
    bool has_ticket_key;
    unsigned char ticket_key[TICKET_KEY_BYTES];
    atomic_int n_refreshing;
};

static char *source_path(const struct auth *auth, const struct source *source, char path[PATH_MAX])
{
    if (source->remote)
        return remote_copy_path(auth->dd, source->name, path);
    if (source->name[0] == '/') {
        snprintf(path, PATH_MAX, "%s", source->name);
        return path;
    }
    return datadir_path(auth->dd, path, "%s", source->name);
}

static enum rs_err read_keys(const struct source *source, const char *path, struct keys *ret, struct fault *fault)
{
    char *text = NULL;
    size_t len = 0;
    enum rs_err err = file_read(path, KEYS_TEXT_MAX, &text, &len, fault);
    if (!err)
        err = keys_parse(text, len, source->remote, ret, fault);
    free(text);
    return err;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Bring one source up to date. A file that is gone, or a copy that is too old, is believed no more; of one that cannot be
 * read, perhaps because it is just being written, the keys stay. */
static enum rs_err source_look(const struct auth *auth, struct source *source, struct fault *fault)
{
    char path[PATH_MAX];
    struct stat now;
    struct keys keys = {.n = 0};
    source_path(auth, source, path);
    if (stat(path, &now) != 0 || (source->remote && remote_age_ms(auth->dd, source->name) > REMOTE_STALE_MS)) {
        keys_release(&source->keys);
        source->seen = (struct stat){0};
        return fault_set(fault, RS_NOT_FOUND, "there is no %.300s", path);
    }
    if (same_file(&now, &source->seen))
        return RS_OK;
    enum rs_err err = read_keys(source, path, &keys, fault);
    source->seen = now;
    if (err)
        return err;
    keys_release(&source->keys);
    source->keys = keys;
    return RS_OK;
}

/* Under the lock. */
static void look(struct auth *auth, bool at_once)
{
    int64_t now = clock_mono_ms();
    if (!at_once && now - auth->looked_ms < LOOK_MS)
        return;
    auth->looked_ms = now;
    for (int i = 0; i < auth->n_sources; i++)
        (void)!source_look(auth, &auth->sources[i], NULL);
}

static enum rs_err add_source(struct auth *auth, const char *name, size_t len, struct fault *fault)
{
    if (auth->n_sources == SOURCES_MAX)
        return fault_set(fault, RS_INVALID, "more than %d files and addresses", SOURCES_MAX);
    struct source *source = &auth->sources[auth->n_sources];
    if (!(source->name = strndup(name, len)))
        return fault_set(fault, RS_NOMEM, "no memory for keys");
    auth->n_sources++;
    source->remote = remote_is(source->name);
    if (!source->remote && strstr(source->name, "://"))
        return fault_set(fault, RS_INVALID, "%.200s is neither a file nor an http or https address", source->name);
    struct fault why = {0};
    enum rs_err err = source_look(auth, source, &why);
    if (!err || source->remote) /* an address is asked later */
        return RS_OK;
    return fault_set(fault, RS_INVALID, "%.200s: %.250s", source->name, why.message);
}

static enum rs_err add_sources(struct auth *auth, const char *list, struct fault *fault)
{
    enum rs_err err = RS_OK;
    while (!err && *list) {
        list += strspn(list, ", \t");
        size_t len = strcspn(list, ",");
        size_t used = len;
        while (used > 0 && (list[used - 1] == ' ' || list[used - 1] == '\t'))
            used--;
        if (used > 0)
            err = add_source(auth, list, used, fault);
        list += len;
    }
    return err;
}

enum rs_err auth_open(const struct datadir *dd, const struct config *config, struct auth **ret, struct fault *fault)
{
    char where[CONFIG_WHERE_MAX];
    const char *list = config_text(config, "auth.keys");
    struct fault why = {0};
    struct auth *auth = calloc(1, sizeof *auth);
    if (!auth || sodium_init() < 0) {
        free(auth);
        return fault_set(fault, RS_NOMEM, "no memory for keys");
    }
    *auth = (struct auth){.dd = dd, .config = config, .by_token = config_is(config, "auth", "jwt")};
    pthread_mutex_init(&auth->lock, NULL);
    enum rs_err err = RS_OK;
    if (auth->by_token && !list && !config_text(config, "auth.secret"))
        err = fault_set(fault, RS_INVALID, "%s: auth = jwt needs auth.secret or auth.keys",
                        config_where(config, "auth", where));
    else if (auth->by_token && list && (err = add_sources(auth, list, &why)))
        fault_set(fault, err, "%s: auth.keys: %.400s", config_where(config, "auth.keys", where), why.message);
    if (err)
        auth_free(auth);
    else
        *ret = auth;
    return err;
}

void auth_free(struct auth *auth)
{
    if (!auth)
        return;
    for (int i = 0; i < auth->n_sources; i++) {
        keys_release(&auth->sources[i].keys);
        free(auth->sources[i].name);
    }
    pthread_mutex_destroy(&auth->lock);
    sodium_memzero(auth->ticket_key, sizeof auth->ticket_key);
    free(auth);
}

bool auth_is_weak(const struct config *config)
{
    const char *secret = config_text(config, "auth.secret");
    return secret && strlen(secret) < SECRET_SAFE_BYTES;
}

/* Is there a key that the token may have been signed with? Under the lock. */
static bool has_key(const struct auth *auth, const struct token *token)
{
    for (int i = 0; i < auth->n_sources; i++)
        for (int k = 0; k < auth->sources[i].keys.n; k++)
            if (token_names_key(token, &auth->sources[i].keys.at[k]))
                return true;
    return false;
}

static bool verify(struct auth *auth, const struct token *token)
{
    const char *secret = config_text(auth->config, "auth.secret");
    bool good = false;
    if (token->alg == TOKEN_HS256) /* never with a public key: those are looked at for their own algorithm only */
        return secret && token_verify_secret(token, secret);
    pthread_mutex_lock(&auth->lock);
    look(auth, false);
    for (int i = 0; i < auth->n_sources && !good; i++)
        for (int k = 0; k < auth->sources[i].keys.n && !good; k++) {
            const struct key *key = &auth->sources[i].keys.at[k];
            good = token_names_key(token, key) && token_verify_key(token, key);
        }
    pthread_mutex_unlock(&auth->lock);
    return good;
}

enum rs_err auth_token(struct auth *auth, const char *text, size_t len, struct access *ret, struct fault *fault)
{
    struct token token;
    struct json_object *claims = NULL;
    enum rs_err err = token_parse(text, len, &token, fault);
    if (!err && !verify(auth, &token))
        err = fault_set(fault, RS_UNAUTHENTICATED, "the token is not signed by a key that is known here");
    if (!err)
        err = token_claims(&token, &claims, fault);
    if (!err)
        err = claims_read(claims, auth->config, clock_wall_ms(), ret, fault);
    json_object_put(claims);
    return err;
}

/* The key is read once; making it is for those who make tickets. */
static enum rs_err get_ticket_key(struct auth *auth, bool make, unsigned char ret[TICKET_KEY_BYTES], struct fault *fault)
{
    enum rs_err err = RS_OK;
    pthread_mutex_lock(&auth->lock);
    if (!auth->has_ticket_key && !(err = ticket_key(auth->dd, make, auth->ticket_key, fault)))
        auth->has_ticket_key = true;
    if (!err)
        memcpy(ret, auth->ticket_key, TICKET_KEY_BYTES);
    pthread_mutex_unlock(&auth->lock);
    return err;
}

static enum rs_err check_ticket(struct auth *auth, const char *text, const struct access_request *request,
                                struct access *ret, struct fault *fault)
{
    unsigned char key[TICKET_KEY_BYTES];
    if (!access_is_safe(request->method))
        return fault_set(fault, RS_DENIED, "a ticket is for reading only");
    enum rs_err err = get_ticket_key(auth, false, key, fault);
    if (err == RS_NOT_FOUND)
        return fault_set(fault, RS_UNAUTHENTICATED, "the ticket is not good");
    if (!err)
        err = ticket_check(key, text, request->path, clock_wall_ms(), ret, fault);
    sodium_memzero(key, sizeof key);
    return err;
}

/* Of several session cookies the one that is good here counts. Two that are, and differ: one was put there by somebody else. */
static enum rs_err by_cookies(struct auth *auth, struct credential *cookie, struct access *ret, struct fault *fault)
{
    struct fault why = {0};
    const char *good = NULL;
    size_t good_len = 0;
    int n = 0;
    enum rs_err err = RS_OK;
    do {
        struct access access;
        if (good && good_len == cookie->len && memcmp(good, cookie->text, good_len) == 0)
            continue;
        if ((err = auth_token(auth, cookie->text, cookie->len, &access, &why)))
            continue;
        if (good) {
            access_release(&access);
            access_release(ret);
            return fault_set(fault, RS_UNAUTHENTICATED, "there are two session cookies");
        }
        *ret = access;
        good = cookie->text;
        good_len = cookie->len;
    } while (++n < COOKIES_MAX && credential_next_cookie(cookie));
    return good ? RS_OK : fault_set(fault, err, "%s", why.message);
}

enum rs_err auth_identify(struct auth *auth, const struct access_request *request, struct access *ret,
                          struct fault *fault)
{
    struct credential credential;
    if (!auth->by_token) {
        *ret = (struct access){.scope = SCOPE_ADMIN};
        strcpy(ret->org, CLAIMS_ORG_DEFAULT);
        return RS_OK;
    }
    enum rs_err err = credential_find(auth->config, request, &credential, fault);
    if (err)
        return err;
    switch (credential.kind) {
    case CREDENTIAL_TOKEN:
        if (credential.cookies)
            return by_cookies(auth, &credential, ret, fault);
        return auth_token(auth, credential.text, credential.len, ret, fault);
    case CREDENTIAL_TICKET:
        return check_ticket(auth, credential.text, request, ret, fault);
    case CREDENTIAL_NONE:
        break;
    }
    return fault_set(fault, RS_UNAUTHENTICATED, "a token is needed: send Authorization: Bearer");
}

enum rs_err auth_ticket(struct auth *auth, const struct access *who, const char *path, struct json_object *streams,
                        struct buf *out, int64_t *ret_expires_ms, struct fault *fault)
{
    unsigned char key[TICKET_KEY_BYTES];
    int64_t expires_ms = clock_wall_ms() + TICKET_MS;
    if (who->expires_ms && who->expires_ms < expires_ms)
        expires_ms = who->expires_ms;
    enum rs_err err = get_ticket_key(auth, true, key, fault);
    if (!err)
        err = ticket_make(key, who, path, streams, expires_ms, out, fault);
    sodium_memzero(key, sizeof key);
    if (!err)
        *ret_expires_ms = expires_ms;
    return err;
}

static bool may_ask(const struct auth *auth)
{
    for (int i = 0; i < auth->n_sources; i++)
        if (auth->sources[i].remote && remote_may_ask(auth->dd, auth->sources[i].name))
            return true;
    return false;
}

bool auth_has_addresses(const struct auth *auth)
{
    for (int i = 0; i < auth->n_sources; i++)
        if (auth->sources[i].remote)
            return true;
    return false;
}

bool auth_wants_keys_of(struct auth *auth, const char *text, size_t len)
{
    struct token token;
    if (!auth_has_addresses(auth) || token_parse(text, len, &token, NULL) != RS_OK ||
        token.alg == TOKEN_HS256)
        return false;
    pthread_mutex_lock(&auth->lock);
    look(auth, false);
    bool has = has_key(auth, &token);
    if (!has) { /* another process may have been told of it */
        look(auth, true);
        has = has_key(auth, &token);
    }
    pthread_mutex_unlock(&auth->lock);
    return !has && may_ask(auth);
}

bool auth_wants_keys(struct auth *auth, const struct access_request *request)
{
    struct credential credential;
    return auth_has_addresses(auth) && credential_find(auth->config, request, &credential, NULL) == RS_OK &&
           credential.kind == CREDENTIAL_TOKEN && auth_wants_keys_of(auth, credential.text, credential.len);
}

bool auth_is_due(struct auth *auth, int64_t age_ms)
{
    for (int i = 0; i < auth->n_sources; i++)
        if (auth->sources[i].remote && remote_age_ms(auth->dd, auth->sources[i].name) > age_ms &&
            remote_may_ask(auth->dd, auth->sources[i].name))
            return true;
    return false;
}

void auth_refresh(struct auth *auth)
{
    int64_t began_ms = clock_wall_ms();
    if (atomic_fetch_add(&auth->n_refreshing, 1) < AUTH_REFRESHES_MAX) {
        for (int i = 0; i < auth->n_sources; i++)
            if (auth->sources[i].remote)
                (void)!remote_refresh(auth->dd, auth->sources[i].name, began_ms, NULL);
        pthread_mutex_lock(&auth->lock);
        look(auth, true);
        pthread_mutex_unlock(&auth->lock);
    }
    atomic_fetch_sub(&auth->n_refreshing, 1);
}
