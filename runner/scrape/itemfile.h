/* itemfile - the file of items a scrape leaves among the run's artifacts: JSON Lines, or CSV (RFC 4180, with a header line
 * and UTF-8). It appears under its name when it is whole. Blocks on the disk; one thread. */
#ifndef RUNSPOOL_RUNNER_SCRAPE_ITEMFILE_H
#define RUNSPOOL_RUNNER_SCRAPE_ITEMFILE_H

#include "base/buf.h"
#include "base/id.h"
#include "runner/scrape/settings.h"

#define ITEMFILE_BUFFER (64 * 1024) /* bytes collected before they are written */

struct itemfile {
    const struct scrape_settings *settings; /* borrowed */
    int folder, fd;                         /* -1: closed */
    char temporary[ID_MAX + 1];             /* its name while it is written */
    int64_t n, bytes, max_bytes;
    struct buf out;
};
/* itemfile_open - folder: where it goes. max_bytes: of the file. itemfile_abort or itemfile_close in any case. */
enum rs_err itemfile_open(struct itemfile *items, const struct scrape_settings *settings, const char *folder,
                       int64_t max_bytes, struct fault *fault) RS_MUST_CHECK;
/* itemfile_add - RS_LIMIT: the file would be too large; RS_IO. */
enum rs_err itemfile_add(struct itemfile *items, struct json_object *item, struct fault *fault) RS_MUST_CHECK;
/* itemfile_close - write the rest and give the file its name. */
enum rs_err itemfile_close(struct itemfile *items, struct fault *fault) RS_MUST_CHECK;
/* itemfile_abort - release; leaves nothing behind unless itemfile_close was RS_OK. After a failed itemfile_open it is fine too. */
void itemfile_abort(struct itemfile *items);

/* itemfile_put_csv - append text as a field, quoted where it must be. */
void itemfile_put_csv(struct buf *out, const char *text, size_t len);

#endif
