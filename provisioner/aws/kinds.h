/* The calls behind the provider's rows of resource kinds: one file each, named like the kind. For their contract see
 * struct resource_kind in cloud/provider.h. */
#pragma once
#include "aws/aws.h"

#define AWS_KIND_CALL(name) int name(struct run *r, struct provider *p, struct err *e)
AWS_KIND_CALL(aws_launch_template_find);
AWS_KIND_CALL(aws_launch_template_create);
AWS_KIND_CALL(aws_launch_template_destroy);
AWS_KIND_CALL(aws_vpc_find);
AWS_KIND_CALL(aws_vpc_create);
AWS_KIND_CALL(aws_vpc_destroy);
AWS_KIND_CALL(aws_internet_gateway_find);
AWS_KIND_CALL(aws_internet_gateway_create);
AWS_KIND_CALL(aws_internet_gateway_destroy);
AWS_KIND_CALL(aws_subnet_find);
AWS_KIND_CALL(aws_subnet_create);
AWS_KIND_CALL(aws_subnet_destroy);
AWS_KIND_CALL(aws_route_table_find);
AWS_KIND_CALL(aws_route_table_create);
AWS_KIND_CALL(aws_route_table_destroy);
AWS_KIND_CALL(aws_security_group_find);
AWS_KIND_CALL(aws_security_group_create);
AWS_KIND_CALL(aws_security_group_destroy);
AWS_KIND_CALL(aws_address_find);
AWS_KIND_CALL(aws_address_create);
AWS_KIND_CALL(aws_address_destroy);
AWS_KIND_CALL(aws_instance_find);
AWS_KIND_CALL(aws_instance_create);
AWS_KIND_CALL(aws_instance_destroy);
AWS_KIND_CALL(aws_association_find);
AWS_KIND_CALL(aws_association_create);
/* What goes with the instance, or with the cluster: nothing to make. */
AWS_KIND_CALL(aws_leftover_find);
AWS_KIND_CALL(aws_volume_destroy);
AWS_KIND_CALL(aws_network_interface_destroy);
AWS_KIND_CALL(aws_cluster_objects_destroy);
