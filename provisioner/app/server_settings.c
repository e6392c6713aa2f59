#include "app/server_settings.h"
#include <stdio.h>

size_t server_settings(const struct spec *s, struct server_setting ret[static SERVER_SETTINGS])
{
    const long long events = s->prefect.server.events_days, runs = s->prefect.server.runs_days;
    size_t n = 0;

    ret[n++] = (struct server_setting){ "PREFECT_SERVER_ANALYTICS_ENABLED", "false" };
    /* Events are most of the database. */
    ret[n].name = "PREFECT_SERVER_EVENTS_RETENTION_PERIOD";
    (void)snprintf(ret[n++].value, sizeof(ret->value), "P%lldD", events);
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "" };
    (void)snprintf(ret[n - 1].value, sizeof(ret->value), "%s", runs > 0 ? "events,flow_runs" : "events");
    if (runs > 0) {
        ret[n].name = "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD";
        (void)snprintf(ret[n++].value, sizeof(ret->value), "P%lldD", runs);
    }
    /* In a file and not in memory: a server that restarts must not forget who holds a concurrency slot. */
    ret[n++] = (struct server_setting){ "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
                                        "prefect.server.concurrency.lease_storage.filesystem" };
    return n;
}
