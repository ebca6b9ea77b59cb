# Text of the web: what uses it links $(XML_LIBS).
librunspool_a_SOURCES += \
  shared/html/charset.c shared/html/charset.h \
  shared/html/html.c shared/html/html.h
