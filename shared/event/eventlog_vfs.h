/* eventlog_vfs - SQLite's own file system layer, but for write-ahead logs: what a transaction writes there goes out in one
 * call at its commit, where SQLite makes two a page (the frame's head, the page). */
#ifndef RUNSPOOL_EVENT_EVENTLOG_VFS_H
#define RUNSPOOL_EVENT_EVENTLOG_VFS_H

/* eventlog_vfs - the name to open databases by; NULL (SQLite's own) when it could not be set up.
 * Other processes may have the same file open by SQLite's own. Blocks: no. Threads: any. */
const char *eventlog_vfs(void);

#endif
