#include "aws/client.h"
#include <stdlib.h>
#include <string.h>

#include "aws/client_internal.h"
#include "aws/endpoint.h"
#include "aws/xml.h"
#include "core/jsonx.h"
#include "core/util.h"

enum { BODY_MAX = 256 << 10, PAGES_MAX = 1000 };

static const char *nonempty(const char *s)
{
    return s && *s ? s : NULL;
}

static int find_region(struct aws_client *c, const char *given, struct err *e)
{
    const char *region = nonempty(given);

    if (!region)
        region = nonempty(getenv("AWS_REGION"));
    if (!region)
        region = nonempty(getenv("AWS_DEFAULT_REGION"));
    if (!region)
        region = nonempty(aws_profiles_value(c->profiles, "region"));
    if (!region) {
        (void)err_set(e, ERR_SPEC,
                      "the region is named nowhere: neither provider.aws.region, nor AWS_REGION, nor the "
                      "profile '%s'",
                      aws_profiles_name(c->profiles));
        return err_hint(e, "set provider.aws.region, for example to eu-central-1");
    }
    if (strlen(region) >= sizeof(c->region))
        return err_set(e, ERR_SPEC, "'%s' is not the name of a region", region);
    (void)snprintf(c->region, sizeof(c->region), "%s", region);
    return 0;
}

int aws_client_new(struct aws_client **ret, const char *region, struct clock *clock, struct ui *ui, struct err *e)
{
    struct aws_client *c = xcalloc(1, sizeof(*c));
    char endpoint[512];
    const char *ca;

    c->clock = clock;
    c->ui = ui;
    /* The endpoint is only asked for to see whether region and settings make one. */
    if (aws_profiles_load(&c->profiles, e) < 0 || find_region(c, region, e) < 0 ||
        aws_endpoint(c->profiles, "ec2", c->region, endpoint, e) < 0) {
        aws_client_free(c);
        return -1;
    }
    ca = nonempty(getenv("AWS_CA_BUNDLE"));
    c->http = http_new_ca(clock, ca ? ca : aws_profiles_value(c->profiles, "ca_bundle"));
    *ret = c;
    return 0;
}

void aws_client_free(struct aws_client *c)
{
    if (!c)
        return;
    aws_chain_free(c->chain);
    http_free(c->http);
    aws_profiles_free(c->profiles);
    free(c);
}

const char *aws_client_region(const struct aws_client *c)
{
    return c->region;
}

const char *aws_client_source(const struct aws_client *c)
{
    return c->source;
}

const struct aws_failure *aws_client_failure(const struct aws_client *c)
{
    return &c->failure;
}

static int find_action(const char *name, enum aws_protocol protocol, unsigned flags, const struct aws_action **ret,
                       struct err *e)
{
    *ret = aws_action_find(name);
    if (!*ret || (*ret)->protocol != protocol || ((flags & AWS_DRY_RUN) && !(*ret)->dry_run))
        return err_set(e, ERR_INTERNAL, "'%s' is not in the table of calls, or not like this", name);
    return 0;
}

int aws_call(struct aws_client *c, const char *action, const struct aws_query *q, unsigned flags, json_t **reply,
             struct err *e)
{
    AUTO_AWS_QUERY struct aws_query all = { SBUF_INIT(BODY_MAX) };
    struct aws_request r = { .flags = flags };

    if (find_action(action, AWS_QUERY, flags, &r.action, e) < 0)
        return -1;
    aws_query_add(&all, "Action", aws_action_wire(r.action));
    aws_query_add(&all, "Version", r.action->version);
    if (flags & AWS_DRY_RUN)
        aws_query_add(&all, "DryRun", "true");
    if (q && q->body.len) {
        sbuf_addch(&all.body, '&');
        sbuf_add(&all.body, q->body.data, q->body.len);
    }
    if ((q && sbuf_check(&q->body, action, e) < 0) || sbuf_check(&all.body, action, e) < 0)
        return -1;
    r.body = all.body.data;
    return aws_client_exchange(c, &r, reply, e);
}

int aws_call_json(struct aws_client *c, const char *action, const json_t *args, json_t **reply, struct err *e)
{
    AUTO_SECRET char *body = args ? jsonx_text(args, 0) : xstrdup("{}");
    struct aws_request r = { .body = body };

    if (find_action(action, AWS_JSON, 0, &r.action, e) < 0)
        return -1;
    return aws_client_exchange(c, &r, reply, e);
}

/* EC2 calls it NextToken, Elastic Load Balancing Marker. */
static const char *next_page(const json_t *page, const char **key)
{
    const char *token = jsonx_str(page, "nextToken");

    *key = "NextToken";
    if (!*token) {
        token = aws_xml_any(page, "NextMarker");
        *key = "Marker";
    }
    return token;
}

int aws_call_all(struct aws_client *c, const char *action, const struct aws_query *q, const char *set, json_t **ret,
                 struct err *e)
{
    AUTO_JSON json_t *all = json_array();
    AUTO_JSON json_t *page = NULL;
    const char *token = "", *key = NULL;

    for (int n = 0; n == 0 || *token; n++) {
        AUTO_AWS_QUERY struct aws_query more = { SBUF_INIT(BODY_MAX) };
        if (n == PAGES_MAX)
            return err_set(e, ERR_REMOTE, "%s in '%s': more than %d pages", action, c->region, PAGES_MAX);
        if (q)
            sbuf_add(&more.body, q->body.data, q->body.len);
        if (*token)
            aws_query_add(&more, key, token);
        json_decref(page);
        page = NULL;
        if (aws_call(c, action, &more, 0, &page, e) < 0)
            return -1;
        json_t *items = jsonx_get(page, set);
        if (!items)
            return err_set(e, ERR_REMOTE, "%s in '%s': the answer lacks '%s'", action, c->region, set);
        if (json_is_array(items))
            (void)json_array_extend(all, items);
        token = next_page(page, &key);
    }
    *ret = TAKE_PTR(all);
    return 0;
}
