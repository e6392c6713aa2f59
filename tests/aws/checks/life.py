"""The whole life of a machine, and that nothing is left of it."""

from typing import Any

from .base import TAGS, Case, tagged


class Life(Case):
    def build(self) -> dict[str, Any]:
        vpc = self.vpc()
        self.wait("vpc_available", VpcIds=[vpc])
        igw, subnet, table = self.gateway(vpc), self.subnet(vpc), self.table(vpc, "demo-table-1")
        self.wait("subnet_available", SubnetIds=[subnet])
        self.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=igw)
        association = self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        group = self.group(vpc)
        self.wait("security_group_exists", GroupIds=[group])
        rule = {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "IpRanges": [{"CidrIp": "203.0.113.7/32", "Description": "ssh"}],
        }
        made = self.ec2.authorize_security_group_ingress(
            GroupId=group, IpPermissions=[rule], TagSpecifications=tagged("security-group-rule")
        )
        self.assertEqual(made["SecurityGroupRules"][0]["CidrIpv4"], "203.0.113.7/32")
        address = self.ec2.allocate_address(Domain="vpc", TagSpecifications=tagged("elastic-ip"))
        run = self.ec2.run_instances(**self.run_params(subnet, group, ClientToken="demo-machine-1"))
        instance = run["Instances"][0]
        self.assertEqual(instance["State"]["Name"], "pending")
        self.wait("instance_exists", InstanceIds=[instance["InstanceId"]])
        self.wait("instance_running", InstanceIds=[instance["InstanceId"]])
        tied = self.ec2.associate_address(
            AllocationId=address["AllocationId"], InstanceId=instance["InstanceId"], AllowReassociation=False
        )
        return {
            "vpc": vpc,
            "igw": igw,
            "subnet": subnet,
            "table": table,
            "association": association,
            "group": group,
            "allocation": address["AllocationId"],
            "public": address["PublicIp"],
            "tied": tied["AssociationId"],
            "instance": instance["InstanceId"],
        }

    def test_create_and_describe(self) -> None:
        made = self.build()
        mine = [{"Name": "tag:" + tag["Key"], "Values": [tag["Value"]]} for tag in TAGS]
        shown = self.ec2.describe_instances(Filters=mine)["Reservations"][0]["Instances"][0]
        self.assertEqual(shown["PublicIpAddress"], made["public"])
        self.assertEqual(shown["MetadataOptions"]["HttpTokens"], "required")
        self.assertEqual(shown["RootDeviceName"], "/dev/xvda")
        self.assertEqual(shown["SecurityGroups"], [{"GroupId": made["group"], "GroupName": "demo"}])
        self.assertEqual(shown["Tags"], TAGS)
        volume = self.ec2.describe_volumes(Filters=mine)["Volumes"][0]
        self.assertTrue(volume["Encrypted"])
        self.assertEqual((volume["Size"], volume["VolumeType"], volume["State"]), (20, "gp3", "in-use"))
        self.assertEqual(volume["Attachments"][0]["InstanceId"], made["instance"])
        eni = self.ec2.describe_network_interfaces(Filters=mine)["NetworkInterfaces"][0]
        self.assertEqual(eni["Association"]["PublicIp"], made["public"])
        self.assertEqual(eni["TagSet"], TAGS)
        table = self.ec2.describe_route_tables(Filters=mine)["RouteTables"][0]
        self.assertEqual([each["DestinationCidrBlock"] for each in table["Routes"]], ["10.0.0.0/16", "0.0.0.0/0"])
        self.assertEqual(table["Associations"][0]["SubnetId"], made["subnet"])
        group = self.ec2.describe_security_groups(Filters=mine)["SecurityGroups"][0]
        self.assertEqual(group["IpPermissions"][0]["IpRanges"], [{"CidrIp": "203.0.113.7/32", "Description": "ssh"}])
        address = self.ec2.describe_addresses(Filters=mine)["Addresses"][0]
        self.assertEqual(address["InstanceId"], made["instance"])
        gateway = self.ec2.describe_internet_gateways(Filters=mine)["InternetGateways"][0]
        self.assertEqual(gateway["Attachments"], [{"State": "available", "VpcId": made["vpc"]}])
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=mine)["Vpcs"]), 1)
        rule = self.ec2.describe_security_group_rules(Filters=[{"Name": "tag:slipway:token", "Values": ["0123*"]}])
        self.assertEqual(rule["SecurityGroupRules"][0]["GroupId"], made["group"])
        kinds = {each["ResourceType"] for each in self.ec2.describe_tags(Filters=[mine[0]])["Tags"]}
        self.assertEqual(len(kinds), 10, kinds)

    def test_teardown_leaves_nothing(self) -> None:
        made, ec2 = self.build(), self.ec2
        ec2.terminate_instances(InstanceIds=[made["instance"]])
        self.wait("instance_terminated", InstanceIds=[made["instance"]])
        shown = ec2.describe_instances(InstanceIds=[made["instance"]])["Reservations"][0]["Instances"][0]
        self.assertEqual(shown["StateReason"]["Code"], "Client.UserInitiatedShutdown")
        self.assertNotIn("VpcId", shown)
        self.assertEqual(ec2.describe_volumes()["Volumes"], [])
        self.assertEqual(ec2.describe_network_interfaces()["NetworkInterfaces"], [])
        ec2.release_address(AllocationId=made["allocation"])
        ec2.delete_security_group(GroupId=made["group"])
        ec2.disassociate_route_table(AssociationId=made["association"])
        ec2.delete_route_table(RouteTableId=made["table"])
        ec2.delete_subnet(SubnetId=made["subnet"])
        ec2.detach_internet_gateway(InternetGatewayId=made["igw"], VpcId=made["vpc"])
        ec2.delete_internet_gateway(InternetGatewayId=made["igw"])
        ec2.delete_vpc(VpcId=made["vpc"])
        self.assertEqual(self.fake.admin("summary")["kinds"], {})
        self.assertEqual([each["kind"] for each in self.fake.admin("objects")], ["instance"])
        self.assertEqual(self.fake.admin("violations"), [])
