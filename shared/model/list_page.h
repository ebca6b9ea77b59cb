/* list_page - a page of a list, as REST answers it: {"items":[...],"next":CURSOR|null}. Only shared/model includes this. */
#ifndef RUNSPOOL_MODEL_LIST_PAGE_H
#define RUNSPOOL_MODEL_LIST_PAGE_H

#include "base/json.h"
#include "store/db.h"

/* An item from the current row, owned; NULL: no memory. */
typedef struct json_object *list_page_item_fn(struct db_rows *rows);
/* list_page_read - the items of at most limit rows. The query has asked for one more than that, which says that there is a next
 * page, and has in column 0 what a row is found again by: that of the last item is the cursor. The caller says db_done.
 * *ret: owned. */
enum rs_err list_page_read(struct db_rows *rows, int limit, list_page_item_fn *item, struct json_object **ret, struct fault *fault)
    RS_MUST_CHECK;
/* list_page_cursor - a cursor that is a number; first: what stands for none (NULL or ""). RS_INVALID. */
enum rs_err list_page_cursor(const char *cursor, int64_t first, int64_t *ret, struct fault *fault) RS_MUST_CHECK;
/* list_page_pattern - for LIKE ... ESCAPE '!': the text anywhere, its own % and _ taken as they are; "" for NULL and "".
 * RS_INVALID: too long. */
#define LIST_PATTERN_MAX 512
enum rs_err list_page_pattern(const char *text, char ret[LIST_PATTERN_MAX], struct fault *fault) RS_MUST_CHECK;

#endif
