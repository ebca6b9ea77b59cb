#include "model/list_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_MAX 256 /* bytes of the longest, an id or a number */

static enum rs_err read_items(struct db_rows *rows, int limit, list_page_item_fn *item_of, struct json_object *page,
                              struct fault *fault)
{
    struct json_object *items = json_object_new_array(), *item;
    char last[CURSOR_MAX] = "";
    int n = 0;
    enum rs_err err;

    json_set(page, "items", items);
    json_set(page, "next", NULL);
    while ((err = db_next(rows, fault)) == RS_OK) {
        if (n++ == limit) { /* one more than asked for: there is a next page */
            json_set_string(page, "next", last);
            return RS_OK;
        }
        if ((item = item_of(rows)) == NULL)
            return fault_set(fault, RS_NOMEM, "no memory for a list");
        json_object_array_add(items, item);
        snprintf(last, sizeof(last), "%s", db_text(rows, 0));
    }
    return err == RS_NOT_FOUND ? RS_OK : err;
}

enum rs_err list_page_read(struct db_rows *rows, int limit, list_page_item_fn *item, struct json_object **ret, struct fault *fault)
{
    struct json_object *page = json_object_new_object();
    enum rs_err err = page != NULL ? read_items(rows, limit, item, page, fault)
                                   : fault_set(fault, RS_NOMEM, "no memory for a list");

    if (err == RS_OK)
        *ret = page;
    else
        json_object_put(page);
    return err;
}

enum rs_err list_page_cursor(const char *cursor, int64_t first, int64_t *ret, struct fault *fault)
{
    char *end;

    *ret = first;
    if (cursor == NULL || cursor[0] == '\0')
        return RS_OK;
    errno = 0;
    *ret = strtoll(cursor, &end, 10);
    if (cursor[0] < '0' || cursor[0] > '9' || *end != '\0' || errno != 0)
        return fault_set(fault, RS_INVALID, "cursor must be the `next` of an earlier answer");
    return RS_OK;
}

enum rs_err list_page_pattern(const char *text, char ret[LIST_PATTERN_MAX], struct fault *fault)
{
    size_t n = 0;

    ret[0] = '\0';
    if (text == NULL || text[0] == '\0')
        return RS_OK;
    if (strlen(text) * 2 + 3 > LIST_PATTERN_MAX)
        return fault_set(fault, RS_INVALID, "the text searched for is too long");
    ret[n++] = '%';
    for (; *text != '\0'; text++) {
        if (strchr("%_!", *text) != NULL)
            ret[n++] = '!';
        ret[n++] = *text;
    }
    ret[n++] = '%';
    ret[n] = '\0';
    return RS_OK;
}
