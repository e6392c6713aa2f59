// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include "cloud/contact.h"
#include "cloud/provider.h"
#include "cloud/user_data.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/proc.h"
#include "core/util.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "ssh/key.h"
#include <string.h>
#include <sys/stat.h>

struct world {
    char dir[64];
    struct run run;
    struct spec *spec;
    struct provider provider;
};

static const char *const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

static int setup(void **state)
{
    static const char text[] = "apiVersion: slipway/v1\nname: demo\nprovider:\n  local: {}\n";
    struct world *w = xcalloc(1, sizeof(*w));
    struct err e = ERR_INIT;

    (void)snprintf(w->dir, sizeof(w->dir), "/tmp/slipway-userdata.XXXXXX");
    if (!mkdtemp(w->dir) || spec_parse("test.yaml", text, strlen(text), &w->spec, &e) < 0)
        fail_msg("setup: %s", e.msg);
    w->provider.ops = provider_find("local");
    w->run = (struct run){ .spec = w->spec, .dir = w->dir, .provider = &w->provider };
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    struct err e = ERR_INIT;

    spec_free(w->spec);
    if (fsx_remove_tree(w->dir, &e) < 0)
        fail_msg("%s", e.msg);
    free(w);
    return 0;
}

static void must(int rc, const struct err *e, const char *what)
{
    if (rc < 0)
        fail_msg("%s: %s", what, e->msg);
}

static void trust(struct world *w, const char *name, const char *pem)
{
    AUTO_FREE char *path = fsx_join(w->dir, name);
    struct err e = ERR_INIT;

    must(fsx_replace(path, pem, strlen(pem), 0644, &e), &e, "write certificate");
    svec_add(&w->spec->machine.trust, path);
}

static void schema_accepts(struct world *w)
{
    AUTO_FREE char *path = fsx_join(w->dir, "user-data");
    AUTO_SBUF struct sbuf out = SBUF_INIT(1 << 16);
    const char *const argv[] = { "cloud-init", "schema", "--config-file", path, NULL };
    const struct proc_opts o = { .out = &out, .timeout_ms = 60000 };
    struct err e = ERR_INIT;

    if (!proc_have("cloud-init"))
        fail_msg("cloud-init is not installed: apt-get install cloud-init");
    must(proc_run(argv, &o, &e), &e, "cloud-init schema");
    if (!strstr(out.data, "Valid cloud-config"))
        fail_msg("cloud-init schema said: %s", out.data);
}

static void frozen(void **state)
{
    struct world *w = *state;
    AUTO_SBUF struct sbuf first = SBUF_INIT(1 << 16), second = SBUF_INIT(1 << 16);
    AUTO_SSH_KEY struct ssh_key login = { NULL, NULL };
    AUTO_FREE char *path = fsx_join(w->dir, "user-data"), *host = NULL;
    struct err e = ERR_INIT;
    struct stat st;

    must(user_data_frozen(&w->run, &first, &e), &e, "first");
    must(user_data_frozen(&w->run, &second, &e), &e, "second");
    assert_string_equal(first.data, second.data);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);

    assert_int_equal(strncmp(first.data, "#cloud-config\n", 14), 0);
    must(contact_login_key(&w->run, &login, &e), &e, "login key");
    if (!strstr(first.data, login.public))
        fail_msg("the login key is missing");
    host = user_data_host_key(&w->run);
    assert_non_null(host);
    assert_int_equal(strncmp(host, "ecdsa-sha2-nistp256 AAAA", 24), 0);
    assert_string_not_equal(host, login.public);
    /* The login key's private half never leaves this host. */
    for (const char *p = login.pem; *p; p += strcspn(p, "\n") + 1)
        if (strncmp(p, "-----", 5) != 0 && memmem(first.data, first.len, p, strcspn(p, "\n")))
            fail_msg("the private login key is in the user data");

    must(user_data_wipe(&w->run, &e), &e, "wipe");
    assert_false(fsx_exists(path));
    assert_null(user_data_host_key(&w->run));
    must(user_data_wipe(&w->run, &e), &e, "wipe again");
    sbuf_reset(&second);
    must(user_data_frozen(&w->run, &second, &e), &e, "after the wipe");
    assert_string_not_equal(first.data, second.data);
}

static void valid(void **state)
{
    struct world *w = *state;
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 16);
    struct err e = ERR_INIT;

    must(user_data_frozen(&w->run, &text, &e), &e, "render");
    static const char *const wanted[] = { "ssh_deletekeys: true", "ssh_pwauth: false",     "disable_root: true",
                                          "lock_passwd: true",    "package_update: false", "NOPASSWD" };
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        if (!strstr(text.data, wanted[i]))
            fail_msg("'%s' is missing", wanted[i]);
    /* The same text goes to the clouds. */
    static const char *const local[] = { "nocloud", "nspawn", "qemu", "10.213", "/mnt/", "runcmd", "packages:" };
    for (size_t i = 0; i < ARRAY_LEN(local); i++)
        if (strcasestr(text.data, local[i]))
            fail_msg("'%s' does not belong into user data", local[i]);
    schema_accepts(w);
}

static void valid_with_trust(void **state)
{
    struct world *w = *state;
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 16);
    struct err e = ERR_INIT;

    trust(w, "one.pem", certificate);
    trust(w, "two.pem", certificate);
    must(user_data_frozen(&w->run, &text, &e), &e, "render");
    assert_non_null(strstr(text.data, "ca_certs:\n  trusted:\n    - \"-----BEGIN CERTIFICATE-----\\nMIIB\\n"));
    schema_accepts(w);
}

static void refused(void **state)
{
    struct world *w = *state;
    AUTO_SBUF struct sbuf text = SBUF_INIT(1 << 16), big = SBUF_INIT(1 << 16);
    AUTO_FREE char *path = fsx_join(w->dir, "user-data");
    struct err e = ERR_INIT;

    trust(w, "not.pem", "hello\n");
    assert_int_equal(user_data_frozen(&w->run, &text, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    assert_non_null(strstr(e.msg, "holds no PEM certificate"));

    while (big.len < 16 << 10)
        sbuf_addstr(&big, certificate);
    svec_done(&w->spec->machine.trust);
    w->spec->machine.trust = (struct svec)SVEC_INIT;
    trust(w, "big.pem", big.data);
    sbuf_reset(&text);
    e = (struct err)ERR_INIT;
    assert_int_equal(user_data_frozen(&w->run, &text, &e), -1);
    assert_int_equal(e.code, ERR_SPEC);
    assert_non_null(strstr(e.msg, "clouds take less"));
    assert_false(fsx_exists(path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(frozen, setup, teardown),
        cmocka_unit_test_setup_teardown(valid, setup, teardown),
        cmocka_unit_test_setup_teardown(valid_with_trust, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
