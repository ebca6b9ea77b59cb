/* One datagram that says "look at the queue" ("q"), or "tell this run's process to look" ("r" and its id). It carries
 * nothing else: all is in the database. */
#include "model/run_row.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void send_text(const struct datadir *dd, const char *text)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    char path[PATH_MAX];
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return;
    datadir_path(dd, path, DATADIR_RUNNER_SOCKET);
    if ((size_t)snprintf(to.sun_path, sizeof(to.sun_path), "%s", path) < sizeof(to.sun_path)) {
        /* It may fail: no runner, or one that has datagrams waiting and looks anyway. */
        (void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to));
    }
    close(fd);
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
