#include "cmd/command.h"
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "plan/providers.h"
#include "spec/spec.h"
#include "ssh/key.h"
#include "step/state.h"
#include <stdio.h>

/* The key that slipway logs in with where the spec names no identity. */
static int own_key(struct ssh_key *key, struct err *e)
{
    AUTO_FREE char *home = state_home();

    if (state_make_dir(home, e) < 0 || ssh_key_ensure(home, "id_ecdsa", key, e) < 0)
        return err_wrap(e, "slipway's own SSH key");
    return 0;
}

static void print_next(const char *path, const char *public_key)
{
    printf("wrote %s\n\n", path);
    if (public_key)
        printf("Let slipway log in: add this line to ~/.ssh/authorized_keys of the host's user.\n\n  %s slipway\n\n"
               "Then fill in host and host_key in %s. The key that the host must show, read on the host itself:\n\n"
               "  ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub\n\n",
               public_key, path);
    AUTO_FREE char *file = strcmp(path, "slipway.yaml") == 0 ? xstrdup("") : xasprintf(" -f %s", path);
    printf("Next: slipway validate%s, slipway plan%s, slipway bootstrap%s\n", file, file, file);
}

int cmd_init(struct app *app, struct err *e)
{
    const char *path = app->opt[OPT_FILE] ? app->opt[OPT_FILE] : "slipway.yaml";
    const char *provider = app->opt[OPT_PROVIDER] ? app->opt[OPT_PROVIDER] : "local";
    const char *name = app->opt[OPT_NAME] ? app->opt[OPT_NAME] : "demo";
    AUTO_SSH_KEY struct ssh_key key = { NULL, NULL };
    AUTO_FREE char *text = spec_commented(provider, name, e);

    if (!text)
        return -1;
    if (!app->opt[OPT_FORCE] && fsx_exists(path)) {
        (void)err_set(e, ERR_CONFLICT, "'%s' is already there", path);
        return err_hint(e, "--force overwrites it, -f writes another file");
    }
    const struct provider_ops *ops = provider_find(provider);
    /* A host that exists must be told of the key; a machine of ours gets its own. */
    if (ops && !ops->own_machine && own_key(&key, e) < 0)
        return -1;
    if (fsx_replace(path, text, strlen(text), 0644, e) < 0)
        return -1;
    if (app->json)
        return app_print_json(json_pack("{s:s, s:s, s:s, s:s?}", "file", path, "provider", provider, "name", name,
                                        "public_key", key.public),
                              e);
    print_next(path, key.public);
    return 0;
}
