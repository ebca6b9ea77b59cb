# The text index: what uses it links $(XML_LIBS).
librunspool_a_SOURCES += \
  shared/index/ignore.c shared/index/ignore.h \
  shared/index/search.c \
  shared/index/split.c shared/index/split.h \
  shared/index/textindex.c shared/index/textindex.h shared/index/textindex_db.h \
  shared/index/update.c
