/* table - lines of cells in columns as wide as their widest cell; on a terminal one flexible column is cut to fit. */
#ifndef RUNSPOOL_CLI_TABLE_H
#define RUNSPOOL_CLI_TABLE_H

#include "base/buf.h"
#include "cli/term.h"

#define TABLE_COLUMNS_MAX 8
#define TABLE_ROWS_MAX 4096
#define TABLE_TEXT_MAX (4 * 1024 * 1024)

struct table_cell {
    char *text; /* owned by the table */
    enum term_color color;
};
struct table {
    const char *const *heads; /* n_columns words, borrowed */
    int n_columns, flexible;  /* flexible: index of the column that may be cut, -1 none */
    struct table_cell (*rows)[TABLE_COLUMNS_MAX];
    int n_rows;
    int column; /* of the next cell */
};
void table_init(struct table *table, const char *const *heads, int n_columns, int flexible);
void table_release(struct table *table);
/* table_cell - the next cell, row by row, formatted; without memory the program ends. Rows beyond the maximum are left
 * out. */
void table_cell(struct table *table, enum term_color color, const char *fmt, ...) RS_PRINTF(3, 4);
/* table_put - all of it as text, heads first (only when there are rows). */
enum rs_err table_put(const struct table *table, const struct term *term, struct buf *out);

#endif
