#include "aws/words.h"
#include "core/sbuf.h"
#include <stdbool.h>
#include <string.h>

static const char white[] = " \t\r\n";

/* One word from `at`; returns what follows it, NULL when a quote is left open. */
static const char *read_word(struct sbuf *word, const char *at)
{
    char quote = '\0';

    for (; *at && (quote || !strchr(white, *at)); at++) {
        bool escapes = *at == '\\' && quote != '\'';
        if (escapes && !at[1])
            return NULL;
        if (escapes && (!quote || strchr("\"\\", at[1])))
            sbuf_addch(word, *++at);
        else if (quote ? *at == quote : (*at == '\'' || *at == '"'))
            quote = quote ? '\0' : *at;
        else
            sbuf_addch(word, *at);
    }
    return quote ? NULL : at;
}

int aws_words_split(struct svec *ret, const char *line)
{
    AUTO_SBUF struct sbuf word = SBUF_INIT(strlen(line) + 1);

    for (const char *at = line + strspn(line, white); *at; at += strspn(at, white)) {
        sbuf_reset(&word);
        at = read_word(&word, at);
        if (!at)
            return -1;
        svec_add(ret, word.data);
    }
    return 0;
}
