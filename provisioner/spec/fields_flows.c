/* `flows`: sources, deployments, schedules. */
#include "spec/field_rows.h"

// clang-format off
/* Where a flow's code comes from: `flows.source`, and the same again for one deployment. */
#define SOURCE(path_, at_, absent_)                                                                                   \
    { .path = path_, .type = FIELD_CHOICE, .absent = absent_, .offset = at_(type),                                    \
      .example = "{git: {url: https://git.example.com/team/flows.git, branch: main}}",                                \
      .summary = "where the code comes from when a flow runs: exactly one of these" },                                \
    { .path = path_ ".local", .type = FIELD_SECTION, .example = "{path: ./flows}",                                    \
      .summary = "a folder of this host, uploaded to the machine at each deploy" },                                   \
    { .path = path_ ".local.path", .type = FIELD_STRING, .required = true, .wants = "the path of a directory",        \
      .accept = check_folder, .example = "./flows", .offset = at_(path),                                              \
      .summary = "the folder, relative to this file; entrypoints start there" },                                      \
    { .path = path_ ".git", .type = FIELD_SECTION, .example = "{url: https://git.example.com/team/flows.git}",        \
      .summary = "a git repository, cloned for each flow run" },                                                      \
    { .path = path_ ".git.url", .type = FIELD_STRING, .required = true, .hush = true, .accept = check_git_url,        \
      .pattern = "^(https?://" HOST_PATTERN "/|ssh://([A-Za-z0-9._-]+@)?" HOST_PATTERN "/|file:///|"                  \
                 "[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9.-]+:)[A-Za-z0-9._~/%+@-]+$",                                 \
      .wants = "a URL such as https://git.example.com/team/flows.git, git@HOST:PATH or file:///PATH",                 \
      .example = "https://git.example.com/team/flows.git", .offset = at_(url),                                        \
      .summary = "https, http, ssh (git@HOST:PATH) or file; a password goes into 'token', never into the URL" },      \
    REVISION(path_ ".git.branch", at_(branch), "main", "branch; at most one of branch, tag and commit"),              \
    REVISION(path_ ".git.tag", at_(tag), "v1.2.0", "tag"),                                                            \
    { .path = path_ ".git.commit", .type = FIELD_STRING, .pattern = "^([0-9a-f]{40}|[0-9a-f]{64})$",                  \
      .wants = "the whole name of a commit, 40 or 64 hex digits", .absent = "the newest of the branch",               \
      .example = "1f0c3a5e7d9b2846a0c1e3f5d7b9284610acce55", .offset = at_(commit), .summary = "commit" },            \
    SECRET(path_ ".git.token", at_, secret, "GIT_TOKEN", .absent = "no token is sent",                               \
           "access token of an https repository"),                                                                    \
    { .path = path_ ".s3", .type = FIELD_SECTION, .example = "{bucket: flows, folder: etl}",                          \
      .summary = "a bucket with S3's interface" },                                                                    \
    { .path = path_ ".s3.bucket", .type = FIELD_STRING, .required = true, .example = "flows",                         \
      .pattern = "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", .wants = "the name of a bucket, 3 to 63 of a-z, 0-9, . and -", \
      .offset = at_(bucket), .summary = "the bucket" },                                                               \
    FOLDER(path_ ".s3.folder", at_(folder), "bucket"),                                                                \
    ENDPOINT(path_ ".s3.endpoint", at_(url), "Amazon's"),                                                             \
    { .path = path_ ".s3.region", .type = FIELD_STRING, .pattern = "^[a-z0-9-]{1,40}$", .wants = "the name of a region", \
      .absent = "what the credentials or the endpoint say", .example = "eu-west-1", .offset = at_(region),            \
      .summary = "region of the bucket" },                                                                            \
    SECRET(path_ ".s3.credentials", at_, secret, "S3_CREDENTIALS", .absent = "none: a bucket that anyone may read",    \
           "JSON with aws_access_key_id and aws_secret_access_key"),                                                  \
    { .path = path_ ".gcs", .type = FIELD_SECTION, .example = "{bucket: flows, credentials: {env: GCS_CREDENTIALS}}", \
      .summary = "a bucket of Google Cloud Storage" },                                                                \
    { .path = path_ ".gcs.bucket", .type = FIELD_STRING, .required = true, .example = "flows",                        \
      .pattern = "^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$",                                                              \
      .wants = "the name of a bucket, 3 to 222 of a-z, 0-9, ., _ and -", .offset = at_(bucket),                       \
      .summary = "the bucket" },                                                                                      \
    FOLDER(path_ ".gcs.folder", at_(folder), "bucket"),                                                               \
    ENDPOINT(path_ ".gcs.endpoint", at_(url), "Google's"),                                                            \
    SECRET(path_ ".gcs.credentials", at_, secret, "GCS_CREDENTIALS", .required = true,                                 \
           "JSON key of a service account"),                                                                          \
    { .path = path_ ".azure", .type = FIELD_SECTION, .example = "{container: flows, connection: {env: AZURE_STORAGE}}", \
      .summary = "a container of Azure Blob Storage" },                                                               \
    { .path = path_ ".azure.container", .type = FIELD_STRING, .required = true, .example = "flows",                   \
      .pattern = "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$",                                                                 \
      .wants = "the name of a container, 3 to 63 of a-z, 0-9 and -", .offset = at_(bucket),                           \
      .summary = "the container" },                                                                                   \
    FOLDER(path_ ".azure.folder", at_(folder), "container"),                                                          \
    SECRET(path_ ".azure.connection", at_, secret, "AZURE_STORAGE", .required = true,                                  \
           "connection string of the storage account, which names it"),                                               \
    { .path = path_ ".image", .type = FIELD_SECTION, .example = "{path: /opt/flows}",                                 \
      .summary = "the container image of the deployment has the code in it" },                                        \
    { .path = path_ ".image.path", .type = FIELD_STRING, .required = true, .example = "/opt/flows",                   \
      .pattern = "^(/[A-Za-z0-9._+@-]+)+$", .wants = "an absolute path, such as /opt/flows", .offset = at_(path),     \
      .summary = "directory in the image; entrypoints start there" }

