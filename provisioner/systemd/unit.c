#include "systemd/unit.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include "host/cause.h"
#include "host/node.h"
#include "ssh/ssh.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So often a unit may end before its start is called failed: a server that meets its database a moment too early
 * ends once. */
#define RESTARTS_ENOUGH 4
#define STARTED         NODE_DIR "/started" /* a file for each unit: the digest of the files it was started with */

/* NOLINTNEXTLINE(readability-non-const-parameter): it is taken over */
void unit_add(struct unit *u, const char *path, const char *mode, char *text)
{
    u->files[u->n_files++] = (struct unit_file){ path, mode, text };
}

void unit_done(struct unit *u)
{
    for (size_t i = 0; i < u->n_files; i++)
        secret_free(u->files[i].text);
    u->n_files = 0;
}

void unit_add_env(struct sbuf *out, const char *name, const char *value)
{
    sbuf_addf(out, "%s=\"", name);
    for (; *value; value++) {
        if (strchr("\\\"$`", *value))
            sbuf_addch(out, '\\');
        sbuf_addch(out, *value);
    }
    sbuf_addstr(out, "\"\n");
}

void unit_digest(const struct unit *u, char ret[static 65])
{
    struct hash_sha256 *h = hash_sha256_new();

    for (size_t i = 0; i < u->n_files; i++) {
        hash_sha256_add(h, u->files[i].path, strlen(u->files[i].path) + 1);
        hash_sha256_add(h, u->files[i].text, strlen(u->files[i].text) + 1);
    }
    hash_sha256_free(h, ret);
}

/* Digests of the files there, the digest that the unit was started with, and "active" as the last line. */
static int look(struct run *r, const struct unit *u, struct ssh_result *res, struct err *e)
{
    static const char script[] = "unit=$1\nshift\n"
                                 "for f in \"$@\"; do sha256sum \"$f\" 2>/dev/null || echo missing; done\n"
                                 "cat \"" STARTED "/$unit\" 2>/dev/null || echo never\n"
                                 "systemctl is-active \"$unit\"\nexit 0\n";
    const char *args[UNIT_MAX_FILES + 2] = { u->name };
    const struct ssh_opts o = { .sudo = true, .what = "looking at a unit" };

    for (size_t i = 0; i < u->n_files; i++)
        args[i + 1] = u->files[i].path;
    return ssh_script(r->ssh, script, args, &o, res, e);
}

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

/* Bit i: file i differs; bit n: the unit does not run, or was started with other files than these. The latter is what a
 * run that ended between the files and the restart leaves, and what a file that units share leaves in the others. */
static int differences(struct run *r, const struct unit *u, unsigned *ret, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *line;
    char want[HASH_HEX];

    *ret = 0;
    if (look(r, u, &res, e) < 0)
        return -1;
    line = res.out.data;
    for (size_t i = 0; i < u->n_files; i++) {
        hash_sha256_hex(u->files[i].text, strlen(u->files[i].text), want);
        if (strncmp(line, want, HASH_HEX - 1) != 0)
            *ret |= 1U << i;
        line = next_line(line);
    }
    unit_digest(u, want);
    if (strncmp(line, want, HASH_HEX - 1) != 0 || strncmp(next_line(line), "active\n", 7) != 0)
        *ret |= 1U << u->n_files;
    return 0;
}

int unit_check(struct run *r, const struct unit *u, struct err *e)
{
    unsigned differ;

    if (differences(r, u, &differ, e) < 0)
        return -1;
    return differ == 0;
}

int unit_apply(struct run *r, const struct unit *u, struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    static const char script[] = "set -e\nsystemctl daemon-reload\nsystemctl enable --quiet \"$1\"\n"
                                 "systemctl reset-failed \"$1\" 2>/dev/null || true\n"
                                 "systemctl restart --no-block \"$1\"\n"
                                 "mkdir -p " STARTED "\nprintf '%s\\n' \"$2\" > \"" STARTED "/$1\"\n";
    char digest[HASH_HEX];
    const char *const args[] = { u->name, digest, NULL };
    const struct ssh_opts o = { .sudo = true, .what = "starting a unit" };
    unsigned differ;

    unit_digest(u, digest);
    if (differences(r, u, &differ, e) < 0)
        return -1;
    for (size_t i = 0; i < u->n_files; i++) {
        const struct ssh_file f = { u->files[i].path, u->files[i].mode, "root:root", NULL };
        if ((differ & 1U << i) && ssh_put_text(r->ssh, &f, u->files[i].text, strlen(u->files[i].text), e) < 0)
            return -1;
    }
    return differ ? ssh_script(r->ssh, script, args, &o, &res, e) : 0;
}

static void value_of(const char *text, const char *name, char *ret, size_t size)
{
    AUTO_FREE char *key = xasprintf("%s=", name);
    const char *at = strstr(text, key);

    ret[0] = '\0';
    if (at) {
        at += strlen(key);
        (void)snprintf(ret, size, "%.*s", (int)strcspn(at, "\n"), at);
    }
}

int unit_probe(struct run *r, const char *name, char why[static 256], struct err *e)
{
    AUTO_SSH_RESULT struct ssh_result res = SSH_RESULT_INIT;
    const char *const args[] = { name, NULL };
    const struct ssh_opts o = { .sudo = true, .what = "looking at a unit" };
    char active[20], sub[20], restarts[20];

    if (ssh_script(r->ssh, template_get("templates/unit-state.sh"), args, &o, &res, e) < 0)
        return -1;
    char *log = strstr(res.out.data, "---\n");
    if (!log)
        return err_set(e, ERR_REMOTE, "systemctl says nothing about '%s'", name);
    *log = '\0';
    log += 4;
    value_of(res.out.data, "ActiveState", active, sizeof(active));
    value_of(res.out.data, "SubState", sub, sizeof(sub));
    value_of(res.out.data, "NRestarts", restarts, sizeof(restarts));
    (void)snprintf(why, 256, "%.50s is %s (%s), restarted %s times; its last words: %.60s", name, active, sub, restarts,
                   cause_last_line(log));
    if (strcmp(active, "active") == 0)
        return 1;
    if (strtol(restarts, NULL, 10) < RESTARTS_ENOUGH && strcmp(active, "failed") != 0)
        return 0;
    const char *cause = cause_find(log);
    return err_set(e, ERR_REMOTE, "'%s' keeps ending (restarted %s times)%s%s; its last words: %.300s", name, restarts,
                   cause ? ": " : "", cause ? cause : "", cause_last_line(log));
}
