/* A line as the words of a shell command, without a shell: single and double quotes, backslashes; nothing is expanded.
 * Source: Python's shlex.split, with which botocore reads `credential_process` and the names of sections. */
#pragma once
#include "core/err.h"
#include "core/svec.h"

/* Appends to `ret`. -1: a quote or a backslash at the end is left open. */
int aws_words_split(struct svec *ret, const char *line) NODISCARD;
