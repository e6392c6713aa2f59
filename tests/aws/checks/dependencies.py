"""What cannot be done in this order, and the codes that say so."""

from .base import Case, tagged

VIOLATION = "DependencyViolation"


class Network(Case):
    def test_vpc_with_children(self) -> None:
        vpc = self.vpc()
        for make, drop in (
            (lambda: self.subnet(vpc), lambda name: self.ec2.delete_subnet(SubnetId=name)),
            (lambda: self.table(vpc), lambda name: self.ec2.delete_route_table(RouteTableId=name)),
            (lambda: self.group(vpc), lambda name: self.ec2.delete_security_group(GroupId=name)),
        ):
            name = make()
            self.refused(VIOLATION, self.ec2.delete_vpc, VpcId=vpc)
            drop(name)
        igw = self.gateway(vpc)
        self.refused(VIOLATION, self.ec2.delete_vpc, VpcId=vpc)
        self.refused(VIOLATION, self.ec2.delete_internet_gateway, InternetGatewayId=igw)
        self.ec2.detach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
        self.refused("Gateway.NotAttached", self.ec2.detach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
        self.ec2.delete_internet_gateway(InternetGatewayId=igw)
        self.ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(self.fake.admin("objects"), [])

    def test_gateway_attached_once(self) -> None:
        vpc = self.vpc()
        igw, other = self.gateway(vpc), self.gateway()
        self.refused("Resource.AlreadyAssociated", self.ec2.attach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
        self.refused("InvalidParameterValue", self.ec2.attach_internet_gateway, InternetGatewayId=other, VpcId=vpc)

    def test_routes(self) -> None:
        vpc = self.vpc()
        table, subnet, loose = self.table(vpc), self.subnet(vpc), self.gateway()
        route = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
        self.refused("InvalidParameterValue", self.ec2.create_route, GatewayId=loose, **route)
        self.refused("InvalidGatewayID.NotFound", self.ec2.create_route, GatewayId="igw-0123", **route)
        self.ec2.attach_internet_gateway(InternetGatewayId=loose, VpcId=vpc)
        self.ec2.create_route(GatewayId=loose, **route)
        self.refused("RouteAlreadyExists", self.ec2.create_route, GatewayId=loose, **route)
        association = self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        self.refused("Resource.AlreadyAssociated", self.ec2.associate_route_table, RouteTableId=table, SubnetId=subnet)
        self.refused(VIOLATION, self.ec2.delete_route_table, RouteTableId=table)
        self.ec2.disassociate_route_table(AssociationId=association)
        self.refused("InvalidAssociationID.NotFound", self.ec2.disassociate_route_table, AssociationId=association)
        self.ec2.delete_route_table(RouteTableId=table)
        main = self.ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}])[
            "RouteTables"
        ][0]
        self.refused(
            "InvalidParameterValue",
            self.ec2.disassociate_route_table,
            AssociationId=main["Associations"][0]["RouteTableAssociationId"],
        )
        self.refused(VIOLATION, self.ec2.delete_route_table, RouteTableId=main["RouteTableId"])

    def test_subnets(self) -> None:
        vpc = self.vpc()
        self.subnet(vpc)
        for cidr, code in (
            ("10.0.0.0/24", "InvalidSubnet.Conflict"),
            ("10.1.0.0/24", "InvalidSubnet.Range"),
            ("10.0.1.0/29", "InvalidSubnet.Range"),
            ("10.0.1.1/24", "InvalidParameterValue"),
        ):
            self.refused(code, self.ec2.create_subnet, VpcId=vpc, CidrBlock=cidr)
        self.refused(
            "InvalidParameterValue",
            self.ec2.create_subnet,
            VpcId=vpc,
            CidrBlock="10.0.1.0/24",
            AvailabilityZone="us-east-1a",
        )
        self.refused("InvalidVpc.Range", self.ec2.create_vpc, CidrBlock="10.0.0.0/8")

    def test_groups(self) -> None:
        vpc = self.vpc()
        group = self.group(vpc)
        self.refused(
            "InvalidGroup.Duplicate", self.ec2.create_security_group, GroupName="demo", Description="x", VpcId=vpc
        )
        rule = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.1/32"}]}]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rule)
        self.refused(
            "InvalidPermission.Duplicate", self.ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule
        )
        self.ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=rule)
        self.refused(
            "InvalidPermission.NotFound", self.ec2.revoke_security_group_ingress, GroupId=group, IpPermissions=rule
        )
        rule[0]["IpRanges"] = [{"CidrIp": "10.0.0.1/24"}]
        self.refused(
            "InvalidParameterValue", self.ec2.authorize_security_group_ingress, GroupId=group, IpPermissions=rule
        )
        default = self.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
            "SecurityGroups"
        ][0]
        self.refused("CannotDelete", self.ec2.delete_security_group, GroupId=default["GroupId"])
        other = self.group(vpc, "other")
        self.ec2.authorize_security_group_ingress(
            GroupId=other, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
        )
        self.refused(VIOLATION, self.ec2.delete_security_group, GroupId=group)
        self.ec2.delete_security_group(GroupId=other)
        self.ec2.delete_security_group(GroupId=group)


