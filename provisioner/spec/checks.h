/* Rules that a pattern cannot say; rows of the field table name them. */
#pragma once
#include "spec/fields.h"

field_accept check_size, check_image_ref, check_prefect_version, check_pool_name, check_cidr, check_host,
    check_host_key, check_path, check_dir, check_pem_file, check_url;
field_inspect check_k3s_config, check_resources;
/* Key `i` of K3s' config.yaml that slipway sets itself, NULL past the end. */
const char *check_k3s_owned(size_t i);
