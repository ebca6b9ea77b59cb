#include "base/mask.h"

#include "base/utf8.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITMAP_BITS 16
#define HEADS (1u << BITMAP_BITS)
#define FORM_MAX (8 * MASK_VALUE_MAX + 16)
#define HELD_MAX (4 * FORM_MAX) /* the longest form, and one piece */
#define DERIVED_MIN 5 /* bytes of an encoded form: shorter ones stand in too many texts */

struct pattern {
    char *text;
    size_t len;
};
struct mask {
    struct pattern *patterns; /* by their first four bytes' slot, then longest first */
    size_t n, cap, longest;
    unsigned char bitmap[HEADS / 8];   /* slots of the first four bytes of patterns */
    unsigned char begins[3][256 / 8];  /* their first, second and third bytes, for the end of a text */
};

static unsigned slot_of(const char *at)
{
    uint32_t head;

    memcpy(&head, at, sizeof(head));
    return (head * 2654435761u) >> (32 - BITMAP_BITS);
}

static bool bit(const unsigned char *bits, unsigned i)
{
    return bits[i / 8] & (1u << (i % 8));
}

static void set_bit(unsigned char *bits, unsigned i)
{
    bits[i / 8] |= (unsigned char)(1u << (i % 8));
}

struct mask *mask_new(void)
{
    return calloc(1, sizeof(struct mask));
}

void mask_free(struct mask *mask)
{
    size_t i;

    if (mask == NULL)
        return;
    for (i = 0; i < mask->n; i++) {
        sodium_memzero(mask->patterns[i].text, mask->patterns[i].len);
        free(mask->patterns[i].text);
    }
    free(mask->patterns);
    free(mask);
}

bool mask_empty(const struct mask *mask)
{
    return mask == NULL || mask->n == 0;
}

/* ---- patterns ---- */

static int pattern_order(const void *a, const void *b)
{
    const struct pattern *x = a, *y = b;
    unsigned slot_x = slot_of(x->text), slot_y = slot_of(y->text);

    if (slot_x != slot_y)
        return slot_x < slot_y ? -1 : 1;
    return x->len != y->len ? (x->len > y->len ? -1 : 1) : memcmp(x->text, y->text, x->len);
}

static enum rs_err add_pattern(struct mask *m, const char *text, size_t len)
{
    struct pattern *grown, *p;
    size_t i;

    if (len < MASK_VALUE_MIN)
        return RS_OK;
    for (i = 0; i < m->n; i++)
        if (m->patterns[i].len == len && memcmp(m->patterns[i].text, text, len) == 0)
            return RS_OK;
    if (m->n == m->cap) {
        grown = realloc(m->patterns, (m->cap + 32) * sizeof(*grown));
        if (grown == NULL)
            return RS_NOMEM;
        m->patterns = grown;
        m->cap += 32;
    }
    p = &m->patterns[m->n];
    if ((p->text = malloc(len)) == NULL)
        return RS_NOMEM;
    memcpy(p->text, text, len);
    p->len = len;
    m->n++;
    m->longest = len > m->longest ? len : m->longest;
    set_bit(m->bitmap, slot_of(text));
    for (i = 0; i < 3; i++)
        set_bit(m->begins[i], (unsigned char)text[i]);
    return RS_OK;
}

/* A form that was made by us; b is wiped and released. */
static enum rs_err add_form(struct mask *m, struct buf *b, size_t least)
{
    enum rs_err err = b->err != RS_OK ? b->err : b->len >= least ? add_pattern(m, b->data, b->len) : RS_OK;

    if (b->data != NULL)
        sodium_memzero(b->data, b->len);
    buf_release(b);
    return err;
}

/* As a JSON string without its quotes. ascii: what is not ASCII as \uXXXX, as many programs write it. */
static void put_escaped(struct buf *out, const char *s, size_t len, bool ascii)
{
    struct buf quoted;
    size_t i;

    buf_init(&quoted, FORM_MAX);
    if (buf_put_json(&quoted, s, len) != RS_OK) {
        out->err = quoted.err;
    } else if (!ascii) {
        buf_append(out, quoted.data + 1, quoted.len - 2);
    } else {
        for (i = 1; i + 1 < quoted.len;) {
            uint32_t c = (unsigned char)quoted.data[i];
            int n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4, k;

            if (n == 1) {
                buf_putc(out, quoted.data[i++]);
                continue;
            }
            c &= 0xFFu >> (n + 1);
            for (k = 1; k < n; k++)
                c = c << 6 | ((unsigned char)quoted.data[i + (size_t)k] & 0x3F);
            i += (size_t)n;
            if (c >= 0x10000)
                buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
            else
                buf_printf(out, "\\u%04x", c);
        }
    }
    if (quoted.data != NULL)
        sodium_memzero(quoted.data, quoted.len);
    buf_release(&quoted);
}