#define REVISION(path_, at_, example_, says)                                                                          \
    { .path = path_, .type = FIELD_STRING, .pattern = "^[A-Za-z0-9_][A-Za-z0-9_./+@#-]{0,199}$",                      \
      .wants = "the name of a branch or tag", .absent = "the repository's default branch", .example = example_,       \
      .offset = at_, .summary = says }

#define FOLDER(path_, at_, in_)                                                                                       \
    { .path = path_, .type = FIELD_STRING, .pattern = "^[A-Za-z0-9_.=+@ -]+(/[A-Za-z0-9_.=+@ -]+)*/?$",               \
      .wants = "a path without a leading '/', such as etl/nightly", .absent = "all of the " in_, .example = "etl",    \
      .offset = at_, .summary = "folder in the " in_ "; entrypoints start there" }

#define ENDPOINT(path_, at_, whose_)                                                                                  \
    { .path = path_, .type = FIELD_STRING, .hush = true, .pattern = URL_PATTERN, .accept = check_url,                 \
      .wants = "a URL such as https://s3.example.com:9000", .absent = whose_ " public one",                           \
      .example = "https://s3.example.com:9000", .offset = at_, .summary = "URL of the service instead of " whose_ }

#define SPEC_SOURCE(member) offsetof(struct spec, flows.source.member)
#define DEPLOYMENT_SOURCE(member) offsetof(struct spec_deployment, source.member)

