/* When a schedule runs: cron expressions, RFC 5545 rules, anchors and time zones. */
#include "core/fsx.h"
#include "core/mem.h"
#include "core/util.h"
#include "spec/checks.h"
#include <ctype.h>
#include <fcntl.h>
#include <strings.h>

struct unit {
    const char *name;
    int min, max;
    const char *const *words; /* of `min` and up */
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul",
                                      "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };
static const struct unit units[] = {
    { "minute", 0, 59, NULL },  { "hour", 0, 23, NULL },       { "day of month", 1, 31, NULL },
    { "month", 1, 12, months }, { "day of week", 0, 7, days },
};

enum { DAY = 2, MONTH = 3, WEEKDAY = 4 };

/* One number or name; moves `p` behind it. -1: neither, or out of range. */
static int cron_value(const char **p, const struct unit *u)
{
    size_t digits = strspn(*p, "0123456789");

    if (digits && digits < 4) {
        int value = (int)strtol(*p, NULL, 10);
        *p += digits;
        return value >= u->min && value <= u->max ? value : -1;
    }
    for (int i = 0; u->words && u->words[i]; i++) {
        if (strncasecmp(*p, u->words[i], 3) == 0) {
            *p += 3;
            return u->min + i;
        }
    }
    return -1;
}

/* "*", "5", "mon-fri", each with "/STEP" behind it; adds the values to `mask`. NULL: fine, else what is wrong. */
static const char *cron_item(const char *p, const struct unit *u, uint64_t *mask)
{
    int from = u->min, to = u->max, step = 1;
    bool any = *p == '*';

    if (!*p)
        return "is empty";
    if (any) {
        p++;
    } else {
        from = to = cron_value(&p, u);
        if (from < 0)
            return "is not in its range";
        if (*p == '-') {
            p++;
            to = cron_value(&p, u);
            if (to < 0)
                return "is not in its range";
            any = true;
        }
    }
    if (*p == '/') {
        size_t digits = strspn(++p, "0123456789");
        step = digits && digits < 5 ? (int)strtol(p, NULL, 10) : 0;
        p += digits;
        if (step < 1 || step > u->max)
            return "has a step that is not in its range";
        to = any ? to : u->max; /* 5/10 is 5-59/10 */
    }
    if (*p)
        return "is not a number, a range or a step";
    int length = u->max - u->min + 1, last = to < from ? to + length : to; /* 22-2 goes over midnight, as in Prefect */
    for (int i = from; i <= last; i += step)
        *mask |= (uint64_t)1 << (u->min + (i - u->min) % length);
    return NULL;
}

static bool cron_unit(const char *text, const struct unit *u, uint64_t *mask, struct err *e)
{
    AUTO_FREE char *copy = xstrdup(text);
    char *rest = copy;

    for (char *item; (item = strsep(&rest, ","));) {
        const char *why = cron_item(item, u, mask);
        if (why && u->words)
            (void)check_no(e, "has '%.40s' as its %s, which %s; write %d to %d, %s to %s, or *", item, u->name, why,
                           u->min, u->max, u->words[0], u->words[u->max - u->min - (u->words == days)]);
        else if (why)
            (void)check_no(e, "has '%.40s' as its %s, which %s; write %d to %d, or *", item, u->name, why, u->min,
                           u->max);
        if (why)
            return false;
    }
    return true;
}

/* A date that no month has would never run, and Prefect finds that out only when it looks for the next one. */
static bool has_a_date(const uint64_t *masks)
{
    static const int length[] = { 0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    for (int m = 1; m <= 12; m++) {
        if ((masks[MONTH] >> m & 1) && (masks[DAY] & (((uint64_t)1 << (length[m] + 1)) - 1)))
            return true;
    }
    return false;
}

static size_t split_words(char *text, char **ret, size_t max)
{
    size_t n = 0;

    for (char *word, *rest = text; (word = strsep(&rest, " \t\n"));) {
        if (*word && n++ < max)
            ret[n - 1] = word;
    }
    return n;
}

char *check_cron(const char *text, const char *dir, struct err *e)
{
    static const char *const names[] = {
        "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually"
    };
    AUTO_FREE char *copy = xstrdup(text);
    char *words[ARRAY_LEN(units)] = { NULL };
    uint64_t masks[ARRAY_LEN(units)] = { 0 };

    (void)dir;
    for (size_t i = 0; text[0] == '@' && i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0)
            return TAKE_PTR(copy);
    }
    if (text[0] == '@')
        return check_no(
            e, "is '%.40s'; the names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually", text);
    size_t n = split_words(copy, words, ARRAY_LEN(words));
    if (n != ARRAY_LEN(units))
        return check_no(e, "has %zu field%s, and wants 5: minute, hour, day of month, month, day of week%s", n,
                        n == 1 ? "" : "s", n == 6 ? " (no seconds)" : "");
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        if (!cron_unit(words[i], &units[i], &masks[i], e))
            return NULL;
    }
    uint64_t weekdays = masks[WEEKDAY] | masks[WEEKDAY] >> 7; /* 0 and 7 are Sunday */
    if ((weekdays & 0x7F) == 0x7F && !has_a_date(masks))
        return check_no(e, "has day of month '%.40s' in month '%.40s', a date that no year has", words[DAY],
                        words[MONTH]);
    return xasprintf("%s %s %s %s %s", words[0], words[1], words[2], words[3], words[4]);
}