static enum rs_err add_json(struct mask *m, const char *s, size_t len)
{
    struct buf once, twice;
    enum rs_err err = RS_OK;
    int ascii;

    for (ascii = 0; ascii < 2 && err == RS_OK; ascii++) {
        buf_init(&once, FORM_MAX);
        buf_init(&twice, 2 * FORM_MAX);
        put_escaped(&once, s, len, ascii);
        if (once.err == RS_OK)
            put_escaped(&twice, once.data, once.len, false);
        err = add_form(m, &once, DERIVED_MIN);
        if (err == RS_OK)
            err = add_form(m, &twice, DERIVED_MIN);
        else
            buf_release(&twice);
    }
    return err;
}

/* Programs differ in what they leave as it is, in the case of the digits, and in what they do with a space. */
static enum rs_err add_url(struct mask *m, const char *s, size_t len)
{
    static const struct {
        const char *kept, *format;
        bool plus;
    } ways[] = {
        {"-._~", "%%%02X", false}, {"-._~", "%%%02x", false}, {"-._~", "%%%02X", true},
        {"-._~/", "%%%02X", false}, {"-._~!*'()", "%%%02X", false}, {"-._*", "%%%02X", true},
    };
    enum rs_err err = RS_OK;
    struct buf out;
    size_t w, i;

    for (w = 0; w < sizeof(ways) / sizeof(ways[0]) && err == RS_OK; w++) {
        buf_init(&out, FORM_MAX);
        for (i = 0; i < len; i++) {
            unsigned char c = (unsigned char)s[i];

            if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                (c != '\0' && strchr(ways[w].kept, c) != NULL))
                buf_putc(&out, (char)c);
            else if (c == ' ' && ways[w].plus)
                buf_putc(&out, '+');
            else
                buf_printf(&out, ways[w].format, c);
        }
        err = add_form(m, &out, DERIVED_MIN);
    }
    return err;
}

/* In base64 a value looks different at each of the three places in a group where it may begin: of each, the letters
 * that depend on it alone. */
static enum rs_err add_base64(struct mask *m, const char *s, size_t len)
{
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL_NO_PADDING, sodium_base64_VARIANT_URLSAFE_NO_PADDING};
    size_t size = sodium_base64_ENCODED_LEN(len + 2, sodium_base64_VARIANT_ORIGINAL), shift, from, to;
    unsigned char *shifted = calloc(1, len + 3);
    char *text = malloc(size);
    enum rs_err err = shifted != NULL && text != NULL ? RS_OK : RS_NOMEM;
    unsigned v;

    for (shift = 0; shift < 3 && err == RS_OK; shift++) {
        memcpy(shifted + shift, s, len);
        for (v = 0; v < 2 && err == RS_OK; v++) {
            sodium_bin2base64(text, size, shifted, shift + len, variants[v]);
            from = (shift * 8 + 5) / 6;
            to = (shift + len) * 8 / 6;
            if (to >= from + DERIVED_MIN)
                err = add_pattern(m, text + from, to - from);
            /* Alone, its last letter is its own as well. */
            if (err == RS_OK && shift == 0 && strlen(text) >= DERIVED_MIN)
                err = add_pattern(m, text, strlen(text));
        }
    }
    if (shifted != NULL)
        sodium_memzero(shifted, len + 3);
    if (text != NULL)
        sodium_memzero(text, size);
    free(shifted);
    free(text);
    return err;
}

static enum rs_err add_all_forms(struct mask *m, const char *s, size_t len)
{
    enum rs_err err = add_pattern(m, s, len);

    if (err == RS_OK)
        err = add_json(m, s, len);
    if (err == RS_OK)
        err = add_url(m, s, len);
    if (err == RS_OK)
        err = add_base64(m, s, len);
    return err;
}

enum rs_err mask_add(struct mask *mask, const char *value, size_t len)
{
    const char *at = value, *end = value + len, *stop;
    enum rs_err err;

