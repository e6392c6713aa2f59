/* What the machine shall be, held to what the provider has. */
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "spec/provider_facts.h"
#include <inttypes.h>

static void disk(const struct whole *w)
{
    const struct spec *s = w->s;
    int64_t size = s->prefect.server.database.size_gib;

    if (w->runtime_known && strcmp(s->runtime, "k3s") == 0 && size >= s->machine.disk_gib)
        whole_say(w, "prefect.server.database.size_gib",
                  "is %" PRId64 ", but the whole disk ('machine.disk_gib') has %" PRId64
                  "; make the disk larger or the database smaller",
                  size, s->machine.disk_gib);
}

static void size(const struct whole *w, const struct provider_facts *facts)
{
    const char *given = w->s->machine.size;

    if (facts->instance_type || !strchr(given, '.')) /* of the three forms only an instance type has a dot */
        return;
    if (facts->images)
        whole_say(w, "machine.size",
                  "is %s, an instance type, and provider %s has none; write auto, or vCPUs x GiB of memory such as 2x4",
                  given, facts->name);
    else
        whole_say(w, "machine.size", "is %s, but provider %s takes the host as it is; remove it", given, facts->name);
}

static bool is_image_id(const char *image)
{
    for (const struct provider_facts *f = provider_facts; f->name; f++) {
        if (f->image_id && strncmp(image, f->image_id, strlen(f->image_id)) == 0)
            return true;
    }
    return false;
}

static void image(const struct whole *w, const struct provider_facts *facts)
{
    const char *given = w->s->machine.image;
    bool id = is_image_id(given),
         has = id && facts->image_id && strncmp(given, facts->image_id, strlen(facts->image_id)) == 0;

    if (!facts->images && id)
        whole_say(w, "machine.image", "is %s, but provider %s takes the host as it is; remove it", given, facts->name);
    for (const char *const *name = facts->images; name && *name; name++)
        has = has || strcmp(*name, given) == 0;
    if (!facts->images || has)
        return;
    AUTO_FREE char *list = provider_facts_images(facts);
    whole_say(w, "machine.image", "is %s, which provider %s does not have; it has: %s", given, facts->name, list);
}

void whole_warn_of_everywhere(const struct whole *w)
{
    const struct yt_node *list = whole_node(w, "access.ssh_from", YT_LIST);

    for (size_t i = 0; list && i < list->n; i++) {
        const char *text = list->items[i]->kind == YT_SCALAR ? list->items[i]->text : "";
        const char *slash = strchr(text, '/');
        AUTO_FREE char *path = xasprintf("access.ssh_from[%zu]", i);
        if (slash && strcmp(slash, "/0") == 0)
            whole_warn(w, path,
                       "is %s: the whole internet may try to log in by SSH; name the ranges that you log in "
                       "from, or auto",
                       text);
    }
}

void whole_check_machine(const struct whole *w)
{
    const struct provider_facts *facts = provider_facts_of(w->s);

    if (!facts)
        return;
    if (facts->images)
        disk(w);
    size(w, facts);
    image(w, facts);
    if (facts->check)
        facts->check(w);
}
