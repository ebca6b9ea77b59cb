/* follow - one run from its events to the terminal: lines as they come, and below them, on a terminal, a display of the
 * nodes that is redrawn in place. Main thread. */
#ifndef RUNSPOOL_CLI_FOLLOW_H
#define RUNSPOOL_CLI_FOLLOW_H

#include "cli/cli.h"

#define FOLLOW_WHO_MAX 20

struct follow_node {
    char *id, *label;                /* owned */
    char status[16];                 /* record words */
    int64_t started_ms, duration_ms; /* wall clock; duration -1 until it ended */
    int attempt;
};
struct follow {
    const struct term *term;
    char run_id[ID_MAX + 1];
    char name[128];
    struct follow_node *nodes; /* in the order of the definition */
    int n_nodes;
    int label_columns; /* widest label, bounded */
    char status[16];
    int progress;
    int64_t started_ms, duration_ms;
    struct json_object *output, *error; /* owned, of the end */
};
/* follow_init - from a run record (run_record). follow_release: zeroed is fine. */
void follow_init(struct follow *follow, const struct term *term, struct json_object *record);
void follow_release(struct follow *follow);
/* follow_event - take an event in. true: it is also worth a line of its own above the display. */
bool follow_event(struct follow *follow, struct json_object *event);
/* follow_who - what a node is called in a line: its id, which commands take, or its label where the id is too long for
 * FOLLOW_WHO_MAX columns. Borrowed from follow or of node_id. */
const char *follow_who(const struct follow *follow, const char *node_id);
/* follow_put_display - the display at wall clock now_ms, of at most `rows` lines, each at most `columns` wide and ended
 * by
 * "\033[K\n" . Returns the number of lines. */
int follow_put_display(const struct follow *follow, struct buf *out, int64_t now_ms, int columns, int rows);

/* follow_run - show a run until it ends or Ctrl-C. Returns the exit status: EXIT_DONE, EXIT_FAILED, EXIT_CANCELLED. */
int follow_run(struct cli *cli, const char *run_id);

#endif
