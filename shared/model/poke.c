/* One datagram that says "look at the queue" ("q"), or "tell this run's process to look" ("r" and its id). It carries
 * nothing else: all is in the database. */
#include "model/run_row.h"
#include "model/runner_sockets.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A datagram under way. */
struct poke {
    int fd;
    const char *text;
};

static bool send_to(void *ctx, const struct sockaddr_un *address)
{
    struct poke *poke = ctx;

    /* It may fail: no runner, or one that has datagrams waiting and looks anyway. */
    (void)sendto(poke->fd, poke->text, strlen(poke->text), MSG_NOSIGNAL, (const struct sockaddr *)address, sizeof(*address));
    return true;
}

/* To all runners: one has the run, or a place for it. */
static void send_text(const struct datadir *dd, const char *text)
{
    struct poke poke = {.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), .text = text};

    if (poke.fd < 0)
        return;
    runner_sockets(dd, send_to, &poke);
    close(poke.fd);
}

void runner_poke(const struct datadir *dd)
{
    send_text(dd, "q");
}

bool run_signal(struct store *store, const char *run_id)
{
    char here[PROCESS_PLACE_MAX];
    struct db_rows *rows = NULL;
    bool sent = false;
    pid_t pid;

    if (db_query(store->db, &rows, NULL, "SELECT pid, pid_start, place FROM run WHERE id = $1 AND pid > 0 AND owner NOT LIKE 'wrap-%'", "t", run_id) ==
            RS_OK &&
        db_next(rows, NULL) == RS_OK && !db_is_null(rows, 2) && strcmp(db_text(rows, 2), process_place(here)) == 0) {
        pid = (pid_t)db_int(rows, 0);
        sent = process_start(pid) == db_int(rows, 1) && db_int(rows, 1) != 0 && kill(pid, SIGUSR1) == 0;
    }
    db_done(rows);
    return sent;
}

void run_poke(struct store *store, const char *run_id)
{
    char text[RUNNER_POKE_MAX];

    if (run_signal(store, run_id))
        return;
    snprintf(text, sizeof(text), "r%.*s", ID_MAX, run_id);
    send_text(store->dd, text);
}
