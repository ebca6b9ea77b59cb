# librunspool.a: what every program shares. Layers, lowest first; a lower one never includes an upper one.
noinst_LIBRARIES += librunspool.a
librunspool_a_SOURCES =
include shared/base/local.mk
include shared/conf/local.mk
include shared/store/local.mk
include shared/stats/local.mk
include shared/event/local.mk
include shared/html/local.mk
include shared/index/local.mk
include shared/http/local.mk
include shared/auth/local.mk
include shared/model/local.mk
include shared/export/local.mk
include shared/import/local.mk
include shared/dialect/local.mk
