#include "spec/provider_facts.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "core/util.h"
#include "spec/check_aws.h"

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

const struct provider_facts provider_facts[] = {
    { .name = "local", .images = WORDS("debian-12") },
    { .name = "ssh" },
    { .name = "aws",
      .images = WORDS("debian-12", "debian-13", "ubuntu-24.04"),
      .image_id = "ami-",
      .instance_type = "t3.large",
      .check = check_aws },
    { .name = NULL },
};

const struct provider_facts *provider_facts_of(const struct spec *s)
{
    for (const struct provider_facts *f = provider_facts; s->provider && f->name; f++) {
        if (strcmp(f->name, s->provider) == 0)
            return f;
    }
    return NULL;
}

char *provider_facts_images(const struct provider_facts *f)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(512);

    for (size_t i = 0; f->images && f->images[i]; i++)
        sbuf_addf(&out, "%s%s", i ? ", " : "", f->images[i]);
    if (f->image_id)
        sbuf_addf(&out, "%sids of its images, %s...", out.len ? " and " : "", f->image_id);
    return sbuf_take(&out);
}
