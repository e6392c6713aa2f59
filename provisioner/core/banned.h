/* Force-included. These calls are a compile error: each has a bounded or context-carrying twin in core/. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* With fortification some are macros, which cannot be poisoned by every compiler. */
#undef strcpy
#undef strcat
#undef sprintf
#undef vsprintf
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gmtime localtime ctime asctime atoi atol atof system popen
#pragma GCC poison gets tmpnam mktemp
