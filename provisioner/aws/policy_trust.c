#include "aws/endpoint.h"
#include "aws/policy.h"
#include "aws/policy_rows.h"
#include "core/mem.h"
#include "core/util.h"
#include <string.h>

#define ISSUER "token.actions.githubusercontent.com"

/* "OWNER@1/REPO@2:environment:NAME" taken apart. */
struct subject {
    char owner[40], repo[101], owner_id[24], repo_id[24]; /* ids: "" when not given */
    const char *context;                                  /* "environment:NAME", "ref:refs/heads/NAME", or "" */
};

static int refuse(struct err *e, const char *repo, const char *why)
{
    (void)err_set(e, ERR_USAGE, "--trust '%.200s' %s", repo, why);
    return err_hint(e, "write OWNER/REPO:environment:NAME (best), OWNER/REPO:ref:refs/heads/NAME or OWNER/REPO; for a "
                       "repository made after 2026-07-15 OWNER@ID/REPO@ID");
}

/* Copies the characters of `allowed` from *p to `ret`; false when there are none, or too many. */
static bool take(const char **p, const char *allowed, char *ret, size_t size)
{
    size_t n = strspn(*p, allowed);

    if (n == 0 || n >= size)
        return false;
    memcpy(ret, *p, n);
    ret[n] = '\0';
    *p += n;
    return true;
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool take_id(const char **p, char ret[static 24])
{
    ret[0] = '\0';
    if (**p != '@')
        return true;
    ++*p;
    return take(p, DIGITS, ret, 24);
}

/* GitHub writes a colon in the name of an environment as %3A, so that one cannot pass for another claim. */
static bool context_ok(const char *context)
{
    static const char *const kinds[] = { "environment:", "ref:refs/heads/", "ref:refs/tags/" };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        size_t n = strlen(kinds[i]);
        if (strncmp(context, kinds[i], n) != 0 || !context[n])
            continue;
        AUTO_JSON json_t *text = json_string(context); /* NULL when it is not UTF-8 */
        if (!text)
            return false;
        for (const char *c = context + n; *c; c++)
            if ((unsigned char)*c < ' ' || *c == ':' || *c == 0x7f)
                return false;
        return strlen(context) < 300;
    }
    return false;
}

static int take_apart(const char *repo, struct subject *ret, struct err *e)
{
    const char *p = repo;

    if (strpbrk(repo, "*?$"))
        return refuse(e, repo, "has a wildcard: every repository that it matches could act in the account");
    if (!take(&p, LETTERS DIGITS "-", ret->owner, sizeof(ret->owner)) || !take_id(&p, ret->owner_id) || *p++ != '/' ||
        !take(&p, LETTERS DIGITS "-._", ret->repo, sizeof(ret->repo)) || !take_id(&p, ret->repo_id) ||
        (*p && *p != ':'))
        return refuse(e, repo, "is no repository of GitHub");
    if (!*ret->owner_id != !*ret->repo_id)
        return refuse(e, repo, "has the id of one half only");
    ret->context = *p ? p + 1 : "";
    if (*p && !context_ok(ret->context))
        return refuse(e, repo, "ends with neither :environment:NAME nor :ref:refs/heads/NAME");
    return 0;
}

static json_t *subjects(const struct subject *s)
{
    const char *context = *s->context ? s->context : "*";
    json_t *list = json_array();

    json_array_append_new(list, json_sprintf("repo:%s/%s:%s", s->owner, s->repo, context));
    if (*s->owner_id)
        json_array_append_new(list,
                              json_sprintf("repo:%s@%s/%s@%s:%s", s->owner, s->owner_id, s->repo, s->repo_id, context));
    return list;
}

int aws_policy_trust(const struct spec *spec, const char *region, const char *repo, json_t **ret, struct err *e)
{
    struct subject s = { .context = "" };
    char account[AWS_ACCOUNT_LEN + 1];

    (void)spec;
    if (take_apart(repo, &s, e) < 0 || aws_policy_account(account, e) < 0)
        return -1;
    if (!*account) {
        (void)err_set(e, ERR_USAGE, "a trust policy names the account, and AWS_ACCOUNT_ID is not set");
        return err_hint(e, "AWS_ACCOUNT_ID=123456789012 slipway policy aws --trust '%.200s'", repo);
    }
    json_t *provider = json_sprintf("arn:%s:iam::%s:oidc-provider/" ISSUER, aws_partition(region), account);
    json_t *condition = json_pack("{s:{s:s}}", "StringEquals", ISSUER ":aud", "sts.amazonaws.com");
    const char *how = *s.context ? "StringEquals" : "StringLike";
    if (!json_object_get(condition, how))
        json_object_set_new(condition, how, json_object());
    json_object_set_new(json_object_get(condition, how), ISSUER ":sub", subjects(&s));
    *ret = json_pack("{s:s, s:[{s:s, s:s, s:{s:o}, s:s, s:o}]}", "Version", "2012-10-17", "Statement", "Sid",
                     "GitHubActions", "Effect", "Allow", "Principal", "Federated", provider, "Action",
                     "sts:AssumeRoleWithWebIdentity", "Condition", condition);
    return 0;
}
