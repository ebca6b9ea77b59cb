#include "runner/assist/answer.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MIN 4 /* letters; shorter words are in every text */
#define WORD_MAX 64

/* --- lines and fences --- */

struct fence {
    char mark; /* ` or ~; 0: not in a block */
    size_t length;
};

static size_t line_length(const char *line)
{
    return strcspn(line, "\n");
}

/* Does this line open a block, or close the one that is open? *info: what stands behind an opening mark. */
static bool fence_line(struct fence *fence, const char *line, size_t len, const char **info)
{
    size_t indent = 0, n = 0;

    while (indent < len && line[indent] == ' ')
        indent++;
    if (indent > 3 || indent == len || (line[indent] != '`' && line[indent] != '~'))
        return false;
    char mark = line[indent];
    while (indent + n < len && line[indent + n] == mark)
        n++;
    const char *rest = line + indent + n, *end = line + len;
    if (n < 3)
        return false;
    if (!fence->mark) {
        if (mark == '`' && memchr(rest, '`', (size_t)(end - rest)))
            return false; /* code in a line of text */
        *fence = (struct fence){mark, n};
        *info = rest;
        return true;
    }
    while (rest < end && (*rest == ' ' || *rest == '\t' || *rest == '\r'))
        rest++;
    if (mark != fence->mark || n < fence->length || rest < end)
        return false;
    *fence = (struct fence){0};
    *info = NULL;
    return true;
}

/* --- thinking --- */

static const char *const thinking[] = {"think", "thinking", "thought", "reasoning", "reflection"};

/* The length of <name> or </name> at text, 0: there is none. */
static size_t tag_at(const char *text, bool closing)
{
    size_t at = closing ? 2 : 1;
    if (text[0] != '<' || (closing && text[1] != '/'))
        return 0;
    for (size_t i = 0; i < sizeof thinking / sizeof *thinking; i++) {
        size_t len = strlen(thinking[i]);
        if (strncasecmp(text + at, thinking[i], len) == 0 && text[at + len] == '>')
            return at + len + 1;
    }
    return 0;
}

static const char *closing_tag(const char *text, size_t *ret_len)
{
    for (; *text; text++)
        if ((*ret_len = tag_at(text, true)))
            return text;
    return NULL;
}

static void trim(struct buf *out, size_t start)
{
    size_t lead = start;
    while (out->len > start && isspace((unsigned char)out->data[out->len - 1]))
        out->data[--out->len] = '\0';
    while (lead < out->len && isspace((unsigned char)out->data[lead]))
        lead++;
    if (lead > start) {
        memmove(out->data + start, out->data + lead, out->len - lead + 1);
        out->len -= lead - start;
    }
}

enum rs_err answer_without_thinking(const char *text, struct buf *out, int *ret_blocks)
{
    struct fence fence = {0};
    const char *info;
    size_t start = out->len, tag;
    bool at_line = true;

    *ret_blocks = 0;
    while (*text) {
        if (at_line)
            fence_line(&fence, text, line_length(text), &info);
        at_line = *text == '\n';
        if (!fence.mark && (tag = tag_at(text, false))) {
            const char *end = closing_tag(text + tag, &tag);
            ++*ret_blocks;
            text = end ? end + tag : text + strlen(text);
            at_line = true;
        } else if (!fence.mark && (tag = tag_at(text, true))) {
            ++*ret_blocks; /* its beginning was not said: all so far was thought */
            if (out->data)
                out->data[out->len = start] = '\0';
            text += tag;
            at_line = true;
        } else {
            buf_putc(out, *text++);
        }
    }
    trim(out, start);
    return out->err;
}

/* --- code --- */

static struct json_object *block_of(const char *info, const char *info_end)
{
    struct json_object *block = json_object_new_object();
    size_t len;

    while (info < info_end && isspace((unsigned char)*info))
        info++;
    for (len = 0; info + len < info_end && !isspace((unsigned char)info[len]);)
        len++;
    json_set(block, "language", len > 0 ? json_object_new_string_len(info, (int)len) : NULL);
    return block;
}

static void end_block(struct json_object *blocks, struct json_object *block, const char *code, const char *end,
                      bool closed)
{
    json_set(block, "code", json_object_new_string_len(code, (int)(end > code ? end - code : 0)));
    json_set_bool(block, "closed", closed);
    json_object_array_add(blocks, block);
}

