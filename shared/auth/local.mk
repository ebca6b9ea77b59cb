librunspool_a_SOURCES += \
  shared/auth/auth.c shared/auth/auth.h \
  shared/auth/claims.c shared/auth/claims.h \
  shared/auth/credential.c shared/auth/credential.h \
  shared/auth/keys.c shared/auth/keys.h \
  shared/auth/remote.c shared/auth/remote.h \
  shared/auth/public_key.c shared/auth/public_key.h \
  shared/auth/ticket.c shared/auth/ticket.h \
  shared/auth/token.c shared/auth/token.h
