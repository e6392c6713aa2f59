#include "core/util.h"
#include "spec/yaml_tree.h"
#include <errno.h>
#include <math.h>
#include <strings.h>

static bool one_of(const char *s, const char *const *words)
{
    for (; *words; words++) {
        if (strcmp(s, *words) == 0)
            return true;
    }
    return false;
}

static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
static const char *const bools[] = { "true", "True", "TRUE", "false", "False", "FALSE", NULL };

static bool is_old_bool(const char *s)
{
    static const char *const words[] = { "yes", "no", "on", "off", NULL };

    for (const char *const *w = words; *w; w++) {
        if (strcasecmp(s, *w) == 0)
            return true;
    }
    return false;
}

static size_t span_sign(const char *s)
{
    return *s == '-' || *s == '+';
}

/* Digits with the underscores that YAML 1.1 allows, 0x, 0o and 0b forms, and leading zeros. */
static bool is_odd_number(const char *s)
{
    const char *d = s + span_sign(s);
    size_t digits = strspn(d, "0123456789_");

    if (d[0] == '0' && d[1] && strchr("xX", d[1]))
        return d[2] && d[2 + strspn(d + 2, "0123456789abcdefABCDEF_")] == '\0';
    if (d[0] == '0' && d[1] && strchr("oObB", d[1]))
        return d[2] && d[2 + strspn(d + 2, "01234567_")] == '\0';
    if (d[digits] == '\0' && *d >= '0' && *d <= '9')
        return strchr(d, '_') || (d[0] == '0' && digits > 1) || *s == '+';
    return strcasecmp(d, ".inf") == 0 || strcasecmp(s, ".nan") == 0;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   YAML 1.2, 10.3.2 */
static bool is_number(const char *s, bool *ret_float)
{
    const char *p = s + span_sign(s);
    size_t whole = strspn(p, "0123456789"), part = 0;

    *ret_float = p[whole] != '\0';
    p += whole;
    if (*p == '.') {
        part = strspn(++p, "0123456789");
        p += part;
    }
    if (whole + part == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += span_sign(p);
        size_t exponent = strspn(p, "0123456789");
        if (!exponent)
            return false;
        p += exponent;
    }
    return *p == '\0';
}

static bool loses_zero(const char *s)
{
    const char *dot = strchr(s, '.');
    size_t n = strlen(s);

    return dot && !strpbrk(s, "eE") && n - (size_t)(dot - s) > 2 && s[n - 1] == '0';
}

static enum yt_class classify_number(const char *s, bool is_float, const char **why)
{
    errno = 0;
    if (!is_float) {
        (void)strtoll(s, NULL, 10);
        if (errno != ERANGE)
            return YT_INT;
        *why = "is a number beyond 64 bits; put it in quotes if it is text";
        return YT_TRAP;
    }
    if (!isfinite(strtod(s, NULL))) {
        *why = "is a number too large to hold; put it in quotes if it is text";
        return YT_TRAP;
    }
    if (loses_zero(s)) {
        *why = "is a number to YAML and loses its last zero; put a version in quotes";
        return YT_TRAP;
    }
    return YT_FLOAT;
}

enum yt_class yt_classify(const struct yt_node *n, const char **why)
{
    const char *unused, *s = n->text;
    bool is_float;

    if (!why)
        why = &unused;
    if (!n->plain)
        return YT_STRING;
    if (one_of(s, nulls))
        return YT_NULL;
    if (one_of(s, bools))
        return YT_BOOL;
    if (is_old_bool(s)) {
        *why = "is a boolean to some YAML readers and text to others; write true, false, or put it in quotes";
        return YT_TRAP;
    }
    if (is_odd_number(s)) {
        *why = "is read differently by different YAML readers; write plain decimal digits, or put it in quotes";
        return YT_TRAP;
    }
    if (is_number(s, &is_float))
        return classify_number(s, is_float, why);
    return YT_STRING;
}
