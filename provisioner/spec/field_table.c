#include "spec/checks.h"
#include "spec/fields.h"
#include "spec/spec.h"

#define AT(member)         offsetof(struct spec, member)
#define OF(record, member) offsetof(struct spec_##record, member)
#define WORDS(...)         ((const char *const[]){ __VA_ARGS__, NULL })
#define FROM_PIN           "the lock's, else the built-in pin's"
/* Names and seconds are those of step/phase.h, which this layer may not include; a unit test holds them together. */
#define PHASE(name_, seconds, says)                                                                     \
    {                                                                                                   \
        .path = "timeouts." name_, .type = FIELD_SECONDS, .min = 1, .max = 86400, .otherwise = seconds, \
        .example = "900", .offset = AT(timeouts), .summary = "seconds until " says                      \
    }

// clang-format off
/* A secret is named, never written down: {env: NAME} or {file: PATH}. */
#define SECRET(path_, at_, member_, env_, without_, says)                                                             \
    { .path = path_, .type = FIELD_CHOICE, .hush = true, without_, .offset = FIELD_NOWHERE,                           \
      .example = "{env: " env_ "}", .summary = says ": {env: NAME} or {file: PATH}, never the value itself" },        \
    { .path = path_ ".env", .type = FIELD_STRING, .hush = true, .pattern = "^[A-Za-z_][A-Za-z0-9_]*$",                \
      .wants = "the name of an environment variable", .accept = check_env_name, .example = env_,                      \
      .offset = at_(member_.env), .summary = "environment variable of this host that holds it when slipway runs" },       \
    { .path = path_ ".file", .type = FIELD_STRING, .hush = true, .wants = "the path of a file",                       \
      .accept = check_secret_file, .example = "~/.config/slipway/secret", .offset = at_(member_.file),                 \
      .summary = "file of this host that holds it, relative to this file; only you should be able to read it" }

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

