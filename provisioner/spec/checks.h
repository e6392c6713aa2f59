/* Rules that a pattern cannot say; rows of the field table name them. */
#pragma once
#include "spec/fields.h"

field_accept check_size, check_image_ref, check_prefect_version, check_pool_name, check_cidr, check_host,
    check_host_key, check_path, check_dir, check_pem_file, check_url, check_env_name, check_secret_file, check_folder,
    check_file, check_git_url, check_api_url, check_entrypoint, check_flow_image, check_cron, check_rrule, check_anchor,
    check_timezone, check_image, check_aws_region, check_aws_zone, check_aws_cidr;
field_inspect check_k3s_config, check_resources;
/* Key `i` of K3s' config.yaml that slipway sets itself, NULL past the end. */
const char *check_k3s_owned(size_t i);
/* Sets what is wrong; follows the field's name in the message: "'machine.size' asks for ...". Returns NULL. */
char *check_no(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Absolute path; relative ones start at `dir`, "~/" at the home. Caller frees. */
char *check_resolve(const char *text, const char *dir);