    if (len > MASK_VALUE_MAX)
        return RS_LIMIT;
    if (len < MASK_VALUE_MIN)
        return RS_OK;
    err = add_all_forms(mask, value, len);
    if (memchr(value, '\n', len) != NULL) {
        for (; err == RS_OK && at < end; at = stop + 1) {
            stop = memchr(at, '\n', (size_t)(end - at));
            stop = stop != NULL ? stop : end;
            len = (size_t)(stop - at);
            if (len > 0 && at[len - 1] == '\r')
                len--;
            if (len >= MASK_LINE_MIN)
                err = add_all_forms(mask, at, len);
        }
    }
    if (mask->n > 0)
        qsort(mask->patterns, mask->n, sizeof(*mask->patterns), pattern_order);
    return err;
}

/* ---- search ---- */

/* The first pattern of this slot. */
static size_t find_slot(const struct mask *m, unsigned slot)
{
    size_t low = 0, high = m->n, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (slot_of(m->patterns[middle].text) < slot)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How long the longest match at the text's beginning is; 0: none. len >= 4, and the bitmap let it pass. */
static size_t match_at(const struct mask *m, const char *text, size_t len)
{
    unsigned slot = slot_of(text);
    size_t i;

    for (i = find_slot(m, slot); i < m->n && slot_of(m->patterns[i].text) == slot; i++)
        if (m->patterns[i].len <= len && memcmp(m->patterns[i].text, text, m->patterns[i].len) == 0)
            return m->patterns[i].len;
    return 0;
}

static bool may_begin(const struct mask *m, const char *text, size_t len)
{
    return len >= 4 ? bit(m->bitmap, slot_of(text))
                    : bit(m->begins[0], (unsigned char)text[0]) &&
                          (len < 2 || bit(m->begins[1], (unsigned char)text[1])) &&
                          (len < 3 || bit(m->begins[2], (unsigned char)text[2]));
}

/* Is all of the text the beginning of a longer pattern? */
static bool begins_pattern(const struct mask *m, const char *text, size_t len)
{
    size_t i = len >= 4 ? find_slot(m, slot_of(text)) : 0;

    for (; i < m->n && (len < 4 || slot_of(m->patterns[i].text) == slot_of(text)); i++)
        if (m->patterns[i].len > len && memcmp(m->patterns[i].text, text, len) == 0)
            return true;
    return false;
}

/* Where the part of the text begins that may be the beginning of a value; len: nowhere. */
static size_t hold_from(const struct mask *m, const char *text, size_t len)
{
    size_t at = len >= m->longest ? len - m->longest + 1 : 0;

    for (; at < len; at++)
        if (may_begin(m, text + at, len - at) && begins_pattern(m, text + at, len - at))
            return at;
    return len;
}

/* The text up to `until` into out. *covered: bytes at its beginning that a mark stands for already; then, how many behind
 * `until` one does. */
static void put_masked(const struct mask *m, const char *text, size_t len, size_t until, size_t *covered, struct buf *out)
{
    size_t hidden = *covered, plain = 0, i, n;

    for (i = 0; i < until; i++) {
        if (len - i < 4 || !bit(m->bitmap, slot_of(text + i)) || (n = match_at(m, text + i, len - i)) == 0)
            continue;
        if (i >= hidden) {
            plain = plain > hidden ? plain : hidden;
            buf_append(out, text + plain, i - plain);
            buf_puts(out, MASK_MARK);
        }
        hidden = i + n > hidden ? i + n : hidden;
        plain = hidden;
    }
    plain = plain > hidden ? plain : hidden;
    if (plain < until)
        buf_append(out, text + plain, until - plain);
    *covered = hidden > until ? hidden - until : 0;
}

bool mask_hits(const struct mask *mask, const char *text, size_t len)
{
    size_t i;

    if (mask_empty(mask))
        return false;
    for (i = 0; i + 4 <= len; i++)
        if (bit(mask->bitmap, slot_of(text + i)) && match_at(mask, text + i, len - i) > 0)
            return true;
    return false;
}

enum rs_err mask_text(const struct mask *mask, const char *text, size_t len, bool cut, struct buf *out)
{
    size_t covered = 0, until = len;

    if (mask_empty(mask))
        return buf_append(out, text, len);
    if (cut)
        until = hold_from(mask, text, len);
    if (len - until < MASK_VALUE_MIN)
        until = len;
    put_masked(mask, text, len, until, &covered, out);
    if (until < len && covered == 0)
        buf_puts(out, MASK_MARK);
    return out->err;
}

void mask_string(const struct mask *mask, char *text, size_t size, bool cut)
{
    size_t len = strlen(text);
    struct buf out;

    if (mask_empty(mask) || (!cut && !mask_hits(mask, text, len)))
        return;
    buf_init(&out, 4 * size);
    if (mask_text(mask, text, len, cut, &out) != RS_OK) {
        buf_release(&out);
        buf_puts(&out, MASK_MARK);
    }
    snprintf(text, size, "%s", out.data != NULL ? out.data : "");
    utf8_repair(text);
    buf_release(&out);
}

/* ---- JSON ---- */

static struct json_object *mask_scalar(const struct mask *m, struct json_object *value, const char *text, size_t len)
{
    struct json_object *masked;
    struct buf out;

    if (!mask_hits(m, text, len))
        return value;
    buf_init(&out, 4 * len + sizeof(MASK_MARK));
    masked = mask_text(m, text, len, false, &out) == RS_OK ? json_object_new_string_len(out.data, (int)out.len)
                                                           : json_object_new_string(MASK_MARK);
    buf_release(&out);
    json_object_put(value);
    return masked;
}

/* Names are rarely touched; when one is, the object is made anew, in its order. */
static struct json_object *mask_object(const struct mask *m, struct json_object *object)
{
    struct json_object *made = NULL;
    bool touched = false;

    json_object_object_foreach(object, key, member)
    {
        json_object_object_add(object, key, mask_json(m, json_object_get(member)));
        touched = touched || mask_hits(m, key, strlen(key));
    }
    if (!touched || (made = json_object_new_object()) == NULL)
        return object;
    {
        json_object_object_foreach(object, name, value)
        {
            struct buf out;

            buf_init(&out, 4 * strlen(name) + sizeof(MASK_MARK));
            json_object_object_add(made, mask_text(m, name, strlen(name), false, &out) == RS_OK ? out.data : MASK_MARK,
                                   json_object_get(value));
            buf_release(&out);
        }
    }
    json_object_put(object);
    return made;
}

struct json_object *mask_json(const struct mask *mask, struct json_object *value)
{
    const char *text;
    size_t i, n;

    if (mask_empty(mask) || value == NULL)
        return value;
    switch (json_object_get_type(value)) {
    case json_type_string:
        return mask_scalar(mask, value, json_object_get_string(value), (size_t)json_object_get_string_len(value));
    case json_type_int:
    case json_type_double:
        text = json_text(value, &n);
        return mask_scalar(mask, value, text, n);
    case json_type_array:
        for (i = 0; i < json_object_array_length(value); i++)
            json_object_array_put_idx(value, i,
                                      mask_json(mask, json_object_get(json_object_array_get_idx(value, i))));
        return value;
    case json_type_object:
        return mask_object(mask, value);
    case json_type_null:
    case json_type_boolean:
        break;
    }
    return value;
}

struct json_object *mask_copy(const struct mask *mask, struct json_object *value)
{
    struct json_object *copy = NULL;
    const char *text;
    size_t len;

    if (mask_empty(mask) || value == NULL)
        return value;
    text = json_text(value, &len);
    if (!mask_hits(mask, text, len))
        return value;
    copy = json_object_deep_copy(value, &copy, NULL) == 0 ? mask_json(mask, copy) : json_object_new_string(MASK_MARK);
    json_object_put(value);
    return copy;
}

/* ---- streams ---- */

void mask_stream_init(struct mask_stream *stream, const struct mask *mask)
{
    *stream = (struct mask_stream){.mask = mask_empty(mask) ? NULL : mask};
    buf_init(&stream->held, HELD_MAX);
}

void mask_stream_release(struct mask_stream *stream)
{
    if (stream->held.data != NULL)
        sodium_memzero(stream->held.data, stream->held.len);
    buf_release(&stream->held);
}

enum rs_err mask_stream_feed(struct mask_stream *stream, const char *data, size_t len, struct buf *out)
{
    size_t until;

    if (stream->mask == NULL)
        return buf_append(out, data, len);
    if (buf_append(&stream->held, data, len) != RS_OK)
        return stream->held.err;
    until = hold_from(stream->mask, stream->held.data, stream->held.len);
    put_masked(stream->mask, stream->held.data, stream->held.len, until, &stream->covered, out);
    buf_consume(&stream->held, until);
    return out->err;
}

enum rs_err mask_stream_end(struct mask_stream *stream, struct buf *out)
{
    if (stream->mask != NULL && stream->held.len > 0)
        put_masked(stream->mask, stream->held.data, stream->held.len, stream->held.len, &stream->covered, out);
    buf_clear(&stream->held);
    stream->covered = 0;
    return out->err;
}
