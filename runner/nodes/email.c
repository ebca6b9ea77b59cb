/* email - sends a message by the mail server of the settings (smtp.url, smtp.from, ...). The sending blocks, so a
 * thread of libuv's pool does it. Output: {messageId, recipients}. */
#include "runner/beneath.h"
#include "runner/execution.h"
#include "runner/mail.h"
#include "runner/nodes/nodes.h"
#include <stdlib.h>
#include <string.h>

struct email {
    uv_work_t work;
    struct node *node;
    struct mail *mail;
    struct mail_server server;
    atomic_bool stop;
    struct fault fault;
};

static void in_thread(uv_work_t *work)
{
    struct email *email = work->data;
    if (mail_send(email->mail, &email->server, &email->stop, &email->fault) == RS_OK)
        email->fault.code = RS_OK;
}

static void on_sent(uv_work_t *work, int status)
{
    struct email *email = work->data;
    struct node *node = email->node;

    (void)status; /* cancelled: fault says so */
    if (email->fault.code) {
        bool login = email->fault.code == RS_DENIED;
        node_fail(node, login ? "input" : "exit", NULL, "%s", email->fault.message);
    } else {
        struct json_object *out = json_object_new_object();
        json_set_string(out, "messageId", mail_message_id(email->mail));
        json_set(out, "recipients", mail_recipients(email->mail));
        node_done(node, out);
    }
}

static enum rs_err attach(struct node *node, struct mail *mail, struct json_object *names, struct fault *fault)
{
    size_t n = json_object_is_type(names, json_type_array) ? json_object_array_length(names) : 0;
    enum rs_err err = RS_OK;

    for (size_t i = 0; i < n && !err; i++) {
        struct json_object *item = json_object_array_get_idx(names, i);
        const char *path = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
        const char *slash = strrchr(path, '/');
        struct stat st;
        char *data = NULL;
        size_t len;
        if ((err = beneath_read(node->x->artifacts, path, MAIL_ATTACHED_MAX, &data, &len, &st, fault)))
            break;
        if ((size_t)st.st_size > len)
            err = fault_set(fault, RS_LIMIT, "the artifact %.200s is larger than %d bytes", path, MAIL_ATTACHED_MAX);
        else
            err = mail_attach(mail, slash ? slash + 1 : path, data, len, fault);
        free(data);
    }
    return err;
}

static enum rs_err compose(struct node *node, struct email *email, struct fault *fault)
{
    const struct config *config = node->x->dd->config;
    const char *from = json_get_string(node->data, "from", NULL), *set_from = config_text(config, "smtp.from");
    struct json_object *data = node->data;
    enum rs_err err;

    email->server.url = config_text(config, "smtp.url");
    email->server.user = config_text(config, "smtp.user");
    email->server.password = config_text(config, "smtp.password");
    email->server.tls =
        config_is(config, "smtp.tls", "require") || (config_is(config, "smtp.tls", "auto") && email->server.user)
            ? MAIL_TLS_REQUIRE
        : config_is(config, "smtp.tls", "none") ? MAIL_TLS_NONE
                                                : MAIL_TLS_TRY;
    if (!email->server.url || !*email->server.url)
        return fault_set(fault, RS_INVALID, "no mail server is set: the setting smtp.url");
    if (!from || !*from)
        from = set_from;
    if (!from || !*from)
        return fault_set(fault, RS_INVALID, "the message has no sender: the setting smtp.from, or the node's `from`");
    if (!json_get_string(data, "subject", NULL))
        return fault_set(fault, RS_INVALID, "`subject` is no text, or holds a NUL byte");
    if ((err = mail_new(&email->mail, fault)) || (err = mail_from(email->mail, from, fault)) ||
        (err = mail_to(email->mail, "To", json_get(data, "to"), fault)) ||
        (err = mail_to(email->mail, "Cc", json_get(data, "cc"), fault)) ||
        (err = mail_to(email->mail, NULL, json_get(data, "bcc"), fault)) ||
        (err = mail_to(email->mail, "Reply-To", json_get(data, "replyTo"), fault)) ||
        (err = mail_subject(email->mail, json_get_string(data, "subject", ""), fault)) ||
        (err = mail_body(email->mail, json_get_string(data, "text", NULL), json_get_string(data, "html", NULL), fault)))
        return err;
    if (!mail_has_recipient(email->mail))
        return fault_set(fault, RS_INVALID, "there is no recipient");
    return attach(node, email->mail, json_get(data, "attachments"), fault);
}

void email_start(struct node *node)
{
    struct email *email = calloc(1, sizeof *email);
    struct fault fault = {0};

    if (!email)
        abort(); /* as tool_new */
    email->node = node;
    email->work.data = email;
    node->state = email;
    enum rs_err err = compose(node, email, &fault);
    if (!err && uv_queue_work(&node->x->loop, &email->work, in_thread, on_sent) != 0)
        err = fault_set(&fault, RS_IO, "cannot start a thread");
    if (err)
        node_fail(node, err == RS_LIMIT ? "limit" : "input", NULL, "%s", fault.message);
}

void email_stop(struct node *node)
{
    struct email *email = node->state;

    if (!email)
        return;
    atomic_store(&email->stop, true);
    if (uv_cancel((uv_req_t *)&email->work) == 0)
        fault_set(&email->fault, RS_CLOSED, "stopped");
}

void email_release(struct node *node)
{
    struct email *email = node->state;
    if (email)
        mail_free(email->mail);
    free(email);
}
