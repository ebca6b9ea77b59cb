# runspool-bridge: spool socket -> event log -> WebSocket, SSE, long poll.
# All but main.c is a library, so that tests can link its parts.
noinst_LIBRARIES += bridge/libbridge.a
bridge_libbridge_a_SOURCES = \
  bridge/bridge.h \
  bridge/options.c bridge/options.h \
  bridge/drain.c bridge/drain.h \
  bridge/count.c bridge/count.h \
  bridge/listener.c bridge/listener.h \
  bridge/http_head.c bridge/http_head.h bridge/head_texts.c bridge/head_texts.h \
  bridge/front.c bridge/front.h bridge/handshake.c bridge/handshake.h \
  bridge/request.c bridge/request.h \
  bridge/assist.c bridge/assist.h bridge/assist_job.c bridge/assist_job.h \
  bridge/ws.c bridge/ws.h bridge/ws_message.c bridge/ws_message.h bridge/door_ws.c bridge/door_ws.h \
  bridge/ws_sockets.c bridge/ws_sockets.h \
  bridge/web.c bridge/web.h bridge/web_answer.c bridge/exchange.c bridge/exchange.h \
  bridge/epoll_set.c bridge/epoll_set.h bridge/kept.c bridge/kept.h bridge/kept_answer.c bridge/kept_answer.h \
  bridge/turns.c bridge/turns.h \
  bridge/door.h bridge/door_sse.c bridge/door_poll.c \
  bridge/hub.c bridge/hub.h bridge/group.c bridge/group.h \
  bridge/subscriber.c bridge/subscriber.h bridge/replay.c bridge/replay.h \
  bridge/stretch.c bridge/stretch.h bridge/told.c bridge/told.h \
  bridge/frame.c bridge/frame.h \
  bridge/pack.c bridge/pack.h \
  bridge/deflate.c bridge/deflate.h bridge/deflate_offer.c bridge/deflate_offer.h \
  bridge/gzip.c bridge/gzip.h bridge/accept_encoding.c bridge/accept_encoding.h \
  bridge/native.c bridge/native.h bridge/native_job.c bridge/native_job.h \
  bridge/native_message.c bridge/native_message.h bridge/native_answer.c bridge/native_answer.h \
  bridge/spool_server.c bridge/spool_server.h bridge/lines.c bridge/lines.h \
  bridge/writer.c bridge/writer.h bridge/ingest.c bridge/ingest.h bridge/draft.c bridge/draft.h bridge/peer.c \
  bridge/poke.c bridge/poke.h bridge/waker.c bridge/waker.h \
  bridge/rekey.c bridge/rekey.h \
  bridge/renew.c bridge/renew.h \
  bridge/reload.c bridge/reload.h \
  bridge/upkeep.c bridge/upkeep.h bridge/checkpointer.c bridge/checkpointer.h \
  bridge/topic.c bridge/topic.h bridge/topic_shown.c bridge/topic_shown.h \
  bridge/redis.h bridge/redis_message.c bridge/redis_message.h bridge/redis_link.h \
  bridge/signals.c bridge/signals.h \
  bridge/worker.c bridge/worker.h \
  bridge/limits.c bridge/limits.h bridge/live.c bridge/live.h \
  bridge/metrics.c bridge/metrics.h bridge/sample.c bridge/sample.h \
  bridge/views.c bridge/views.h
if REDIS
bridge_libbridge_a_SOURCES += bridge/redis.c bridge/redis_link.c
else
bridge_libbridge_a_SOURCES += bridge/redis_none.c
endif

sbin_PROGRAMS += bridge/runspool-bridge
bridge_runspool_bridge_SOURCES = bridge/main.c
bridge_runspool_bridge_LDADD = bridge/libbridge.a $(SHARED_LIBS) $(LWS_LIBS) $(MHD_LIBS) $(UV_LIBS) $(HIREDIS_LIBS) $(MSGPACK_LIBS) $(ZLIB_LIBS)