class Machine(Case):
    def test_nothing_below_a_machine_can_go(self) -> None:
        vpc, subnet, group = self.network()
        igw = self.ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        name = self.ec2.run_instances(**self.run_params(subnet, group))["Instances"][0]["InstanceId"]
        tie = {"AllocationId": address, "InstanceId": name, "AllowReassociation": False}
        self.refused("IncorrectInstanceState", self.ec2.associate_address, **tie)
        self.wait("instance_running", InstanceIds=[name])
        first = self.ec2.associate_address(**tie)["AssociationId"]
        self.assertEqual(self.ec2.associate_address(**tie)["AssociationId"], first)
        self.refused("InvalidIPAddress.InUse", self.ec2.release_address, AllocationId=address)
        self.refused(VIOLATION, self.ec2.delete_security_group, GroupId=group)
        self.refused(VIOLATION, self.ec2.delete_subnet, SubnetId=subnet)
        self.refused(VIOLATION, self.ec2.detach_internet_gateway, InternetGatewayId=igw, VpcId=vpc)
        volume = self.ec2.describe_volumes()["Volumes"][0]["VolumeId"]
        self.refused("VolumeInUse", self.ec2.delete_volume, VolumeId=volume)
        eni = self.ec2.describe_network_interfaces()["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.refused("InvalidNetworkInterface.InUse", self.ec2.delete_network_interface, NetworkInterfaceId=eni)
        self.ec2.terminate_instances(InstanceIds=[name])
        self.refused(VIOLATION, self.ec2.delete_subnet, SubnetId=subnet)  # still shutting down
        self.wait("instance_terminated", InstanceIds=[name])
        self.assertNotIn("InstanceId", self.ec2.describe_addresses()["Addresses"][0])
        self.ec2.release_address(AllocationId=address)
        self.refused("InvalidAllocationID.NotFound", self.ec2.release_address, AllocationId=address)
        self.ec2.terminate_instances(InstanceIds=[name])  # a repeat is no error
        self.refused(
            "InvalidInstanceID",
            self.ec2.associate_address,
            AllocationId=self.ec2.allocate_address()["AllocationId"],
            InstanceId=name,
        )

    def test_address_needs_a_gateway(self) -> None:
        vpc = self.vpc()
        name = self.ec2.run_instances(**self.run_params(self.subnet(vpc), self.group(vpc)))["Instances"][0][
            "InstanceId"
        ]
        self.wait("instance_running", InstanceIds=[name])
        address = self.ec2.allocate_address()["AllocationId"]
        self.refused("Gateway.NotAttached", self.ec2.associate_address, AllocationId=address, InstanceId=name)

    def test_what_is_kept_stays(self) -> None:
        _, subnet, group = self.network()
        params = self.run_params(subnet, group)
        params["BlockDeviceMappings"].append(
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "DeleteOnTermination": False}}
        )
        params["NetworkInterfaces"][0]["DeleteOnTermination"] = False
        name = self.ec2.run_instances(**params)["Instances"][0]["InstanceId"]
        self.wait("instance_running", InstanceIds=[name])
        self.assertEqual(len(self.ec2.describe_volumes()["Volumes"]), 2)
        self.ec2.terminate_instances(InstanceIds=[name])
        self.wait("instance_terminated", InstanceIds=[name])
        (volume,) = self.ec2.describe_volumes()["Volumes"]
        self.assertEqual((volume["Size"], volume["State"]), (5, "available"))
        (eni,) = self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        self.refused(VIOLATION, self.ec2.delete_security_group, GroupId=group)
        self.ec2.delete_network_interface(NetworkInterfaceId=eni["NetworkInterfaceId"])
        self.ec2.delete_security_group(GroupId=group)
        self.ec2.delete_volume(VolumeId=volume["VolumeId"])
        self.wait("volume_deleted", VolumeIds=[volume["VolumeId"]])

    def test_protected(self) -> None:
        name = self.machine(DisableApiTermination=True)
        self.refused("OperationNotPermitted", self.ec2.terminate_instances, InstanceIds=[name])
        self.ec2.modify_instance_attribute(InstanceId=name, DisableApiTermination={"Value": False})
        self.ec2.terminate_instances(InstanceIds=[name])

    def test_interface_of_its_own(self) -> None:
        _, subnet, group = self.network()
        made = self.ec2.create_network_interface(
            SubnetId=subnet, Groups=[group], TagSpecifications=tagged("network-interface")
        )["NetworkInterface"]
        self.refused(VIOLATION, self.ec2.delete_subnet, SubnetId=subnet)
        self.ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
        self.ec2.delete_security_group(GroupId=group)
        self.ec2.delete_subnet(SubnetId=subnet)
