/* The order of the field table, and the rows that stand alone. */
#include "spec/field_rows.h"

/* Names and seconds are those of step/phase.h, which this layer may not include; a unit test holds them together. */
#define PHASE(name_, seconds, says)                                                                     \
    {                                                                                                   \
        .path = "timeouts." name_, .type = FIELD_SECONDS, .min = 1, .max = 86400, .otherwise = seconds, \
        .example = "900", .offset = AT(timeouts), .summary = "seconds until " says                      \
    }

// clang-format off
static const struct field first_rows[] = {
    { .path = "apiVersion", .type = FIELD_ENUM, .required = true, .values = WORDS("slipway/v1"),
      .example = "slipway/v1",
      .offset = FIELD_NOWHERE, .summary = "version of this format" },
    { .path = "name", .type = FIELD_STRING, .required = true, .pattern = "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$",
      .example = "flows",
      .wants = "1 to 20 of a-z, 0-9 and '-', a letter first and no '-' last", .offset = AT(name),
      .summary = "deployment id: names the machine, its state and everything that is made" },
};

static const struct field last_rows[] = {
    { .path = "artifacts", .type = FIELD_SECTION, .summary = "where the bytes come from" },
    { .path = "artifacts.dir", .type = FIELD_STRING, .example = "./artifacts", .accept = check_dir,
      .absent = "downloads", .wants = "the path of a directory", .offset = AT(artifacts.dir),
      .summary = "directory made by 'slipway artifacts pull', with its own lock, relative to this file" },
    { .path = "artifacts.mirrors", .type = FIELD_STRINGS, .max = 16, .otherwise = "[]",
      .example = "[https://mirror.example.com/slipway]",
      .pattern = URL_PATTERN,
      .wants = "URL prefixes such as https://mirror.example.com/slipway", .accept = check_url,
      .offset = AT(artifacts.mirrors),
      .summary = "URL prefixes that are tried in order before the origin" },

    { .path = "on_failure", .type = FIELD_ENUM, .values = WORDS("keep", "rollback"), .otherwise = "keep",
      .example = "rollback", .offset = AT(on_failure),
      .summary = "after a failed bootstrap, keep the machine for a look, or take it away" },
    { .path = "timeouts", .type = FIELD_SECTION, .summary = "deadlines of single phases" },
    PHASE("machine", "600", "the machine is made and runs"),
    PHASE("artifacts", "1800", "files are fetched and checked on this host"),
    PHASE("ssh", "300", "the machine answers and its host key is proven"),
    PHASE("system", "300", "cloud-init has ended, the machine is what was asked for"),
    PHASE("k3s", "300", "K3s is in place and the node Ready"),
    PHASE("images", "900", "container images are on the node"),
    PHASE("database", "300", "PostgreSQL answers"),
    PHASE("server", "420", "the Prefect server answers"),
    PHASE("worker", "300", "a worker of each pool is ONLINE"),
    PHASE("canary", "300", "a flow run is COMPLETED"),
    PHASE("flows", "600", "the spec's flows are deployed"),
    PHASE("teardown", "600", "everything is taken away"),
};
// clang-format on

static const struct field_family first = { first_rows, ARRAY_LEN(first_rows) },
                                 last = { last_rows, ARRAY_LEN(last_rows) };
static const struct field_family *const table[] = { &first,          &fields_provider, &fields_machine,
                                                    &fields_prefect, &fields_flows,    &last };

const struct field *field_next(const struct field *prev)
{
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (prev == table[i]->rows + table[i]->n - 1)
            return i + 1 < ARRAY_LEN(table) ? table[i + 1]->rows : NULL;
    }
    return prev ? prev + 1 : table[0]->rows;
}
