#include "core/wait.h"

int wait_for(const struct wait *w, struct clock *c, struct ui *ui, wait_probe *probe, void *ctx, struct err *e)
{
    char why[256] = "";
    int64_t begin = c->mono_ms(c);

    for (;;) {
        int rc = probe(ctx, why, e);
        if (rc > 0)
            return 0;
        if (rc < 0)
            return err_wrap(e, "%s", w->name);
        ui_note(ui, "%s: %s", w->name, why);
        int64_t now = c->mono_ms(c);
        if (now >= w->deadline_ms)
            return err_set(e, ERR_TIMEOUT, "%s: not after %lld s; last seen: %s", w->name,
                           (long long)((now - begin) / 1000), *why ? why : "nothing");
        int64_t left = w->deadline_ms - now;
        rc = c->sleep_ms(c, left < w->every_ms ? left : w->every_ms, e);
        c->waited_ms += c->mono_ms(c) - now;
        if (rc < 0)
            return err_wrap(e, "%s", w->name);
    }
}
