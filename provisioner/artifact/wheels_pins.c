#include "artifact/wheels_pins.h"
#include "artifact/lockfile.h"
#include "artifact/ref.h"
#include "artifact/wheel_name.h"
#include "core/mem.h"
#include "core/template.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

#define FILES_URL "https://files.pythonhosted.org/packages/"

static const char *table_of(const char *prefect)
{
    AUTO_FREE char *path = xasprintf("templates/wheels-%s.txt", prefect);

    return template_get(path);
}

bool wheels_pinned(const char *prefect)
{
    return table_of(prefect) != NULL;
}

bool wheels_add(struct artifacts *ret, const char *group, const char *file, const char *sha256, off_t size,
                const char *url)
{
    const char *arch = wheel_arch(file);
    char name[128], version[64];

    if (!arch || !wheel_parse(file, name, version) || !ref_is_sha256(sha256))
        return false;
    struct artifact_file *f = lockfile_add_file(ret);
    f->name = xasprintf("wheel-%s", group);
    f->version = xstrdup(version);
    f->arch = xstrdup(arch);
    f->file = xstrdup(file);
    memcpy(f->sha256, sha256, sizeof(f->sha256));
    f->size = size;
    svec_add(&f->urls, url);
    return true;
}

static bool add_line(struct artifacts *ret, const char *line)
{
    char group[16], sha256[65], path[400];
    long long size;

    if (sscanf(line, "%15s %64s %lld %399s", group, sha256, &size, path) != 4)
        return false;
    const char *file = strrchr(path, '/');
    AUTO_FREE char *url = xasprintf(FILES_URL "%s", path);
    return file && wheels_add(ret, group, file + 1, sha256, size, url);
}

int wheels_pins_add(const char *prefect, struct artifacts *ret, struct err *e)
{
    const char *text = table_of(prefect);

    if (!text)
        return err_set(e, ERR_INTERNAL, "there are no built-in wheels of Prefect '%s'", prefect);
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (line[0] != '#' && !add_line(ret, line))
            return err_set(e, ERR_INTERNAL, "the built-in wheels of Prefect '%s' are damaged: '%.100s'", prefect, line);
    return 0;
}
