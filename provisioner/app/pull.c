#include "app/pull.h"
#include "core/base64.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

#define REQUIREMENTS     "/tmp/slipway-requirements.txt"
#define MAX_REQUIREMENTS 65536 /* they travel in one argument of a command, which Linux bounds */

/* As base64, which needs no quoting. */
char *pull_write_file(const char *path, const char *text)
{
    AUTO_SBUF struct sbuf code = SBUF_INIT(1 << 20);

    base64_encode(&code, text, strlen(text));
    return xasprintf("python -c \"import base64; open('%s', 'wb').write(base64.b64decode('%s'))\"", path, code.data);
}

int pull_requirements(const char *text, json_t *pull_steps, struct err *e)
{
    if (strlen(text) > MAX_REQUIREMENTS) {
        (void)err_set(e, ERR_SPEC, "the requirements file has %zu bytes; each run of a container reads at most %d",
                      strlen(text), MAX_REQUIREMENTS);
        return err_hint(e, "bake them into an image, and name that as the deployment's 'image'");
    }
    AUTO_FREE char *write = pull_write_file(REQUIREMENTS, text);
    AUTO_FREE char *script = xasprintf("%s\npython -m pip install -q --no-input -r " REQUIREMENTS, write);
    json_t *step = json_pack("{s:{s:s}}", "prefect.deployments.steps.run_shell_script", "script", script);

    if (json_array_append_new(pull_steps, step) < 0)
        return err_set(e, ERR_INTERNAL, "the requirements cannot be put into JSON");
    return 0;
}
