#include "artifact/wheels.h"
#include "artifact/wheels_batch.h"
#include "core/util.h"

int wheels_fetch(const struct artifacts *a, const struct artifact_file *const *files, size_t n, struct clock *clock,
                 struct ui *ui, struct svec *ret_paths, struct err *e)
{
    if (wheels_batch(a, files, n, clock, ui, e) < 0)
        return err_wrap(e, "wheels");
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *path = NULL;
        if (artifacts_fetch(a, files[i], clock, ui, &path, e) < 0)
            return -1;
        svec_add(ret_paths, path);
    }
    return 0;
}
