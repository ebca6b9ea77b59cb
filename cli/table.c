#include "cli/table.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* blanks between columns */
#define FLEXIBLE_MIN 8

void table_init(struct table *table, const char *const *heads, int n_columns, int flexible)
{
    assert(n_columns <= TABLE_COLUMNS_MAX);
    *table = (struct table){.heads = heads, .n_columns = n_columns, .flexible = flexible};
}

void table_release(struct table *table)
{
    for (int i = 0; i < table->n_rows; i++)
        for (int k = 0; k < table->n_columns; k++)
            free(table->rows[i][k].text);
    free(table->rows);
    table->rows = NULL;
    table->n_rows = 0;
}

void table_cell(struct table *table, enum term_color color, const char *fmt, ...)
{
    va_list ap;
    char *text;
    if (table->column == 0) {
        if (table->n_rows == TABLE_ROWS_MAX)
            return;
        if ((table->n_rows & (table->n_rows - 1)) == 0) { /* 0, 1, 2, 4, ...: double */
            size_t n = table->n_rows ? 2 * (size_t)table->n_rows : 1;
            void *rows = realloc(table->rows, n * sizeof(*table->rows));
            if (!rows)
                abort();
            table->rows = rows;
        }
        memset(table->rows[table->n_rows++], 0, sizeof(*table->rows));
    }
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    table->rows[table->n_rows - 1][table->column] = (struct table_cell){text, color};
    table->column = (table->column + 1) % table->n_columns;
}

enum rs_err table_put(const struct table *table, const struct term *term, struct buf *out)
{
    int width[TABLE_COLUMNS_MAX], total = 0, last = table->n_columns - 1;
    if (table->n_rows == 0)
        return out->err;
    for (int k = 0; k < table->n_columns; k++) {
        width[k] = term_width(table->heads[k]);
        for (int i = 0; i < table->n_rows; i++) {
            int w = table->rows[i][k].text ? term_width(table->rows[i][k].text) : 0;
            width[k] = w > width[k] ? w : width[k];
        }
        total += width[k] + (k < last ? GAP : 0);
    }
    if (term->live && table->flexible >= 0 && total > term_columns(term, NULL)) {
        int *w = &width[table->flexible];
        *w -= total - term_columns(term, NULL);
        *w = *w < FLEXIBLE_MIN ? FLEXIBLE_MIN : *w;
    }
    for (int i = -1; i < table->n_rows; i++) {
        for (int k = 0; k < table->n_columns; k++) {
            const char *text = i < 0 ? table->heads[k] : table->rows[i][k].text;
            enum term_color color = i < 0 ? TERM_DIM : table->rows[i][k].color;
            buf_puts(out, term_on(term, color));
            term_put_fit(out, term, text ? text : "", width[k], k < last);
            buf_puts(out, term_off(term));
            buf_puts(out, k < last ? "  " : "\n");
        }
    }
    return out->err;
}
