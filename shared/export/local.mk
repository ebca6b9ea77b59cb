librunspool_a_SOURCES += \
  shared/export/export.c \
  shared/export/export.h \
  shared/export/log.c \
  shared/export/log.h \
  shared/export/page.c \
  shared/export/page.h \
  shared/export/pictures.c \
  shared/export/pictures.h \
  shared/export/text.c \
  shared/export/text.h \
  shared/export/work.c \
  shared/export/work.h
EXTRA_DIST += shared/export/page.css shared/export/page.js

# What is inside each exported page, as C strings.
BUILT_SOURCES += shared/export/page_css.inc shared/export/page_js.inc
CLEANFILES += shared/export/page_css.inc shared/export/page_js.inc
shared/export/page_css.inc: shared/export/page.css
	$(AM_V_GEN)$(MKDIR_P) shared/export && sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/' $(srcdir)/shared/export/page.css >$@.new && mv $@.new $@
shared/export/page_js.inc: shared/export/page.js
	$(AM_V_GEN)$(MKDIR_P) shared/export && sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n"/' $(srcdir)/shared/export/page.js >$@.new && mv $@.new $@
shared/export/page.$(OBJEXT): shared/export/page_css.inc shared/export/page_js.inc
