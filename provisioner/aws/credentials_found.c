#include "aws/credentials_source.h"
#include "core/jsonx.h"
#include "core/mem.h"
#include "core/util.h"
#include <ctype.h>
#include <stdarg.h>
#include <string.h>

const char *aws_env(const char *name)
{
    const char *value = getenv(name);

    return value && *value ? value : NULL;
}

const char *aws_look_value(const struct aws_look *l, const char *key)
{
    const char *value = aws_profiles_of(l->o->profiles, l->profile, key);

    return value && *value ? value : NULL;
}

int aws_absent(const struct aws_look *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    AUTO_FREE char *clause = xvasprintf(fmt, ap);
    va_end(ap);
    sbuf_addf(l->absent, "%s%s", l->absent->len ? "; " : "", clause);
    return 0;
}

/* Keys and tokens are one word each; a line break in one would become a header of its own. */
static bool is_word(const char *text)
{
    for (; *text; text++)
        if (!isgraph((unsigned char)*text))
            return false;
    return true;
}

int aws_found(const struct aws_look *l, struct aws_credentials *ret, const char *source, const char *key_id,
              const char *secret, const char *session, struct err *e)
{
    const struct {
        const char *name, *value;
        bool needed;
    } parts[] = { { "access key id", key_id, true },
                  { "secret access key", secret, true },
                  { "session token", session, false } };

    if (secret)
        ui_secret(l->o->ui, secret);
    if (session)
        ui_secret(l->o->ui, session);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (parts[i].needed && (!parts[i].value || !*parts[i].value))
            return err_set(e, ERR_AUTH, "%s: the %s is missing", source, parts[i].name);
        if (parts[i].value && !is_word(parts[i].value))
            return err_set(e, ERR_AUTH, "%s: the %s holds a blank or a line break", source, parts[i].name);
    }
    *ret = (struct aws_credentials){ .key_id = xstrdup(key_id),
                                     .secret = xstrdup(secret),
                                     .session = session && *session ? xstrdup(session) : NULL,
                                     .source = xstrdup(source) };
    return 1;
}

/* "Z", "UTC", "+01:00", "-0800" or nothing: seconds east of UTC. */
static int parse_zone(const char *text, int64_t *ret)
{
    int hours, minutes, n = 0;
    char sign;

    *ret = 0;
    if (!*text || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0 || strcmp(text, "UTC") == 0)
        return 0;
    if ((sscanf(text, "%c%2d:%2d%n", &sign, &hours, &minutes, &n) != 3 &&
         sscanf(text, "%c%2d%2d%n", &sign, &hours, &minutes, &n) != 3) ||
        text[n] || !strchr("+-", sign))
        return -1;
    *ret = (sign == '-' ? -60 : 60) * (60 * (int64_t)hours + minutes);
    return 0;
}

int aws_time_parse(const char *text, int64_t *ret_ms)
{
    struct tm t = { 0 };
    int64_t east;
    char between;
    int n = 0;

    if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &between, &t.tm_hour, &t.tm_min,
               &t.tm_sec, &n) != 7 ||
        !strchr("Tt ", between) || t.tm_year < 1970 || t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31)
        return -1;
    text += n;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    if (parse_zone(text, &east) < 0)
        return -1;
    t.tm_year -= 1900;
    t.tm_mon--;
    *ret_ms = ((int64_t)timegm(&t) - east) * 1000;
    return 0;
}

int aws_found_until(struct aws_credentials *ret, const char *time, struct err *e)
{
    if (aws_time_parse(time, &ret->expires_ms) == 0)
        return 1;
    (void)err_set(e, ERR_AUTH, "%s: the expiry '%.40s' is not a time", ret->source, time);
    aws_credentials_done(ret);
    return -1;
}

int aws_found_json(const struct aws_look *l, struct aws_credentials *ret, const char *source, const json_t *object,
                   const char *token, struct err *e)
{
    const char *until = jsonx_str(object, "Expiration");

    if (aws_found(l, ret, source, jsonx_str(object, "AccessKeyId"), jsonx_str(object, "SecretAccessKey"),
                  jsonx_str(object, token), e) < 0)
        return -1;
    return *until ? aws_found_until(ret, until, e) : 1;
}