/* Parts of a recurrence rule, RFC 5545 3.3.10. */
static const struct part {
    const char *name;
    int min, max;      /* of each number; both 0: not numbers */
    bool sign, list;   /* -1 counts from the end; several with commas */
    const char *shape; /* where it is not numbers: characters that may stand in it */
} parts[] = {
    { "FREQ", 0, 0, false, false, NULL },       { "INTERVAL", 1, 100000, false, false, NULL },
    { "COUNT", 1, 100000, false, false, NULL }, { "UNTIL", 0, 0, false, false, "0123456789TZ" },
    { "BYSECOND", 0, 59, false, true, NULL },   { "BYMINUTE", 0, 59, false, true, NULL },
    { "BYHOUR", 0, 23, false, true, NULL },     { "BYDAY", 0, 0, false, true, "MOTUWEHFRSA0123456789+-," },
    { "BYMONTHDAY", 1, 31, true, true, NULL },  { "BYYEARDAY", 1, 366, true, true, NULL },
    { "BYWEEKNO", 1, 53, true, true, NULL },    { "BYMONTH", 1, 12, false, true, NULL },
    { "BYSETPOS", 1, 366, true, true, NULL },   { "WKST", 0, 0, false, false, "MOTUWEHFRSA" },
};

static bool is_weekday(const char *s, bool ordinal)
{
    static const char *const names[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };

    if (ordinal) {
        s += *s == '-' || *s == '+';
        s += strspn(s, "0123456789");
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(s, names[i]) == 0)
            return true;
    }
    return false;
}

static bool number_fits(const struct part *part, const char *text)
{
    char *end;

    if (part->sign && (*text == '-' || *text == '+'))
        text++;
    if (*text < '0' || *text > '9' || strlen(text) > 6)
        return false;
    long value = strtol(text, &end, 10);
    return !*end && value >= part->min && value <= part->max;
}

static bool part_fits(const struct part *part, char *value)
{
    static const char *const frequencies[] = {
        "YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"
    };
    bool fits = false;

    if (strcmp(part->name, "FREQ") == 0) {
        for (size_t i = 0; i < ARRAY_LEN(frequencies); i++)
            fits = fits || strcmp(value, frequencies[i]) == 0;
        return fits;
    }
    if (strcmp(part->name, "UNTIL") == 0)
        return (strlen(value) == 8 && strspn(value, "0123456789") == 8) ||
               (strspn(value, "0123456789") == 8 && value[8] == 'T' && strspn(value + 9, "0123456789") == 6 &&
                (!value[15] || strcmp(value + 15, "Z") == 0));
    for (char *item, *rest = value; (item = strsep(&rest, ","));) {
        bool fine = part->shape ? is_weekday(item, part->list) : number_fits(part, item);
        if (!fine || (!part->list && rest))
            return false;
    }
    return true;
}

char *check_rrule(const char *text, const char *dir, struct err *e)
{
    AUTO_FREE char *copy = xstrdup(text);
    unsigned seen = 0;

    (void)dir;
    if (strncmp(text, "FREQ=", 5) != 0)
        return check_no(e, "does not start with FREQ=; write for example: FREQ=WEEKLY;BYDAY=MO (anchor and time zone "
                           "are keys of their own)");
    for (char *part, *rest = copy; (part = strsep(&rest, ";"));) {
        char *value = strchr(part, '=');
        size_t i = 0;
        if (value)
            *value++ = '\0';
        while (i < ARRAY_LEN(parts) && strcmp(parts[i].name, part) != 0)
            i++;
        if (i == ARRAY_LEN(parts) || !value)
            return check_no(e, "has the part '%.40s', which RFC 5545 does not have", part);
        if (seen & 1U << i)
            return check_no(e, "has %s twice", part);
        seen |= 1U << i;
        AUTO_FREE char *shown = xstrdup(value);
        if (!part_fits(&parts[i], value))
            return check_no(e, "has %s=%.40s, which is not a value of %s in RFC 5545", part, shown, part);
    }
    return xstrdup(text);
}

char *check_anchor(const char *text, const char *dir, struct err *e)
{
    static const int length[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int year, month, day, hour, minute, second;

    (void)dir;
    if (strlen(text) < 20 || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second) != 6)
        return xstrdup(text); /* the pattern says what it wants */
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > length[month - 1] ||
        (month == 2 && day == 29 && !leap) || hour > 23 || minute > 59 || second > 59)
        return check_no(e, "is '%.40s', which no calendar or clock shows", text);
    return xstrdup(text);
}

char *check_timezone(const char *text, const char *dir, struct err *e)
{
    static const char zones[] = "/usr/share/zoneinfo";
    AUTO_FREE char *path = fsx_join(zones, text);
    char magic[4] = "";

    (void)dir;
    if (strchr(text, '.') || !fsx_exists(zones) || strcmp(text, "UTC") == 0)
        return xstrdup(text);
    AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || read(fd, magic, sizeof(magic)) != sizeof(magic) || memcmp(magic, "TZif", 4) != 0)
        return check_no(e,
                        "is '%.60s', which is not a time zone of this host's %s; write an IANA name such as "
                        "Europe/Brussels",
                        text, zones);
    return xstrdup(text);
}
