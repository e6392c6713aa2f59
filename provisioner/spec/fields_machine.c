/* `machine`, `access`, `runtime`, `k3s` and `helm`. */
#include "spec/field_rows.h"

// clang-format off
static const struct field rows[] = {
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
      .summary = "operating system; provider local has debian-12, aws also debian-13, ubuntu-24.04 and images by their id" },
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
};

const struct field_family fields_machine = { rows, ARRAY_LEN(rows) };