static const struct field rows[] = {
    { .path = "flows", .type = FIELD_SECTION, .summary = "your flows, put there by 'slipway deploy'" },
    { .path = "flows.from", .type = FIELD_STRING, .wants = "the path of a prefect.yaml", .accept = check_file,
      .absent = "source and deployments say it", .example = "prefect.yaml", .offset = AT(flows.from),
      .summary = "an existing prefect.yaml, used as it is; excludes source and deployments" },
    SOURCE("flows.source", SPEC_SOURCE, "each deployment names its own"),
    { .path = "flows.deployments", .type = FIELD_RECORDS, .size = sizeof(struct spec_deployment), .max = 200,
      .otherwise = "[]",
      .example = "[{name: nightly, entrypoint: 'etl.py:etl', schedules: [{cron: '0 6 * * *'}]}]",
      .offset = AT(flows.deployments), .count = AT(flows.n_deployments), .summary = "what runs, where and when" },
    { .path = "flows.deployments[].name", .type = FIELD_STRING, .required = true, .example = "nightly",
      .pattern = FREE_NAME_PATTERN, .wants = FREE_NAME_WANTS, .offset = OF(deployment, name),
      .summary = "unique for each flow function" },
    { .path = "flows.deployments[].entrypoint", .type = FIELD_STRING, .required = true, .accept = check_entrypoint,
      .pattern = "^[A-Za-z0-9_.][A-Za-z0-9_./ -]*[.]py:[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)*$",
      .wants = "a file of the source and a function in it, such as flows/etl.py:etl", .example = "etl.py:etl",
      .offset = OF(deployment, entrypoint), .summary = "FILE.py:FUNCTION, from the root of the source" },
    { .path = "flows.deployments[].description", .type = FIELD_STRING, .wants = "text", .absent = "the flow's own",
      .example = "Loads the orders", .offset = OF(deployment, description), .summary = "text for people" },
    { .path = "flows.deployments[].pool", .type = FIELD_STRING, .pattern = NAME_PATTERN, .wants = NAME_WANTS,
      .absent = "the first of prefect.work_pools", .example = "default", .offset = OF(deployment, pool),
      .summary = "one of prefect.work_pools" },
    { .path = "flows.deployments[].queue", .type = FIELD_STRING, .pattern = NAME_PATTERN, .wants = NAME_WANTS,
      .absent = "the pool's 'default'", .example = "default", .offset = OF(deployment, queue),
      .summary = "one of that pool's queues" },
    { .path = "flows.deployments[].schedules", .type = FIELD_RECORDS, .size = sizeof(struct spec_schedule), .max = 32,
      .otherwise = "[]", .example = "[{cron: '0 6 * * *', timezone: Europe/Brussels}]",
      .offset = OF(deployment, schedules), .count = OF(deployment, n_schedules),
      .summary = "when it runs by itself; each has exactly one of cron, interval and rrule" },
    { .path = "flows.deployments[].schedules[].cron", .type = FIELD_STRING, .accept = check_cron,
      .pattern = "^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|"
                 "[0-9A-Za-z*/,-]+( +[0-9A-Za-z*/,-]+){4})$",
      .wants = "minute, hour, day of month, month and day of week, such as '0 6 * * mon-fri'",
      .absent = "interval or rrule", .example = "'*/15 9-17 * * mon-fri'", .offset = OF(schedule, cron),
      .summary = "cron expression of 5 fields, or @hourly, @daily, @weekly, @monthly, @yearly" },
    { .path = "flows.deployments[].schedules[].interval", .type = FIELD_INT, .min = 1, .max = 31622400,
      .absent = "cron or rrule", .example = "900", .offset = OF(schedule, interval_s),
      .summary = "seconds from one run to the next" },
    { .path = "flows.deployments[].schedules[].rrule", .type = FIELD_STRING, .accept = check_rrule,
      .pattern = "^FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY|SECONDLY)(;[A-Z]+=[A-Z0-9+,-]+)*$",
      .wants = "parts such as FREQ=WEEKLY;BYDAY=MO", .absent = "cron or interval",
      .example = "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18", .offset = OF(schedule, rrule),
      .summary = "RFC 5545 recurrence rule; it costs the scheduler far more than cron, which is a warning" },
    { .path = "flows.deployments[].schedules[].anchor", .type = FIELD_STRING, .accept = check_anchor,
      .pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$",
      .wants = "a time such as 2026-01-01T06:00:00Z", .absent = "the moment of the first deploy",
      .example = "2026-01-01T06:00:00Z", .offset = OF(schedule, anchor),
      .summary = "RFC 3339 time that an interval is counted from" },
    { .path = "flows.deployments[].schedules[].timezone", .type = FIELD_STRING, .accept = check_timezone,
      .pattern = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$", .wants = "an IANA name such as Europe/Brussels",
      .otherwise = "UTC", .example = "Europe/Brussels", .offset = OF(schedule, timezone),
      .summary = "IANA time zone that the schedule is meant in" },
    { .path = "flows.deployments[].schedules[].slug", .type = FIELD_STRING, .example = "weekday-mornings",
      .pattern = "^[a-z0-9]([a-z0-9_-]{0,98}[a-z0-9])?$", .wants = "1 to 100 of a-z, 0-9, '_' and '-'",
      .absent = "made from the schedule's text", .offset = OF(schedule, slug),
      .summary = "what the schedule is known by when it changes; unique in the deployment" },
    { .path = "flows.deployments[].schedules[].active", .type = FIELD_BOOL, .otherwise = "true", .example = "false",
      .offset = OF(schedule, active), .summary = "false keeps the schedule and makes no runs" },
    { .path = "flows.deployments[].schedules[].parameters", .type = FIELD_FREE, .otherwise = "{}",
      .example = "{day: yesterday}", .offset = OF(schedule, parameters),
      .summary = "parameters of its runs, over those of the deployment" },
    { .path = "flows.deployments[].parameters", .type = FIELD_FREE, .otherwise = "{}", .example = "{rows: 1000}",
      .offset = OF(deployment, parameters), .summary = "default parameters of its runs; no place for secrets" },
    { .path = "flows.deployments[].tags", .type = FIELD_STRINGS, .max = 64, .otherwise = "[]", .example = "[etl, daily]",
      .wants = "tags", .pattern = "^[^,]{1,100}$", .offset = OF(deployment, tags), .summary = "tags of the deployment" },
    { .path = "flows.deployments[].job_variables", .type = FIELD_FREE, .otherwise = "{}",
      .example = "{env: {LOG_LEVEL: DEBUG}}", .offset = OF(deployment, job_variables),
      .summary = "over the pool's job template; no place for secrets" },
    { .path = "flows.deployments[].concurrency", .type = FIELD_SECTION, .shorthand = "limit", .example = "{limit: 3}",
      .summary = "runs of this deployment at once; 'concurrency: 3' is short for {limit: 3}" },
    { .path = "flows.deployments[].concurrency.limit", .type = FIELD_INT, .required = true, .min = 1, .max = 10000,
      .example = "3", .offset = OF(deployment, concurrency), .summary = "how many" },
    { .path = "flows.deployments[].concurrency.collision", .type = FIELD_ENUM, .values = WORDS("enqueue", "cancel_new"),
      .otherwise = "enqueue", .example = "cancel_new", .offset = OF(deployment, collision),
      .summary = "what becomes of one more: it waits, or it is cancelled" },
    { .path = "flows.deployments[].image", .type = FIELD_STRING, .accept = check_flow_image,
      .pattern = "^[a-z0-9][a-zA-Z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$",
      .wants = "an image such as registry.example.com/team/flows:1.4", .absent = "Prefect's own",
      .example = "registry.example.com/team/flows:1.4", .offset = OF(deployment, image),
      .summary = "container image of its runs, with a tag or digest; pools of type kubernetes and docker" },
    { .path = "flows.deployments[].requirements", .type = FIELD_STRING, .wants = "the path of a requirements file",
      .accept = check_file, .absent = "what Prefect brings", .example = "requirements.txt",
      .offset = OF(deployment, requirements),
      .summary = "Python packages of the flow, a file for pip, relative to this file" },
    { .path = "flows.deployments[].version", .type = FIELD_STRING, .pattern = "^[A-Za-z0-9._+-]{1,100}$",
      .wants = "1 to 100 of letters, digits, '.', '_', '+' and '-'", .absent = "made from the code's digest",
      .example = "1.4.0", .offset = OF(deployment, version), .summary = "version of the deployment, as text" },
    { .path = "flows.deployments[].paused", .type = FIELD_BOOL, .otherwise = "false", .example = "true",
      .offset = OF(deployment, paused), .summary = "true makes no runs by schedule" },
    SOURCE("flows.deployments[].source", DEPLOYMENT_SOURCE, "flows.source"),
};

const struct field_family fields_flows = { rows, ARRAY_LEN(rows) };
