#include "spec/fields.h"
#include "core/mem.h"
#include "core/sbuf.h"
#include "spec/checks.h"
#include "spec/spec.h"
#include <inttypes.h>

#define AT(member)   offsetof(struct spec, member)
#define POOL(member) offsetof(struct spec_pool, member)
#define WORDS(...)   ((const char *const[]){ __VA_ARGS__, NULL })
#define FROM_PIN     "the lock's, else the built-in pin's"
/* Names and seconds are those of step/phase.h, which this layer may not include; a unit test holds them together. */
#define PHASE(name_, seconds, says)                                                                     \
    {                                                                                                   \
        .path = "timeouts." name_, .type = FIELD_SECONDS, .min = 1, .max = 86400, .otherwise = seconds, \
        .example = "900", .offset = AT(timeouts), .summary = "seconds until " says                      \
    }

// clang-format off
const struct field field_table[] = {
    { .path = "apiVersion", .type = FIELD_ENUM, .required = true, .values = WORDS("slipway/v1"),
      .example = "slipway/v1",
      .offset = FIELD_NOWHERE, .summary = "version of this format" },
    { .path = "name", .type = FIELD_STRING, .required = true, .pattern = "^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$",
      .example = "flows",
      .wants = "1 to 20 of a-z, 0-9 and '-', a letter first and no '-' last", .offset = AT(name),
      .summary = "deployment id: names the machine, its state and everything that is made" },

    { .path = "provider", .type = FIELD_CHOICE, .required = true, .later = WORDS("aws", "gcp", "azure", "kubernetes"),
      .example = "{local: {}}",
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

    { .path = "machine", .type = FIELD_SECTION, .summary = "the machine; provider ssh uses only 'trust'" },
    { .path = "machine.size", .type = FIELD_STRING, .otherwise = "auto", .example = "4x8",
      .pattern = "^(auto|[1-9][0-9]{0,2}x([2-9]|[1-9][0-9]{1,3}))$",
      .wants = "auto, or vCPUs x GiB of memory such as 2x4",
      .accept = check_size, .offset = AT(machine.size), .summary = "auto, or vCPUs x GiB of memory such as 2x4" },
    { .path = "machine.disk_gib", .type = FIELD_INT, .min = 8, .max = 65536, .otherwise = "20", .example = "40",
      .offset = AT(machine.disk_gib), .summary = "size of the disk in GiB" },
    { .path = "machine.image", .type = FIELD_ENUM, .values = WORDS("debian-12"), .otherwise = "debian-12",
      .example = "debian-12", .offset = AT(machine.image), .summary = "operating system" },
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

    { .path = "runtime", .type = FIELD_ENUM, .values = WORDS("k3s"), .later = WORDS("systemd"), .otherwise = "k3s",
      .example = "k3s", .offset = AT(runtime), .summary = "what runs Prefect on the machine" },
    { .path = "k3s", .type = FIELD_SECTION, .summary = "the Kubernetes of the machine" },
    { .path = "k3s.version", .type = FIELD_STRING, .absent = FROM_PIN, .example = "v1.34.2+k3s1",
      .pattern = "^v1[.][0-9]+[.][0-9]+[+]k3s[0-9]+$", .wants = "a release such as v1.34.2+k3s1",
      .offset = AT(k3s.version), .summary = "exact release of K3s" },
    { .path = "k3s.config", .type = FIELD_FREE, .otherwise = "{}", .example = "{disable: [traefik]}",
      .inspect = check_k3s_config, .offset = AT(k3s.config),
      .summary = "merged over slipway's /etc/rancher/k3s/config.yaml" },
    { .path = "helm", .type = FIELD_SECTION, .summary = "the Helm that runs on the machine" },
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
    { .path = "prefect.server.database", .type = FIELD_SECTION, .summary = "its PostgreSQL" },
    { .path = "prefect.server.database.size_gib", .type = FIELD_INT, .min = 1, .max = 16384, .otherwise = "8",
      .example = "16", .offset = AT(prefect.server.database.size_gib),
      .summary = "size of the volume in GiB; less than machine.disk_gib" },
    { .path = "prefect.server.database.image", .type = FIELD_STRING, .absent = FROM_PIN,
      .example = "docker.io/library/postgres:17-bookworm",
      .pattern = "^[a-z0-9][a-zA-Z0-9._/:-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*|@sha256:[0-9a-f]{64})$",
      .wants = "an image such as docker.io/library/postgres:17-bookworm",
      .accept = check_image_ref, .offset = AT(prefect.server.database.image),
      .summary = "PostgreSQL image with a tag or digest" },
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
    { .path = "prefect.work_pools", .type = FIELD_POOLS, .min = 1, .max = 16,
      .otherwise = "[{name: default, type: kubernetes, concurrency: auto}]",
      .example = "[{name: batch, concurrency: 10}]",
      .offset = AT(prefect.work_pools), .summary = "where flow runs wait for a worker; at least one" },
    { .path = "prefect.work_pools[].name", .type = FIELD_STRING, .required = true, .example = "default",
      .pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$", .accept = check_pool_name,
      .wants = "1 to 40 of a-z, 0-9 and '-', no '-' at the ends", .offset = POOL(name),
      .summary = "unique; the server keeps names that begin with 'prefect' for itself" },
    { .path = "prefect.work_pools[].type", .type = FIELD_ENUM, .values = WORDS("kubernetes"),
      .later = WORDS("process", "docker"), .otherwise = "kubernetes", .example = "kubernetes", .offset = POOL(type),
      .summary = "kubernetes: each flow run is a Job" },
    { .path = "prefect.work_pools[].concurrency", .type = FIELD_AUTO_INT, .min = 1, .max = 10000, .otherwise = "auto",
      .example = "10", .offset = POOL(concurrency), .summary = "flow runs at once; auto is computed from the machine" },

    { .path = "artifacts", .type = FIELD_SECTION, .summary = "where the bytes come from" },
    { .path = "artifacts.dir", .type = FIELD_STRING, .example = "./artifacts", .accept = check_dir,
      .absent = "downloads", .wants = "the path of a directory", .offset = AT(artifacts.dir),
      .summary = "directory made by 'slipway artifacts pull', with its own lock, relative to this file" },
    { .path = "artifacts.mirrors", .type = FIELD_STRINGS, .max = 16, .otherwise = "[]",
      .example = "[https://mirror.example.com/slipway]",
      .pattern = "^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/%+-]*)?$",
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
    PHASE("teardown", "600", "everything is taken away"),
    { .path = NULL },
};

// clang-format on

const struct field *field_find(const char *path)
{
    for (const struct field *f = field_table; f->path; f++) {
        if (strcmp(f->path, path) == 0)
            return f;
    }
    return NULL;
}

const char *field_leaf(const struct field *f)
{
    const char *dot = strrchr(f->path, '.');

    return dot ? dot + 1 : f->path;
}

static bool field_is_child(const struct field *f, const char *parent)
{
    size_t n = strlen(parent);

    if (!n)
        return !strchr(f->path, '.');
    return strncmp(f->path, parent, n) == 0 && f->path[n] == '.' && !strchr(f->path + n + 1, '.');
}

const struct field *field_child(const char *parent, const struct field *prev)
{
    for (const struct field *f = prev ? prev + 1 : field_table; f->path; f++) {
        if (field_is_child(f, parent))
            return f;
    }
    return NULL;
}

static void add_words(struct sbuf *out, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        sbuf_addf(out, "%s%s", !i ? "" : words[i + 1] ? ", " : " or ", words[i]);
}

char *field_wants(const struct field *f)
{
    AUTO_SBUF struct sbuf out = SBUF_INIT(1024);

    switch (f->type) {
    case FIELD_SECTION:
    case FIELD_CHOICE:
    case FIELD_FREE:
        sbuf_addstr(&out, "a mapping");
        break;
    case FIELD_ENUM:
        add_words(&out, f->values);
        break;
    case FIELD_AUTO_INT:
    case FIELD_INT:
    case FIELD_SECONDS:
        sbuf_addf(&out, "%sa whole number%s from %" PRId64 " to %" PRId64, f->type == FIELD_AUTO_INT ? "auto or " : "",
                  f->type == FIELD_SECONDS ? " of seconds" : "", f->min, f->max);
        break;
    case FIELD_STRINGS:
        sbuf_addf(&out, "a list of %" PRId64 " to %" PRId64 " %s", f->min, f->max, f->wants);
        break;
    case FIELD_POOLS:
        sbuf_addf(&out, "a list of %" PRId64 " to %" PRId64 " mappings", f->min, f->max);
        break;
    case FIELD_STRING:
        sbuf_addstr(&out, f->wants);
        break;
    }
    return sbuf_take(&out);
}
