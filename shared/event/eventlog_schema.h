/* eventlog_schema - the tables of the SQLite event log, and how an older file becomes a newer one. */
#ifndef RUNSPOOL_EVENT_EVENTLOG_SCHEMA_H
#define RUNSPOOL_EVENT_EVENTLOG_SCHEMA_H

#include "base/err.h"
#include <sqlite3.h>
#include <stdbool.h>

/* eventlog_schema_create - make the file at path with all its tables, unless there is one. It appears whole or not at
 * all, also when several processes try at once. Blocks on the disk. */
enum rs_err eventlog_schema_create(const char *path, struct fault *fault) RS_MUST_CHECK;
/* eventlog_schema_update - apply the migrations that an open log lacks, all in one transaction. Returns: RS_OK;
 * RS_VERSION when a newer Runspool made it; RS_NOT_FOUND when it holds no tables yet; RS_BUSY, RS_IO. */
enum rs_err eventlog_schema_update(sqlite3 *db, struct fault *fault) RS_MUST_CHECK;
/* eventlog_schema_version - the number of the newest migration this program knows. */
int eventlog_schema_version(void);

#endif
