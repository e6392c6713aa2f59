/* "Did you mean" as people mistype: swapped, missing, added and wrong letters, other separators, nothing near. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/nearest.h"
#include "core/util.h"
#include <string.h>

static const char *const words[] = { "plan", "bootstrap", "status", "disk_gib", "etl/daily", "etl/hourly" };

static const struct {
    const char *word, *want;
} cases[] = {
    { "plan", "plan" },           { "paln", "plan" },
    { "botstrap", "bootstrap" },  { "bootstrapp", "bootstrap" },
    { "statsu", "status" },       { "diskGib", "disk_gib" },
    { "disk-gib", "disk_gib" },   { "DISK GIB", "disk_gib" },
    { "etl/dialy", "etl/daily" }, { "etl/hourlyy", "etl/hourly" },
    { "frobnicate", NULL },       { "", NULL },
};

static void meant(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *got = nearest(cases[i].word, words, ARRAY_LEN(words));
        if ((got == NULL) != (cases[i].want == NULL) || (got && strcmp(got, cases[i].want) != 0))
            fail_msg("'%s': got %s, want %s", cases[i].word, got ? got : "nothing",
                     cases[i].want ? cases[i].want : "nothing");
    }
    assert_null(nearest("plan", NULL, 0));
}

/* The swap looks two rows back: a matrix that forgets a row gives 2. */
static void swap_costs_one(void **state)
{
    static const char *const three[] = { "abd", "bac" };

    (void)state;
    assert_string_equal(nearest("abc", three, 2), "abd");
    assert_string_equal(nearest("abc", three + 1, 1), "bac");
    assert_null(nearest("abcd", (const char *const[]){ "badc2" }, 1));
}

static void long_words(void **state)
{
    char word[200], near[200];
    const char *const list[] = { near };

    (void)state;
    memset(word, 'a', sizeof(word));
    memset(near, 'a', sizeof(near));
    word[127] = near[199] = '\0';
    assert_ptr_equal(nearest(word, list, 1), near);
    word[127] = 'a';
    word[128] = '\0';
    assert_null(nearest(word, list, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(meant),
        cmocka_unit_test(swap_costs_one),
        cmocka_unit_test(long_words),
    };

    return cmocka_run_group_tests_name("core/nearest", tests, NULL, NULL);
}
