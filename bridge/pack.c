#include "bridge/pack.h"
#include "base/utf8.h"
#include <math.h>
#include <msgpack/pack.h>
#include <string.h>

static int write_buf(void *data, const char *bytes, size_t len)
{
    return buf_append(data, bytes, len) == RS_OK ? 0 : -1;
}

static int pack_text(msgpack_packer *p, const char *text, size_t len)
{
    return msgpack_pack_str(p, len) || msgpack_pack_str_body(p, text, len);
}

static int pack_int(msgpack_packer *p, struct json_object *value)
{
    int64_t n = json_object_get_int64(value);
    return n < 0 ? msgpack_pack_int64(p, n) : msgpack_pack_uint64(p, json_object_get_uint64(value));
}

/* As deep as the parser lets the value be. */
static int pack_value(msgpack_packer *p, struct json_object *value)
{
    int failed = 0;
    switch (json_object_get_type(value)) {
    case json_type_null:
        return msgpack_pack_nil(p);
    case json_type_boolean:
        return json_object_get_boolean(value) ? msgpack_pack_true(p) : msgpack_pack_false(p);
    case json_type_int:
        return pack_int(p, value);
    case json_type_double:
        return msgpack_pack_double(p, json_object_get_double(value));
    case json_type_string:
        return pack_text(p, json_object_get_string(value), (size_t)json_object_get_string_len(value));
    case json_type_array:
        failed = msgpack_pack_array(p, json_object_array_length(value));
        for (size_t i = 0; !failed && i < json_object_array_length(value); i++)
            failed = pack_value(p, json_object_array_get_idx(value, i));
        return failed;
    case json_type_object:
        failed = msgpack_pack_map(p, (size_t)json_object_object_length(value));
        json_object_object_foreach(value, key, member) {
            failed = failed || pack_text(p, key, strlen(key)) || pack_value(p, member);
        }
        return failed;
    }
    return -1;
}

enum rs_err pack_json(struct buf *out, const char *json, size_t len)
{
    struct json_tokener *tok = json_tokener_new_ex(PACK_DEPTH_MAX);
    msgpack_packer packer;
    if (!tok)
        return RS_NOMEM;
    struct json_object *value = json_tokener_parse_ex(tok, json, (int)len);
    enum rs_err err = json_tokener_get_error(tok) == json_tokener_success ? RS_OK : RS_INVALID;
    json_tokener_free(tok);
    msgpack_packer_init(&packer, out, write_buf);
    if (!err && pack_value(&packer, value) != 0)
        err = out->err ? out->err : RS_INVALID;
    json_object_put(value);
    return err;
}

/* Reading is by hand: the library's unpacker takes memory for the lengths that are claimed before it has seen that many
 * bytes. Here each element takes one at least. */
struct reader {
    const unsigned char *at, *end;
    int depth;
    const char *why; /* what is wrong */
};

static enum rs_err read_value(struct reader *r, struct json_object **ret);

static enum rs_err wrong(struct reader *r, const char *why)
{
    r->why = why;
    return RS_INVALID;
}

/* n bytes, big-endian. */
static enum rs_err read_uint(struct reader *r, size_t n, uint64_t *ret)
{
    if ((size_t)(r->end - r->at) < n)
        return wrong(r, "it ends too early");
    for (*ret = 0; n > 0; n--)
        *ret = *ret << 8 | *r->at++;
    return RS_OK;
}

static enum rs_err own(struct json_object *value, struct json_object **ret)
{
    *ret = value;
    return value ? RS_OK : RS_NOMEM;
}

static enum rs_err read_text(struct reader *r, uint64_t len, struct json_object **ret)
{
    const char *text = (const char *)r->at;
    if ((uint64_t)(r->end - r->at) < len)
        return wrong(r, "it ends too early");
    if (!utf8_valid(text, len) || memchr(text, 0, len))
        return wrong(r, "a text that is not UTF-8, or holds a NUL");
    r->at += len;
    return own(json_object_new_string_len(text, (int)len), ret);
}

static enum rs_err read_array(struct reader *r, uint64_t n, struct json_object **ret)
{
    if ((uint64_t)(r->end - r->at) < n)
        return wrong(r, "it ends too early");
    enum rs_err err = own(json_object_new_array_ext((int)n), ret);
    for (; !err && n > 0; n--) {
        struct json_object *value = NULL;
        err = read_value(r, &value);
        if (!err && json_object_array_add(*ret, value) != 0)
            err = RS_NOMEM;
        if (err)
            json_object_put(value);
    }
    return err;
}

