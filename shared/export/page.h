/* page - the file being written, and the run it is about. Used by one thread. */
#ifndef RUNSPOOL_EXPORT_PAGE_H
#define RUNSPOOL_EXPORT_PAGE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/map.h"
#include <stdbool.h>
#include <stdint.h>

struct work;
/* A node as the record has it; texts and objects are borrowed from that. */
struct page_node {
    const char *id, *label, *kind, *status; /* status: a known word */
    struct json_object *settings, *record;  /* NULL: none */
    int64_t started_ms, finished_ms;        /* 0: not known */
    int64_t duration_ms;                    /* -1: not known */
    struct work *work;                      /* what its agent and tools did, or NULL; owned (export/work.h) */
};

struct page {
    int fd;
    struct buf out;             /* what is not yet written */
    struct json_object *record; /* of the run, with its graph; owned */
    struct page_node *nodes;    /* in the order of the definition; owned */
    int n_nodes;
    struct map by_id;           /* node id -> struct page_node */
    int64_t now_ms;             /* when it is made */
    bool ended;
};

/* page_init - of this record, which it takes over. Release with page_release in every case. */
enum rs_err page_init(struct page *page, int fd, struct json_object *record, struct fault *fault) RS_MUST_CHECK;
void page_release(struct page *page);
/* page_flush - write what there is. RS_IO, or what the buffer could not hold. */
enum rs_err page_flush(struct page *page, struct fault *fault) RS_MUST_CHECK;
/* page_begin, page_end - what is before and after the contents: policy, style, icons; the script. */
void page_begin(struct page *page, const char *title);
void page_end(struct page *page);
/* page_state - a status as shape and word. page_icon - the shape alone. status: what page_status gave. */
void page_state(struct buf *out, const char *status);
void page_icon(struct buf *out, const char *status);
/* page_status - the known word that this is; "pending" for all else. Static storage. */
const char *page_status(const char *status);
/* page_time - a time of the record in ms; 0: none. */
int64_t page_time(struct json_object *object, const char *member);

#endif
