/* The settings that every Prefect server of slipway's gets, by spec. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "app/server_settings.h"
#include "core/util.h"
#include <cmocka.h>
#include <string.h>

#define VACUUM "PREFECT_SERVER_SERVICES_DB_VACUUM_"
#define POOL   "PREFECT_SERVER_DATABASE_SQLALCHEMY_"

struct row {
    const char *database;
    int64_t events_days, runs_days;
    const char *name, *value; /* value NULL: must not be set */
};

static const struct row rows[] = {
    { "postgres", 2, 90, "PREFECT_SERVER_ANALYTICS_ENABLED", "false" },
    { "postgres", 2, 90, "PREFECT_SERVER_EVENTS_RETENTION_PERIOD", "P2D" },
    { "postgres", 365, 90, "PREFECT_SERVER_EVENTS_RETENTION_PERIOD", "P365D" },
    { "postgres", 2, 90, VACUUM "ENABLED", "events,flow_runs" },
    { "postgres", 2, 90, VACUUM "RETENTION_PERIOD", "P90D" },
    { "postgres", 2, 3650, VACUUM "RETENTION_PERIOD", "P3650D" },
    /* 0 days: runs are kept for ever, events are not. */
    { "postgres", 7, 0, VACUUM "ENABLED", "events" },
    { "postgres", 7, 0, VACUUM "RETENTION_PERIOD", NULL },
    { "postgres", 2, 90, "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
      "prefect.server.concurrency.lease_storage.filesystem" },
    { "postgres", 2, 90, "PREFECT_SERVER_DATABASE_TIMEOUT", "30" },
    { "postgres", 2, 90, POOL "POOL_SIZE", "10" },
    { "postgres", 2, 90, POOL "MAX_OVERFLOW", "20" },
    /* SQLite has one writer: more connections only wait for each other. */
    { "sqlite", 2, 90, POOL "POOL_SIZE", NULL },
    { "sqlite", 2, 90, POOL "MAX_OVERFLOW", NULL },
    { "sqlite", 2, 90, "PREFECT_SERVER_EVENTS_RETENTION_PERIOD", "P2D" },
};

static void by_spec(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char database[16];
        struct spec s = { 0 };
        struct server_setting have[SERVER_SETTINGS];
        const char *value = NULL;
        (void)strncpy(database, rows[i].database, sizeof(database) - 1);
        database[sizeof(database) - 1] = '\0';
        s.prefect.server.database.type = database;
        s.prefect.server.events_days = rows[i].events_days;
        s.prefect.server.runs_days = rows[i].runs_days;
        size_t n = server_settings(&s, have);
        assert_in_range(n, 1, SERVER_SETTINGS);
        for (size_t k = 0; k < n; k++) {
            for (size_t l = 0; l < k; l++)
                assert_string_not_equal(have[k].name, have[l].name);
            if (strcmp(have[k].name, rows[i].name) == 0)
                value = have[k].value;
        }
        if (!value != !rows[i].value || (value && strcmp(value, rows[i].value) != 0))
            fail_msg("row %zu: %s is '%s', not '%s'", i, rows[i].name, value ? value : "(unset)",
                     rows[i].value ? rows[i].value : "(unset)");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_spec) };

    return cmocka_run_group_tests_name("app/server_settings", tests, NULL, NULL);
}