static enum rs_err read_map(struct reader *r, uint64_t n, struct json_object **ret)
{
    if ((uint64_t)(r->end - r->at) < 2 * n)
        return wrong(r, "it ends too early");
    enum rs_err err = own(json_object_new_object(), ret);
    for (; !err && n > 0; n--) {
        struct json_object *key = NULL, *value = NULL;
        err = read_value(r, &key);
        if (!err && !json_object_is_type(key, json_type_string))
            err = wrong(r, "a key that is no text");
        if (!err)
            err = read_value(r, &value);
        if (!err && json_object_object_add(*ret, json_object_get_string(key), value) != 0)
            err = RS_NOMEM;
        if (err)
            json_object_put(value);
        json_object_put(key);
    }
    return err;
}

static enum rs_err read_nested(struct reader *r, bool map, uint64_t n, struct json_object **ret)
{
    if (r->depth == JSON_DEPTH_MAX)
        return wrong(r, "nested too deep");
    r->depth++;
    enum rs_err err = map ? read_map(r, n, ret) : read_array(r, n, ret);
    r->depth--;
    return err;
}

/* float 32 and 64: 0xca, 0xcb. */
static enum rs_err read_float(struct reader *r, bool wide, struct json_object **ret)
{
    uint64_t bits;
    double number;
    enum rs_err err = read_uint(r, wide ? 8 : 4, &bits);
    if (err)
        return err;
    if (wide) {
        memcpy(&number, &bits, sizeof number);
    } else {
        uint32_t narrow = (uint32_t)bits;
        float f;
        memcpy(&f, &narrow, sizeof f);
        number = (double)f;
    }
    return isfinite(number) ? own(json_object_new_double(number), ret) : wrong(r, "a number that JSON has not");
}

/* uint 8 to 64 and int 8 to 64: 0xcc to 0xd3. */
static enum rs_err read_int(struct reader *r, unsigned type, struct json_object **ret)
{
    size_t n = (size_t)1 << (type & 3);
    uint64_t bits;
    enum rs_err err = read_uint(r, n, &bits);
    if (err)
        return err;
    if (type < 0xd0)
        return own(json_object_new_uint64(bits), ret);
    unsigned unused = 64 - 8 * (unsigned)n;
    return own(json_object_new_int64((int64_t)(bits << unused) >> unused), ret);
}

/* str 8 to 32, array 16 and 32, map 16 and 32: 0xd9 to 0xdf. */
static enum rs_err read_long(struct reader *r, unsigned type, struct json_object **ret)
{
    size_t n = type < 0xdc ? (size_t)1 << (type - 0xd9) : (type & 1 ? 4 : 2);
    uint64_t len;
    enum rs_err err = read_uint(r, n, &len);
    if (err)
        return err;
    return type < 0xdc ? read_text(r, len, ret) : read_nested(r, type >= 0xde, len, ret);
}

static enum rs_err read_value(struct reader *r, struct json_object **ret)
{
    *ret = NULL;
    if (r->at == r->end)
        return wrong(r, "it ends too early");
    unsigned type = *r->at++;
    if (type < 0x80)
        return own(json_object_new_int64(type), ret);
    if (type >= 0xe0)
        return own(json_object_new_int64((int64_t)type - 256), ret);
    if (type < 0xa0)
        return read_nested(r, type < 0x90, type & 15, ret);
    if (type < 0xc0)
        return read_text(r, type & 31, ret);
    if (type == 0xc0)
        return RS_OK;
    if (type == 0xc2 || type == 0xc3)
        return own(json_object_new_boolean(type == 0xc3), ret);
    if (type == 0xca || type == 0xcb)
        return read_float(r, type == 0xcb, ret);
    if (type >= 0xcc && type <= 0xd3)
        return read_int(r, type, ret);
    if (type >= 0xd9 && type <= 0xdf)
        return read_long(r, type, ret);
    return wrong(r, "binary data or an extension, which JSON has not");
}

enum rs_err pack_read(const char *bytes, size_t len, struct json_object **ret, struct fault *fault)
{
    struct reader r = {.at = (const unsigned char *)bytes, .end = (const unsigned char *)bytes + len};
    struct json_object *value;
    enum rs_err err = read_value(&r, &value);
    if (!err && r.at < r.end)
        err = wrong(&r, "something follows the value");
    if (!err) {
        *ret = value;
        return RS_OK;
    }
    json_object_put(value);
    if (err == RS_INVALID)
        return fault_set(fault, err, "bad MessagePack at byte %zu: %s", (size_t)(r.at - (const unsigned char *)bytes), r.why);
    return fault_set(fault, err, "no memory for a message");
}
