/* load - what the benches of the bridge share: a bridge in a directory of its own, many native WebSockets in one epoll loop, an
 * emitter, and figures as a table and as JSON. Every client checks what it is given by `seq`: in its stream nothing may be
 * missing and nothing come twice. Whatever fails ends the program, with the bridge and the directory. */
#ifndef RUNSPOOL_BENCH_LOAD_H
#define RUNSPOOL_BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define LOAD_PATIENCE_S 120 /* without any progress, then it has failed */

struct load_bridge {
    const char *program;
    char dir[64];
    int port;
    pid_t pid;
    const char *settings[16]; /* key=value; NULL ends them */
};
/* load_bridge_dir - make the directory. load_bridge_start - in it, on a free port; returns when it accepts. load_bridge_kill - with
 * that signal, and wait. */
void load_bridge_dir(struct load_bridge *b);
void load_bridge_start(struct load_bridge *b);
void load_bridge_kill(struct load_bridge *b, int signal);
double load_cpu_s(const struct load_bridge *b);
int64_t load_rss_kb(const struct load_bridge *b);
int load_fds(const struct load_bridge *b);
int64_t load_metric(const struct load_bridge *b, const char *name); /* as it stands on /metrics, with its labels */
/* load_get - one GET; answer as a string that the caller frees. */
char *load_get(const struct load_bridge *b, const char *path);

/* An emitter whose lines are numbered, so that load_flush can wait until all are in the log. */
struct load_emitter {
    int fd;
    int64_t n, acked;
    char *out;
    size_t len, cap;
    char in[256];
    size_t n_in;
};
void load_emitter_open(struct load_emitter *e, const struct load_bridge *b, const char *producer);
void load_emit(struct load_emitter *e, const char *stream, const char *type, int bytes); /* data: {"t":NOW_US,"x":"   "} */
void load_send(struct load_emitter *e);  /* what was emitted; blocks while the bridge takes no more */
void load_flush(struct load_emitter *e); /* and wait until it is in the log */
void load_emitter_close(struct load_emitter *e);

enum load_state { LOAD_CLOSED, LOAD_CONNECTS, LOAD_GREETED, LOAD_IDLE, LOAD_ASKED, LOAD_FOLLOWS };
#define LOAD_NOW (-1) /* in place of a cursor */
#define LOAD_START 0
struct load_client {
    int fd;
    enum load_state state;
    char stream[40];
    int64_t since;      /* LOAD_NOW, LOAD_START, or a cursor */
    int64_t seq, id;    /* of the last event; seq -1: any may come */
    int64_t n_events;
    int64_t asked_us, followed_us; /* when it asked to subscribe, when that was answered */
    bool waits;         /* connects, but does not subscribe before load_subscribe */
    bool stuck;         /* reads nothing once it follows */
    bool may_close;     /* the bridge may end it */
    bool small;         /* a small receive buffer */
    char *carry;
    size_t n_carry;
};
struct load {
    const struct load_bridge *bridge;
    int epoll_fd;
    struct load_client *clients;
    int n_clients, n_follow, n_open;
    int64_t n_events, n_bytes, n_ended;
    void (*on_event)(struct load *load, struct load_client *c, int64_t t_us);
    void *ctx;
    int64_t progress_us;
};
void load_init(struct load *load, const struct load_bridge *b, int n_clients);
void load_release(struct load *load);
/* load_connect - begin; load_run goes on with it. load_cut - close without a word. */
void load_connect(struct load *load, struct load_client *c);
void load_subscribe(struct load *load, struct load_client *c);
void load_cut(struct load *load, struct load_client *c);
/* load_run - until done says so, or until then (until_us > 0). load_open - connect them, at most `window` at a time, and wait
 * until they follow (or wait). */
void load_run(struct load *load, bool (*done)(struct load *load), int64_t until_us);
void load_open(struct load *load, int first, int n, int window);

/* Times of things. */
struct load_times {
    uint32_t *us;
    size_t n, cap;
};
void load_times_add(struct load_times *t, int64_t us);
double load_times_ms(struct load_times *t, double share); /* 0.5: the median */

int64_t load_now_us(void);
void load_pin(int cpu); /* this process, if there are so many */
_Noreturn void load_fail(const char *what);

/* load_figures - to that file (NULL: none), as {"bench":...,"figures":[{"name","value","unit"}]}; load_figure - one of them. */
void load_figures(const char *file, const char *bench);
void load_figure(const char *name, double value, const char *unit);
void load_figures_end(void);
/* load_option - the value of --name VALUE (or `otherwise`). Ends the program where an option is unknown. */
struct load_option {
    const char *name, *what;
    const char *value; /* the default, then what was given */
};
void load_options(struct load_option *options, int argc, char **argv, const char *what);
int64_t load_number(const struct load_option *options, const char *name);
const char *load_text(const struct load_option *options, const char *name);

#endif
