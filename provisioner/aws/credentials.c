#include "aws/credentials_source.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

/* botocore: _DEFAULT_ADVISORY_REFRESH_TIMEOUT and its mandatory sibling. Sets that live shorter than that are not
 * fetched anew for every request. */
enum { ADVISED_MS = 15 * 60 * 1000, DEMANDED_MS = 10 * 60 * 1000, PAUSE_MS = 60 * 1000, ABSENT_MAX = 2000 };

const struct aws_source aws_source_table[] = {
    { "environment", "Environment", false, false, aws_source_env },
    { "role of a profile", NULL, false, true, aws_source_assume_role },
    { "web identity", NULL, true, true, aws_source_web_identity },
    { "SSO", NULL, true, true, aws_source_sso },
    { "shared credentials file", NULL, true, false, aws_source_shared_file },
    { "login session", NULL, true, false, aws_source_login },
    { "credential_process", NULL, true, true, aws_source_process },
    { "config file", NULL, true, false, aws_source_config_file },
    { "container", "EcsContainer", false, true, aws_source_container },
    { "instance metadata", "Ec2InstanceMetadata", false, true, aws_source_imds },
    { NULL, NULL, false, false, NULL },
};

struct aws_chain {
    struct aws_chain_opts o;
    const struct aws_source *source; /* where `have` came from; NULL: not looked yet */
    struct aws_credentials have;
    bool refused;     /* the service did not take `have` */
    int64_t again_ms; /* wall clock: not before this, unless expired */
};

void aws_credentials_done(struct aws_credentials *c)
{
    secret_free(c->key_id);
    secret_free(c->secret);
    secret_free(c->session);
    free(c->source);
    *c = (struct aws_credentials){ .key_id = NULL };
}

struct aws_chain *aws_chain_new(const struct aws_chain_opts *o)
{
    struct aws_chain *c = xcalloc(1, sizeof(*c));

    c->o = *o;
    return c;
}

void aws_chain_free(struct aws_chain *c)
{
    if (!c)
        return;
    aws_credentials_done(&c->have);
    free(c);
}

int aws_source_walk_profile(const struct aws_look *l, struct aws_credentials *ret, struct err *e)
{
    for (const struct aws_source *s = aws_source_table; s->name; s++) {
        int rc = s->of_profile ? s->get(l, ret, e) : 0;
        if (rc)
            return rc;
    }
    return 0;
}

static int check_profile(const struct aws_profiles *p, struct err *e)
{
    const char *name = aws_profiles_name(p);

    if (!aws_profiles_named(p) || aws_profiles_has(p, name))
        return 0;
    (void)err_set(e, ERR_AUTH, "the profile '%s' is neither in %s nor in %s", name,
                  aws_profiles_file(p, AWS_PROFILE_CONFIG), aws_profiles_file(p, AWS_PROFILE_CREDENTIALS));
    return err_hint(e, "AWS_PROFILE or AWS_DEFAULT_PROFILE names it; `aws configure list-profiles` shows those there");
}

static int none_found(const struct sbuf *absent, struct err *e)
{
    (void)err_set(e, ERR_AUTH, "no AWS credentials found: %s", absent->data);
    return err_hint(e, "run `aws configure`, or name a profile in AWS_PROFILE; in GitHub Actions give the job "
                       "`id-token: write` and set AWS_ROLE_ARN");
}

/* From where they came the first time, else from the first place that has some. */
static int look(const struct aws_chain *c, const struct aws_source **source, struct aws_credentials *ret, struct err *e)
{
    AUTO_SBUF struct sbuf absent = SBUF_INIT(ABSENT_MAX);
    const struct aws_look l = { &c->o, aws_profiles_name(c->o.profiles), true, &absent };
    struct clock *clock = c->o.clock;
    int rc = 0;

    if (check_profile(c->o.profiles, e) < 0)
        return -1;
    const struct aws_source *s = *source ? *source : aws_source_table;
    for (; s->name && rc == 0; s += rc == 0) {
        rc = s->get(&l, ret, e);
        if (*source && rc == 0)
            return err_set(e, ERR_AUTH, "%s: there are none any more: %s", s->name, absent.data);
    }
    if (rc <= 0)
        return rc < 0 ? -1 : none_found(&absent, e);
    if (ret->expires_ms && ret->expires_ms <= clock->wall_ms(clock)) {
        char until[21];
        clock_iso8601(ret->expires_ms, until);
        (void)err_set(e, ERR_AUTH, "%s: the credentials have expired, at %s", ret->source, until);
        aws_credentials_done(ret);
        return err_hint(e, "renew them there; if they are new, look at this host's clock");
    }
    *source = s;
    return 0;
}

static int fetch(struct aws_chain *c, struct err *e)
{
    struct aws_credentials fresh = { .key_id = NULL };
    const struct aws_source *source = c->source;

    if (look(c, &source, &fresh, e) < 0)
        return -1;
    aws_credentials_done(&c->have);
    c->have = fresh;
    c->source = source;
    c->refused = false;
    ui_debug(c->o.ui, "AWS credentials: %s, key %s", fresh.source, fresh.key_id);
    return 0;
}

int aws_chain_get(struct aws_chain *c, const struct aws_credentials **ret, struct err *e)
{
    int64_t now = c->o.clock->wall_ms(c->o.clock), left = c->have.expires_ms - now;
    bool must = !c->source || c->refused;

    if (!must && c->have.expires_ms)
        must = left <= 0 || (left < DEMANDED_MS && now >= c->again_ms);
    bool may = !must && c->have.expires_ms && left < ADVISED_MS && now >= c->again_ms;
    if (must || may) {
        if (fetch(c, e) == 0 || may)
            c->again_ms = now + PAUSE_MS;
        else
            return -1;
    }
    if (may && e->code == ERR_CANCELED)
        return -1;
    if (may && e->code) {
        ui_warn(c->o.ui, "AWS credentials end in %lld min and could not be renewed yet: %s", (long long)left / 60000,
                e->msg);
        err_clear(e);
    }
    *ret = &c->have;
    return 0;
}

bool aws_chain_expire(struct aws_chain *c)
{
    if (!c->source || !c->source->renews)
        return false;
    c->refused = true;
    return true;
}
