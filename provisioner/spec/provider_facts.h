/* What the rules of a spec must know of each provider: the one place here that knows their names. What a provider does
 * is in its own folder. */
#pragma once
#include "spec/whole.h"

struct provider_facts {
    const char *name;          /* the key under `provider:` */
    const char *const *images; /* names that machine.image may have; NULL: the host is taken as it is */
    const char *image_id;      /* how ids of its own images begin, "ami-"; NULL: it takes none */
    const char *instance_type; /* one of its instance types, for messages; NULL: machine.size may not name any */
    void (*check)(const struct whole *w); /* rules over more than one of its own fields; NULL: none */
};

extern const struct provider_facts provider_facts[]; /* one for each that is built; ends with a NULL name */
/* Of the spec's provider; NULL when it names none that is built. */
const struct provider_facts *provider_facts_of(const struct spec *s);
/* "debian-12, debian-13 and ids of its images, ami-..."; "" where the host is taken as it is. Caller frees. */
char *provider_facts_images(const struct provider_facts *f);