struct json_object *answer_code_blocks(const char *text)
{
    struct json_object *blocks = json_object_new_array(), *block = NULL;
    struct fence fence = {0};
    const char *code = NULL, *info = NULL, *line = text;

    while (*line && json_object_array_length(blocks) < ANSWER_BLOCKS_MAX) {
        size_t len = line_length(line);
        const char *next = line[len] ? line + len + 1 : line + len;
        if (fence_line(&fence, line, len, &info)) {
            if (fence.mark) {
                block = block_of(info, line + len);
                code = next;
            } else {
                end_block(blocks, block, code, line > code ? line - 1 : code, true);
                block = NULL;
            }
        }
        line = next;
    }
    if (block)
        end_block(blocks, block, code, line, false);
    return blocks;
}

/* --- citations --- */

static const char *passage_text(struct json_object *passages, long number)
{
    size_t n = json_object_is_type(passages, json_type_array) ? json_object_array_length(passages) : 0;
    if (number < 1 || (size_t)number > n)
        return NULL;
    struct json_object *passage = json_object_array_get_idx(passages, (size_t)number - 1);
    return json_object_is_type(passage, json_type_string) ? json_object_get_string(passage)
                                                          : json_get_string(passage, "text", "");
}

static bool has_word(const char *text, const char *word, size_t len)
{
    for (; *text; text++)
        if (strncasecmp(text, word, len) == 0)
            return true;
    return false;
}

/* How many of the longer words of the sentence before `end` stand in the passage. */
static double overlap(const char *begin, const char *end, const char *passage)
{
    int n = 0, found = 0;
    const char *at = end;

    /* Marks may follow one another, and the full stop may stand before them. */
    while (at > begin && strchr(" .!?]0123456789[", at[-1]))
        at--;
    end = at;
    while (at > begin && !strchr(".!?\n", at[-1]))
        at--;
    while (at < end) {
        size_t len = 0;
        while (at + len < end && (isalnum((unsigned char)at[len]) || (unsigned char)at[len] >= 0x80))
            len++;
        if (len >= WORD_MIN && len <= WORD_MAX) {
            n++;
            found += has_word(passage, at, len);
        }
        at += len > 0 ? len : 1;
    }
    return n > 0 ? (double)found / n : 0;
}

/* A mark [n] at text: its length, 0: none. */
static size_t mark_at(const char *text, long *ret_number)
{
    size_t digits = text[0] == '[' ? strspn(text + 1, "0123456789") : 0;
    if (digits == 0 || digits > 4 || text[1 + digits] != ']' || text[2 + digits] == '(')
        return 0;
    *ret_number = strtol(text + 1, NULL, 10);
    return digits + 2;
}

static struct json_object *citation(long number, double part, bool valid)
{
    struct json_object *item = json_object_new_object();
    json_set_int(item, "number", number);
    json_set_bool(item, "valid", valid);
    json_set(item, "overlap", json_object_new_double(part));
    json_set_bool(item, "supported", valid && part >= ANSWER_SUPPORT);
    return item;
}

struct json_object *answer_check_citations(const char *text, struct json_object *passages, struct buf *out)
{
    struct json_object *all = json_object_new_array();
    struct fence fence = {0};
    const char *begin = text, *info;
    bool at_line = true, in_code = false;
    size_t len;
    long number;

    while (*text) {
        if (at_line && fence_line(&fence, text, line_length(text), &info))
            in_code = false;
        at_line = *text == '\n';
        if (*text == '`' && !fence.mark)
            in_code = !in_code && strchr(text + 1, '`');
        if (fence.mark || in_code || !(len = mark_at(text, &number)) ||
            json_object_array_length(all) == ANSWER_CITATIONS_MAX) {
            buf_putc(out, *text++);
            continue;
        }
        const char *passage = passage_text(passages, number);
        json_object_array_add(all, citation(number, passage ? overlap(begin, text, passage) : 0, passage != NULL));
        if (passage)
            buf_append(out, text, len);
        else if (out->len > 0 && out->data[out->len - 1] == ' ')
            out->data[--out->len] = '\0'; /* and the space before it */
        text += len;
    }
    return all;
}
