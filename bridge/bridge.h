/* bridge - the parts of the program, for one another. Made and ended by main.c; all pointers live as long as the loop. */
#ifndef RUNSPOOL_BRIDGE_BRIDGE_H
#define RUNSPOOL_BRIDGE_BRIDGE_H

#include "bridge/metrics.h"
#include "conf/datadir.h"
#include "event/eventlog.h"
#include "model/store.h"
#include <stdbool.h>
#include <uv.h>

struct auth;
struct deflater;
struct front;
struct hub;
struct kepts;
struct poke;
struct redis;
struct tolds;
struct topics;
struct rekey;
struct signals;
struct spool_server;
struct stats;
struct stretches;
struct web;
struct worker;
struct writer;
struct ws;

struct bridge {
    uv_loop_t loop;
    struct datadir dd;      /* its settings are those of the start: the threads read them */
    struct config *config;  /* the settings in force on the loop: dd's, or newer ones (reload.h) */
    struct auth *auth;      /* by the settings in force */
    struct rekey *rekey;
    struct eventlog *log;   /* the loop's connection, for short reads */
    struct store store;     /* the same for the database: does this run exist? */
    struct metrics metrics;
    struct hub *hub;
    struct stretches *stretches; /* replays that many want */
    struct tolds *tolds;    /* answers of polls that many want */
    struct writer *writer;
    struct spool_server *spool;
    struct poke *poke;
    struct front *front;
    struct web *web;
    struct kepts *kepts;    /* polls whose connection stays open */
    struct ws *ws;
    struct deflater *deflater; /* of WebSocket messages */
    struct worker *worker;
    struct topics *topics;
    struct stats *stats;    /* NULL: calls are not counted */
    struct signals *crews;  /* how they stand */
    struct redis *redis;    /* NULL: none is set */
    uv_signal_t signals[3];
    uv_timer_t sweep;
    uint64_t started_ms;    /* loop time */
    uint64_t looked_ns;     /* when live_look looked */
    bool kicked;            /* connections of the web have been resumed, and wait for the next turn of the loop */
    int64_t received_us;    /* of what is being published: the outcome's */
    bool draining;          /* SIGTERM came: nothing new begins */
    bool drain_cut;         /* the clients' time is over */
    uint64_t drain_until_ms;
    uv_timer_t drain;
};

#endif
