#include "app/manifest.h"
#include "core/hash.h"
#include "core/mem.h"
#include "core/util.h"
#include "kube/kubectl.h"
#include "step/journal.h"
#include <string.h>

int manifest_check(struct run *r, const char *key, const char *text, const char *kind, const char *name,
                   enum step_state *ret, struct err *e)
{
    AUTO_FREE char *fact = xasprintf("manifest.%s", key);
    AUTO_JSON json_t *object = NULL;
    char digest[HASH_HEX];

    *ret = STEP_TODO;
    hash_sha256_hex(text, strlen(text), digest);
    if (strcmp(journal_str(r->journal, fact), digest) != 0)
        return 0;
    if (kubectl_object(r, kind, name, &object, e) < 0)
        return -1;
    if (object)
        *ret = STEP_DONE;
    return 0;
}

int manifest_apply(struct run *r, const char *key, const char *text, struct err *e)
{
    AUTO_FREE char *fact = xasprintf("manifest.%s", key);
    char digest[HASH_HEX];

    if (kubectl_apply(r, text, key, e) < 0)
        return -1;
    hash_sha256_hex(text, strlen(text), digest);
    return journal_set(r->journal, fact, json_string(digest), e);
}
