#include "auth/public_key.h"
#include "config.h"
#include <dlfcn.h>
#include <pthread.h>
#include <rhonabwy.h>
#include <stdlib.h>
#include <string.h>

/* What is called of the library; a function that is missing here becomes a row. */
#define FUNCTIONS(X)                                                                                                   \
    X(r_global_init)                                                                                                   \
    X(r_jwk_free)                                                                                                      \
    X(r_jwk_get_property_str)                                                                                          \
    X(r_jwk_import_from_json_str)                                                                                      \
    X(r_jwk_import_from_pem_der)                                                                                       \
    X(r_jwk_init)                                                                                                      \
    X(r_jwk_key_type)                                                                                                  \
    X(r_jws_advanced_compact_parsen)                                                                                   \
    X(r_jws_free)                                                                                                      \
    X(r_jws_get_alg)                                                                                                   \
    X(r_jws_init)                                                                                                      \
    X(r_jws_verify_signature)

static struct {
#define MEMBER(name) __typeof__(name) *name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} lib;
static struct fault failure;

struct public_key {
    jwk_t *jwk;
    enum token_alg alg;
};

static enum rs_err load(struct fault *fault)
{
    void *library = dlopen(RHONABWY_SONAME, RTLD_NOW | RTLD_LOCAL); /* kept until the process ends */
    if (!library)
        return fault_set(fault, RS_IO, "public keys cannot be used: %s", dlerror());
#define FIND(name)                                                                                                     \
    if (!(*(void **)&lib.name = dlsym(library, #name)))                                                                \
        return fault_set(fault, RS_IO, "librhonabwy is too old: it has no " #name);
    FUNCTIONS(FIND)
#undef FIND
    return lib.r_global_init() == RHN_OK ? RS_OK : fault_set(fault, RS_NOMEM, "librhonabwy cannot be used");
}

static void load_once(void)
{
    (void)!load(&failure);
}

static enum rs_err new_key(struct public_key **ret, struct fault *fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_once);
    if (failure.code)
        return fault_set(fault, failure.code, "%s", failure.message);
    struct public_key *key = calloc(1, sizeof *key);
    if (!key || lib.r_jwk_init(&key->jwk) != RHN_OK) {
        free(key);
        return fault_set(fault, RS_NOMEM, "no memory for a key");
    }
    *ret = key;
    return RS_OK;
}

void public_key_free(struct public_key *key)
{
    if (!key)
        return;
    lib.r_jwk_free(key->jwk);
    free(key);
}

static enum rs_err find_alg(struct public_key *key, struct fault *fault)
{
    unsigned bits = 0;
    int type = lib.r_jwk_key_type(key->jwk, &bits, R_FLAG_IGNORE_REMOTE);
    const char *curve = lib.r_jwk_get_property_str(key->jwk, "crv");
    if (!(type & R_KEY_TYPE_PUBLIC))
        return fault_set(fault, RS_INVALID, "something that is no public key");
    if ((type & R_KEY_TYPE_RSA) && bits < PUBLIC_KEY_RSA_BITS_MIN)
        return fault_set(fault, RS_INVALID, "an RSA key of %u bits; from %d on they are safe", bits,
                         PUBLIC_KEY_RSA_BITS_MIN);
    if (type & R_KEY_TYPE_RSA)
        key->alg = TOKEN_RS256;
    else if ((type & R_KEY_TYPE_EC) && curve && strcmp(curve, "P-256") == 0)
        key->alg = TOKEN_ES256;
    else
        return fault_set(fault, RS_INVALID, "a key that is neither RSA (RS256) nor P-256 (ES256)");
    return RS_OK;
}

/* imported: what the library said to it. */
static enum rs_err finish(struct public_key *key, int imported, struct public_key **ret, struct fault *fault)
{
    enum rs_err err = imported == RHN_OK ? find_alg(key, fault)
                                         : fault_set(fault, RS_INVALID, "a key that cannot be read");
    if (err)
        public_key_free(key);
    else
        *ret = key;
    return err;
}

enum rs_err public_key_from_jwk(const char *json, struct public_key **ret, struct fault *fault)
{
    struct public_key *key = NULL;
    enum rs_err err = new_key(&key, fault);
    return err ? err : finish(key, lib.r_jwk_import_from_json_str(key->jwk, json), ret, fault);
}

enum rs_err public_key_from_pem(const char *block, size_t len, bool is_certificate, struct public_key **ret,
                                struct fault *fault)
{
    struct public_key *key = NULL;
    int type = is_certificate ? R_X509_TYPE_CERTIFICATE : R_X509_TYPE_PUBKEY;
    enum rs_err err = new_key(&key, fault);
    if (err)
        return err;
    return finish(key, lib.r_jwk_import_from_pem_der(key->jwk, type, R_FORMAT_PEM, (const unsigned char *)block, len), ret,
                  fault);
}

enum token_alg public_key_alg(const struct public_key *key)
{
    return key->alg;
}

bool public_key_verify(const struct public_key *key, const char *token, size_t len)
{
    jws_t *jws = NULL;
    jwa_alg alg = key->alg == TOKEN_RS256 ? R_JWA_ALG_RS256 : R_JWA_ALG_ES256;
    if (lib.r_jws_init(&jws) != RHN_OK)
        return false;
    bool good = lib.r_jws_advanced_compact_parsen(jws, token, len, R_PARSE_NONE, R_FLAG_IGNORE_REMOTE) == RHN_OK &&
                lib.r_jws_get_alg(jws) == alg &&
                lib.r_jws_verify_signature(jws, key->jwk, R_FLAG_IGNORE_REMOTE) == RHN_OK;
    lib.r_jws_free(jws);
    return good;
}
