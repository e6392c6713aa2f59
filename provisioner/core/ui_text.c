#include "core/ui_text.h"
#include "core/mem.h"
#include "core/util.h"
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at `p` (RFC 3629), 0 when it is none. C1 controls count as none: terminals act on them.
 */
static size_t utf8_len(const unsigned char *p)
{
    size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3 : 4;

    if (n == 4 && (p[0] < 0xf0 || p[0] > 0xf4))
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
        return 0;
    if (n == 3 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f)))
        return 0;
    if (n == 4 && ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)))
        return 0;
    return n;
}

/* The longest: one secret may begin like another. */
static size_t secret_at(const char *p, const char *const *secrets)
{
    size_t longest = 0;

    for (; secrets && *secrets; secrets++) {
        size_t n = strlen(*secrets);
        if (n > longest && strncmp(p, *secrets, n) == 0)
            longest = n;
    }
    return longest;
}

/* Length of "ESC [ 0;32 m", which only colours what follows (ECMA-48 SGR); 0: it is something else. */
static size_t colour_len(const char *p)
{
    if (p[0] != '\x1b' || p[1] != '[')
        return 0;
    size_t n = 2 + strspn(p + 2, "0123456789;:");
    return p[n] == 'm' ? n + 1 : 0;
}

/* Before secrets are looked for: one that is half coloured is one all the same. */
static char *without_colours(const char *text)
{
    char *plain = xstrdup(text), *to = plain;

    while (*text) {
        size_t colour = colour_len(text);
        if (colour)
            text += colour;
        else
            *to++ = *text++;
    }
    *to = '\0';
    return plain;
}

void ui_text_safe(const char *coloured, const char *const *secrets, char *ret, size_t size)
{
    AUTO_FREE char *plain = without_colours(coloured);
    const char *text = plain;
    size_t at = 0;

    while (*text) {
        char piece[8];
        size_t n = secret_at(text, secrets), len = 3;
        if (n) {
            (void)snprintf(piece, sizeof(piece), "***");
        } else {
            unsigned char c = (unsigned char)*text;
            n = utf8_len((const unsigned char *)text);
            if (n == 0 || (n == 1 && (c < 0x20 || c == 0x7f) && c != '\n' && c != '\t')) {
                len = (size_t)snprintf(piece, sizeof(piece), "\\x%02x", c);
                n = 1;
            } else {
                memcpy(piece, text, n);
                len = n;
            }
        }
        if (at + len + 1 > size)
            break;
        memcpy(ret + at, piece, len);
        at += len;
        text += n;
    }
    if (size)
        ret[at] = '\0';
}

void ui_text_cut(char *text, size_t columns)
{
    static const char mark[] = "\xe2\x80\xa6";
    char *before = text; /* the character before this one */

    text[strcspn(text, "\n")] = '\0';
    for (size_t col = 0; *text; col++) {
        size_t n = utf8_len((const unsigned char *)text);
        if (col + 1 == columns && text[n ? n : 1]) {
            char *cut = strlen(text) >= strlen(mark) ? text : before; /* the mark needs its room */
            if (strlen(cut) >= strlen(mark))
                memcpy(cut, mark, sizeof(mark));
            else
                *text = '\0';
            return;
        }
        before = text;
        text += n ? n : 1;
    }
}
