librunspool_a_SOURCES += \
  shared/store/db.c \
  shared/store/db.h \
  shared/store/db_sqlite.c \
  shared/store/driver.h \
  shared/store/migrations.c
