#include "app/server_settings.h"
#include <stdio.h>
#include <string.h>

static struct server_setting days(const char *name, int64_t n)
{
    struct server_setting s = { name, "" };

    (void)snprintf(s.value, sizeof(s.value), "P%lldD", (long long)n);
    return s;
}

size_t server_settings(const struct spec *s, struct server_setting ret[static SERVER_SETTINGS])
{
    const int64_t runs = s->prefect.server.runs_days;
    size_t n = 0;

    ret[n++] = (struct server_setting){ "PREFECT_SERVER_ANALYTICS_ENABLED", "false" };
    /* Events are most of the database. */
    ret[n++] = days("PREFECT_SERVER_EVENTS_RETENTION_PERIOD", s->prefect.server.events_days);
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "events" };
    if (runs > 0) {
        (void)snprintf(ret[n - 1].value, sizeof(ret->value), "events,flow_runs");
        ret[n++] = days("PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD", runs);
    }
    /* In a file and not in memory: a server that restarts must not forget who holds a concurrency slot. */
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
                                        "prefect.server.concurrency.lease_storage.filesystem" };
    if (strcmp(s->prefect.server.database.type, "postgres") != 0)
        return n;
    /* PostgreSQL allows 100 connections; the server's one event loop takes these 30, and two more to listen. */
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_DATABASE_SQLALCHEMY_POOL_SIZE", "10" };
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_DATABASE_SQLALCHEMY_MAX_OVERFLOW", "20" };
    /* Seconds for one statement. At the default of 10 a disk that is busy for a moment loses schedules and states;
     * clients wait for 60. */
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_DATABASE_TIMEOUT", "30" };
    return n;
}
