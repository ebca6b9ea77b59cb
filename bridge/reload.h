/* reload - SIGHUP: settings are read again, and those that can change while the bridge runs do. Threads: the loop only. */
#ifndef RUNSPOOL_BRIDGE_RELOAD_H
#define RUNSPOOL_BRIDGE_RELOAD_H

#include "bridge/bridge.h"

/* reload_settings - from the file, the environment and set ("key=value", NULL-terminated; borrowed). Settings that are not
 * good change nothing. What is logged: config.reloaded, or config.refused; and config.needs_restart for each setting that
 * was changed and stays as it was. */
void reload_settings(struct bridge *bridge, const char *const *set);
/* reload_log_level - log as the settings say. */
void reload_log_level(const struct config *config);

#endif
