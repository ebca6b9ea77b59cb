#include "cli/up.h"
#include "auth/auth.h"
#include "conf/config.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum rs_err conf_default_text(struct buf *out)
{
    buf_puts(out,
             "# runspool.conf: settings of the Runspool instance in this directory, see runspool.conf(5).\n"
             "# Each is shown with its default; remove the # before a line to change it. `runspool config` prints\n"
             "# what is in force. Changes count from the next start of a part: runspool restart bridge|runner|web.\n");
    for (unsigned i = 0; i < config_n_settings; i++) {
        const struct config_setting *s = &config_settings[i];
        buf_printf(out, "\n# %s\n# %s =%s%s\n", s->help, s->key, s->fallback ? " " : "",
                   s->fallback ? s->fallback : "");
    }
    return out->err;
}

enum rs_err conf_check(const struct datadir *dd, struct fault *fault)
{
    struct auth *auth = NULL;
    enum rs_err err = auth_open(dd, dd->config, &auth, fault);
    auth_free(auth);
    return err;
}

enum rs_err setting_variable(const char *setting, char name[128], const char **ret_value)
{
    const char *equals = strchr(setting, '=');
    size_t len = equals ? (size_t)(equals - setting) : 0;
    if (!len || len + sizeof("RUNSPOOL_") > 128)
        return RS_INVALID;
    strcpy(name, "RUNSPOOL_");
    for (size_t i = 0; i < len; i++)
        name[9 + i] = setting[i] == '.' ? '_' : (char)toupper((unsigned char)setting[i]);
    name[9 + len] = '\0';
    *ret_value = equals + 1;
    return RS_OK;
}