#define UUID(path_, at_, example_, says)                                                                              \
    { .path = path_, .type = FIELD_STRING, .required = true, .example = example_, .offset = at_, .summary = says,     \
      .pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",                                    \
      .wants = "a UUID such as " example_ }

#define NAME_PATTERN      "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"
#define NAME_WANTS        "1 to 40 of a-z, 0-9 and '-', no '-' at the ends"
/* The characters that Prefect refuses in names. */
#define FREE_NAME_PATTERN "^[^/%&<>]{1,100}$"
#define FREE_NAME_WANTS   "1 to 100 characters, none of / % & < >"

#define REVISION(path_, at_, example_, says)                                                                          \
    { .path = path_, .type = FIELD_STRING, .pattern = "^[A-Za-z0-9_][A-Za-z0-9_./+@#-]{0,199}$",                      \
      .wants = "the name of a branch or tag", .absent = "the repository's default branch", .example = example_,       \
      .offset = at_, .summary = says }

#define FOLDER(path_, at_, in_)                                                                                       \
    { .path = path_, .type = FIELD_STRING, .pattern = "^[A-Za-z0-9_.=+@ -]+(/[A-Za-z0-9_.=+@ -]+)*/?$",               \
      .wants = "a path without a leading '/', such as etl/nightly", .absent = "all of the " in_, .example = "etl",    \
      .offset = at_, .summary = "folder in the " in_ "; entrypoints start there" }

#define HOST_PATTERN "([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?"
#define URL_PATTERN  "^https?://" HOST_PATTERN "(/[A-Za-z0-9._~/%+-]*)?$"

#define ENDPOINT(path_, at_, whose_)                                                                                  \
    { .path = path_, .type = FIELD_STRING, .hush = true, .pattern = URL_PATTERN, .accept = check_url,                 \
      .wants = "a URL such as https://s3.example.com:9000", .absent = whose_ " public one",                           \
      .example = "https://s3.example.com:9000", .offset = at_, .summary = "URL of the service instead of " whose_ }

#define OCTET        "(0|[1-9][0-9]{0,2})"

#define SPEC_CLOUD(member) offsetof(struct spec, prefect.server.cloud.member)
#define SPEC_SERVER(member) offsetof(struct spec, prefect.server.member)
#define SPEC_SOURCE(member) offsetof(struct spec, flows.source.member)
#define DEPLOYMENT_SOURCE(member) offsetof(struct spec_deployment, source.member)

const struct field field_table[] = {
    { .path = "apiVersion", .type = FIELD_ENUM, .required = true, .values = WORDS("slipway/v1"),
      .example = "slipway/v1",
      .offset = FIELD_NOWHERE, .summary = "version of this format" },
    { .path = "name", .type = FIELD_STRING, .required = true, .pattern = "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$",
      .example = "flows",
      .wants = "1 to 20 of a-z, 0-9 and '-', a letter first and no '-' last", .offset = AT(name),
      .summary = "deployment id: names the machine, its state and everything that is made" },

    { .path = "provider", .type = FIELD_CHOICE, .required = true, .later = WORDS("gcp", "azure", "kubernetes"),
      .example = "{local: {}}", .offset = AT(provider),
      .summary = "where the machine comes from: exactly one of these" },
    { .path = "provider.local", .type = FIELD_SECTION, .summary = "a machine made on this host" },
    { .path = "provider.local.driver", .type = FIELD_ENUM, .values = WORDS("auto", "nspawn", "qemu"),
      .otherwise = "auto",
      .example = "qemu", .offset = AT(local.driver),
      .summary = "nspawn (root, fast) or qemu; auto takes the first that works here" },
    { .path = "provider.ssh", .type = FIELD_SECTION, .summary = "a host that exists and runs sshd" },
    { .path = "provider.ssh.host", .type = FIELD_STRING, .required = true, .example = "192.0.2.10",
      .pattern = "^([A-Za-z0-9_][A-Za-z0-9._-]{0,252}|[0-9A-Fa-f:.]{2,45}(%[A-Za-z0-9._-]+)?)$",
      .wants = "a host name or an IP address", .accept = check_host,
      .offset = AT(ssh.host), .summary = "name or address of the host" },
    { .path = "provider.ssh.port", .type = FIELD_INT, .min = 1, .max = 65535, .otherwise = "22", .example = "2222",
      .offset = AT(ssh.port), .summary = "port of its sshd" },
    { .path = "provider.ssh.user", .type = FIELD_STRING, .otherwise = "root", .example = "debian",
      .pattern = "^[A-Za-z_][A-Za-z0-9_.-]{0,31}$", .wants = "a user name of at most 32 characters",
      .offset = AT(ssh.user), .summary = "user to log in as: root, or one who may sudo without a password" },
    { .path = "provider.ssh.host_key", .type = FIELD_STRING, .required = true,
      .example = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
      .pattern = "^(ssh-ed25519|ecdsa-sha2-nistp256) [A-Za-z0-9+/]+={0,2}( .*)?$|^SHA256:[A-Za-z0-9+/]{43}$",
      .wants = "a line 'ssh-ed25519 AAAA...' or 'ecdsa-sha2-nistp256 AAAA...', or a fingerprint 'SHA256:...'",
      .accept = check_host_key, .offset = AT(ssh.host_key),
      .summary = "the host's public key or its SHA256 fingerprint; no other key is accepted" },
    { .path = "provider.ssh.identity", .type = FIELD_STRING, .example = "~/.ssh/id_ed25519",
      .absent = "slipway's own key, which 'slipway init --provider ssh' shows", .accept = check_path,
      .wants = "the path of a private key", .offset = AT(ssh.identity),
      .summary = "path of an OpenSSH or PEM private key (ed25519 or ecdsa), relative to this file" },
    { .path = "provider.aws", .type = FIELD_SECTION, .summary = "a virtual machine of EC2, with a network of its own" },
    { .path = "provider.aws.region", .type = FIELD_STRING, .example = "eu-central-1", .accept = check_aws_region,
      .pattern = "^[a-z]{2,5}(-[a-z]+){1,2}-[1-9][0-9]?$", .wants = "a region such as eu-central-1",
      .absent = "AWS_REGION, AWS_DEFAULT_REGION or the profile's", .offset = AT(aws.region),
      .summary = "region that everything is made in" },
    { .path = "provider.aws.zones", .type = FIELD_STRINGS, .max = 16, .otherwise = "[]",
      .example = "[eu-central-1a, eu-central-1b]", .accept = check_aws_zone,
      .pattern = "^[a-z]{2,5}(-[a-z]+){1,2}-[1-9][0-9]?[a-z]$", .wants = "availability zones such as eu-central-1a",
      .offset = AT(aws.zones),
      .summary = "zones, tried in order when one has no capacity; [] is every zone that offers the type" },
    { .path = "provider.aws.cidr", .type = FIELD_STRING, .otherwise = "10.77.0.0/16", .example = "192.168.16.0/20",
      .accept = check_aws_cidr,
      .pattern = "^(10[.]" OCTET "|172[.](1[6-9]|2[0-9]|3[01])|192[.]168)([.]" OCTET "){2}/(1[6-9]|2[0-4])$",
      .wants = "a private network of /16 to /24 such as 10.77.0.0/16", .offset = AT(aws.cidr),
      .summary = "addresses of the network (VPC) that is made" },
    { .path = "provider.aws.subnet", .type = FIELD_STRING, .example = "subnet-0123456789abcdef0",
      .pattern = "^subnet-([0-9a-f]{8}|[0-9a-f]{17})$", .wants = "the id of a subnet such as subnet-0123456789abcdef0",
      .absent = "a network of its own is made", .offset = AT(aws.subnet),
      .summary = "subnet that exists, used as it is and never changed" },
    { .path = "provider.aws.security_group", .type = FIELD_STRING, .example = "sg-0123456789abcdef0",
      .pattern = "^sg-([0-9a-f]{8}|[0-9a-f]{17})$", .wants = "the id of a security group such as sg-0123456789abcdef0",
      .absent = "a group of its own is made", .offset = AT(aws.security_group),
      .summary = "security group that exists, used as it is and never changed; only with 'subnet'" },

    { .path = "machine", .type = FIELD_SECTION, .summary = "the machine; provider ssh uses only 'trust'" },
    { .path = "machine.size", .type = FIELD_STRING, .otherwise = "auto", .example = "4x8",
      .pattern = "^(auto|[1-9][0-9]{0,2}x([2-9]|[1-9][0-9]{1,3})|[a-z][a-z0-9]*(-[a-z0-9]+)*[.][a-z0-9]+(-[a-z0-9]+)*)$",
      .wants = "auto, vCPUs x GiB of memory such as 2x4, or a cloud's instance type such as t3.large",
      .accept = check_size, .offset = AT(machine.size),
      .summary = "auto, vCPUs x GiB of memory such as 2x4, or a cloud's instance type such as t3.large" },
    { .path = "machine.disk_gib", .type = FIELD_INT, .min = 8, .max = 65536, .otherwise = "20", .example = "40",
      .offset = AT(machine.disk_gib), .summary = "size of the disk in GiB" },
    { .path = "machine.image", .type = FIELD_STRING, .otherwise = "debian-12", .example = "debian-12",
      .pattern = "^(debian-12|debian-13|ubuntu-24[.]04|ami-([0-9a-f]{8}|[0-9a-f]{17}))$", .accept = check_image,
      .wants = "debian-12, debian-13, ubuntu-24.04, or the id of an image such as ami-0123456789abcdef0",
      .offset = AT(machine.image),
      .summary = "operating system; provider local has debian-12 alone, aws each of them and its own images by id" },
    { .path = "machine.trust", .type = FIELD_STRINGS, .max = 16, .otherwise = "[]",
      .example = "[/usr/local/share/ca/corp.pem]",
      .wants = "paths of PEM files", .accept = check_pem_file, .offset = AT(machine.trust),
      .summary = "extra CA bundles to install (PEM files, relative to this file)" },

    { .path = "access", .type = FIELD_SECTION, .summary = "who reaches the machine" },
    { .path = "access.ssh_from", .type = FIELD_STRINGS, .otherwise = "[auto]", .example = "[auto, 203.0.113.0/24]",
      .min = 1, .max = 64, .pattern = "^(auto|[0-9A-Fa-f:.]+/[0-9]{1,3})$",
      .wants = "CIDR ranges such as 203.0.113.0/24, or auto", .accept = check_cidr, .offset = AT(access.ssh_from),
      .summary = "from where SSH is allowed: CIDR ranges; auto is the address of this host" },
    { .path = "access.ui", .type = FIELD_ENUM, .values = WORDS("tunnel"), .otherwise = "tunnel", .example = "tunnel",
      .offset = AT(access.ui), .summary = "how the Prefect UI is reached: through SSH ('slipway open')" },

    { .path = "runtime", .type = FIELD_ENUM, .values = WORDS("k3s", "systemd"), .otherwise = "k3s",
      .example = "systemd", .offset = AT(runtime),
      .summary = "what runs Prefect on the machine: k3s, or systemd without any Kubernetes" },
    { .path = "k3s", .type = FIELD_SECTION, .summary = "the Kubernetes of the machine (runtime k3s)" },
    { .path = "k3s.version", .type = FIELD_STRING, .absent = FROM_PIN, .example = "v1.34.2+k3s1",
      .pattern = "^v1[.][0-9]+[.][0-9]+[+]k3s[0-9]+$", .wants = "a release such as v1.34.2+k3s1",
      .offset = AT(k3s.version), .summary = "exact release of K3s" },
    { .path = "k3s.config", .type = FIELD_FREE, .otherwise = "{}", .example = "{disable: [traefik]}",
      .inspect = check_k3s_config, .offset = AT(k3s.config),
      .summary = "merged over slipway's /etc/rancher/k3s/config.yaml" },
    { .path = "helm", .type = FIELD_SECTION, .summary = "the Helm that runs on the machine (runtime k3s)" },
    { .path = "helm.version", .type = FIELD_STRING, .absent = FROM_PIN, .example = "v3.19.0",
      .pattern = "^v[0-9]+[.][0-9]+[.][0-9]+$", .wants = "a release such as v3.19.0", .offset = AT(helm.version),
      .summary = "exact release of Helm" },

    { .path = "prefect", .type = FIELD_SECTION, .summary = "what is installed" },
    { .path = "prefect.version", .type = FIELD_STRING, .absent = FROM_PIN, .example = "3.8.3",
      .pattern = 
        "^(3[.]8[.]([3-9]|[1-9][0-9]{1,3})|3[.](9|[1-9][0-9]{1,3})[.][0-9]{1,4}|"
        "([4-9]|[1-9][0-9]{1,3})[.][0-9]{1,4}[.][0-9]{1,4})$", .wants = "a release such as 3.8.3",
      .accept = check_prefect_version, .offset = AT(prefect.version),
      .summary = "exact release of server, worker and flow image, 3.8.3 or later" },
    { .path = "prefect.server", .type = FIELD_SECTION, .summary = "API, UI and scheduler" },
    { .path = "prefect.server.cloud", .type = FIELD_SECTION,
      .example = "{account: 3f2504e0-4f89-41d3-9a0c-0305e82c3301, workspace: 7d444840-9dc0-41d1-b245-5ffdce74fad2}",
      .summary = "Prefect Cloud in place of an own server; at most one of cloud and url" },
    UUID("prefect.server.cloud.account", AT(prefect.server.cloud.account), "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
         "id of the account, as in the address of its pages"),
    UUID("prefect.server.cloud.workspace", AT(prefect.server.cloud.workspace), "7d444840-9dc0-41d1-b245-5ffdce74fad2",
         "id of the workspace"),
    SECRET("prefect.server.cloud.key", SPEC_CLOUD, key, "PREFECT_API_KEY", .absent = "the environment variable PREFECT_API_KEY",
           "API key"),
    { .path = "prefect.server.url", .type = FIELD_STRING, .hush = true, .accept = check_api_url,
      .pattern = "^https?://" HOST_PATTERN "/+[A-Za-z0-9._~%+-][A-Za-z0-9._~/%+-]*$",
      .wants = "a URL such as https://prefect.example.com/api", .absent = "an own server is made",
      .example = "https://prefect.example.com/api", .offset = AT(prefect.server.url),
      .summary = "API of a server that exists, in place of an own one" },
    SECRET("prefect.server.auth", SPEC_SERVER, auth, "PREFECT_API_AUTH_STRING", .absent = "no password is sent",
           "USER:PASSWORD of the server at 'url'"),
    { .path = "prefect.server.events_days", .type = FIELD_INT, .min = 1, .max = 365, .otherwise = "2", .example = "7",
      .offset = AT(prefect.server.events_days), .summary = "days that events are kept; they are most of the database" },
    { .path = "prefect.server.runs_days", .type = FIELD_INT, .min = 0, .max = 3650, .otherwise = "90",
      .example = "365", .offset = AT(prefect.server.runs_days),
      .summary = "days that finished flow runs are kept; 0 keeps them for ever" },
    { .path = "prefect.server.database", .type = FIELD_SECTION, .shorthand = "type",
      .summary = "its database; 'database: sqlite' is short for {type: sqlite}" },
    { .path = "prefect.server.database.type", .type = FIELD_ENUM, .values = WORDS("postgres", "sqlite"),
      .otherwise = "postgres", .example = "sqlite", .offset = AT(prefect.server.database.type),
      .summary = "postgres, or sqlite for a toy (runtime systemd only)" },
    { .path = "prefect.server.database.size_gib", .type = FIELD_INT, .min = 1, .max = 16384, .otherwise = "8",
      .example = "16", .offset = AT(prefect.server.database.size_gib),
      .summary = "size of the volume in GiB; less than machine.disk_gib" },
    { .path = "prefect.server.database.image", .type = FIELD_STRING, .absent = FROM_PIN,
      .example = "docker.io/library/postgres:17-bookworm",
      .pattern = "^[a-z0-9][a-zA-Z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$",
      .wants = "an image such as docker.io/library/postgres:17-bookworm",
      .accept = check_image_ref, .offset = AT(prefect.server.database.image),
      .summary = "PostgreSQL image with a tag or digest (runtime k3s only)" },
    { .path = "prefect.server.resources", .type = FIELD_FREE, .otherwise = "{}", .inspect = check_resources,
      .example = "{limits: {memory: 2Gi}}", .offset = AT(prefect.server.resources),
      .summary = "requests and limits of the server's pod; {} takes slipway's" },
    { .path = "prefect.server.values", .type = FIELD_FREE, .otherwise = "{}",
      .example = "{server: {loggingLevel: INFO}}",
      .offset = AT(prefect.server.values), .summary = "values of chart prefect-server, merged over slipway's, last" },
    { .path = "prefect.worker", .type = FIELD_SECTION, .summary = "what starts flow runs" },
    { .path = "prefect.worker.replicas", .type = FIELD_INT, .min = 1, .max = 20, .otherwise = "1", .example = "2",
      .offset = AT(prefect.worker.replicas), .summary = "workers of each pool" },
    { .path = "prefect.worker.values", .type = FIELD_FREE, .otherwise = "{}",
      .example = "{worker: {config: {queryInterval: 10}}}", .offset = AT(prefect.worker.values),
      .summary = "values of chart prefect-worker, merged over slipway's, last" },
    { .path = "prefect.work_pools", .type = FIELD_RECORDS, .noun = "pool", .size = sizeof(struct spec_pool),
      .min = 1, .max = 16, .otherwise = "[{name: default, concurrency: auto}]",
      .example = "[{name: batch, concurrency: 10}]",
      .offset = AT(prefect.work_pools), .count = AT(prefect.n_work_pools), .summary = "where flow runs wait for a worker; at least one" },
    { .path = "prefect.work_pools[].name", .type = FIELD_STRING, .required = true, .example = "default",
      .pattern = NAME_PATTERN, .accept = check_pool_name, .wants = NAME_WANTS,
      .offset = OF(pool, name),
      .summary = "unique; the server keeps names that begin with 'prefect' for itself" },
    { .path = "prefect.work_pools[].type", .type = FIELD_ENUM, .values = WORDS("kubernetes", "process", "docker"),
      .absent = "kubernetes with runtime k3s, process with systemd", .example = "kubernetes", .offset = OF(pool, type),
      .summary = "what a flow run is: a Job (runtime k3s), a process or a container (runtime systemd)" },
    { .path = "prefect.work_pools[].concurrency", .type = FIELD_AUTO_INT, .min = 1, .max = 10000, .otherwise = "auto",
      .example = "10", .offset = OF(pool, concurrency), .summary = "flow runs at once; auto is computed from the machine" },
    { .path = "prefect.work_pools[].docker_socket", .type = FIELD_BOOL, .otherwise = "false", .example = "true",
      .offset = OF(pool, docker_socket),
      .summary = "give the worker Docker's socket: whoever has it has root on the machine; type docker needs it" },
    { .path = "prefect.work_pools[].queues", .type = FIELD_RECORDS, .noun = "queue", .size = sizeof(struct spec_queue),
      .max = 32, .otherwise = "[]", .example = "[{name: urgent, priority: 1}]", .offset = OF(pool, queues),
      .count = OF(pool, n_queues), .summary = "queues beside the pool's own 'default'" },
    { .path = "prefect.work_pools[].queues[].name", .type = FIELD_STRING, .required = true, .example = "urgent",
      .pattern = NAME_PATTERN, .wants = NAME_WANTS, .offset = OF(queue, name), .summary = "unique in the pool" },
    { .path = "prefect.work_pools[].queues[].priority", .type = FIELD_INT, .min = 1, .max = 1000, .example = "2",
      .absent = "its place in the list, from 1", .offset = OF(queue, priority),
      .summary = "the lowest number is served first; unique in the pool" },
    { .path = "prefect.work_pools[].queues[].concurrency", .type = FIELD_INT, .min = 0, .max = 10000,
      .otherwise = "0", .example = "5", .offset = OF(queue, concurrency),
      .summary = "flow runs of this queue at once; 0 is the pool's limit alone" },
    { .path = "prefect.limits", .type = FIELD_RECORDS, .noun = "limit", .size = sizeof(struct spec_limit),
      .max = 256, .otherwise = "[]", .example = "[{name: warehouse, slots: 3}]", .offset = AT(prefect.limits),
      .count = AT(prefect.n_limits), .summary = "global concurrency limits, taken by flows with concurrency()" },
    { .path = "prefect.limits[].name", .type = FIELD_STRING, .required = true, .example = "warehouse",
      .pattern = FREE_NAME_PATTERN, .wants = FREE_NAME_WANTS, .offset = OF(limit, name), .summary = "unique" },
    { .path = "prefect.limits[].slots", .type = FIELD_INT, .required = true, .min = 1, .max = 1000000, .example = "3",
      .offset = OF(limit, slots), .summary = "how many may be taken at once" },
    { .path = "prefect.limits[].slot_decay_per_second", .type = FIELD_FLOAT, .min = 0, .max = 100000,
      .otherwise = "0", .example = "0.5", .offset = OF(limit, slot_decay_per_second),
      .summary = "slots that come back each second, for rate limits; 0: only when they are released" },
    { .path = "prefect.automations", .type = FIELD_SECTION, .summary = "runs that hang are ended, which Prefect leaves to you" },
    { .path = "prefect.automations.pending_min", .type = FIELD_INT, .min = 0, .max = 1440, .otherwise = "15",
      .example = "30", .offset = AT(prefect.automations.pending_min),
      .summary = "minutes after which a run that is still PENDING crashes, so that it frees its slot; 0: never" },
    { .path = "prefect.automations.zombie_min", .type = FIELD_INT, .min = 0, .max = 1440, .otherwise = "10",
      .example = "20", .offset = AT(prefect.automations.zombie_min),
      .summary = "minutes without a heartbeat after which a RUNNING run crashes; heartbeats come every 3 minutes, so 1 to 8 "
                 "would end healthy runs; 0: never" },

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
    { .path = NULL },
};

