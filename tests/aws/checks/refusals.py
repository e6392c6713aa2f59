"""What is refused before anything is done: signatures, the wire check, rights, quotas, capacity."""

from .base import REGION, Case
from .raw import FORM, form, query, signed

WHO = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]


class Signatures(Case):
    def test_wrong_secret(self) -> None:
        answer = self.refused("AuthFailure", self.client("ec2", "wrong").describe_vpcs)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 401)
        answer = self.refused("SignatureDoesNotMatch", self.client("sts", "wrong").get_caller_identity)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 403)
        self.refused("SignatureDoesNotMatch", self.client("ssm", "wrong").get_parameter, Name="/x")

    def test_unknown_key_and_session(self) -> None:
        self.refused("AuthFailure", self.client("ec2", aws_access_key_id="AKIDNOBODY0EXAMPLE").describe_vpcs)
        self.refused("InvalidClientTokenId", self.client("sts", aws_session_token="stray").get_caller_identity)

    def test_spoiled(self) -> None:
        body = form([("Action", "DescribeVpcs"), ("Version", "2016-11-15")])
        self.assertEqual(signed(self.fake.port, body)[0], 200)
        for spoil, code in (
            ({"Content-Type": FORM.upper()}, "AuthFailure"),
            ({"X-Amz-Date": "20200101T000000Z"}, "IncompleteSignature"),
            ({"Authorization": ""}, "MissingAuthenticationToken"),
            ({"Authorization": "x"}, "IncompleteSignature"),
        ):
            status, text, _ = signed(self.fake.port, body, spoil=spoil)
            self.assertIn(f"<Code>{code}</Code>", text)
            self.assertGreaterEqual(status, 400)
        status, text, _ = signed(self.fake.port, body, service="s3")
        self.assertEqual(status, 401, text)
        self.assertEqual(self.fake.admin("violations"), [])

    def test_clock(self) -> None:
        self.config(clock_offset=3600)
        answer = self.refused("RequestExpired", self.client("ec2").describe_vpcs)
        self.assertTrue(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        self.refused("SignatureDoesNotMatch", self.client("sts").get_caller_identity)

    def test_off(self) -> None:
        self.config(signatures=False)
        self.client("ec2", "wrong").describe_vpcs()


class WireCheck(Case):
    def bad(self, code: str, action: str, *fields: tuple[str, str], version: str = "2016-11-15") -> None:
        before = len(self.fake.admin("violations"))
        status, text = query(self.fake.port, action, *fields, version=version)
        self.assertEqual(status, 400, text)
        self.assertIn(f"<Code>{code}</Code>", text)
        self.assertGreater(len(self.fake.admin("violations")), before)

    def test_ec2(self) -> None:
        cidr = ("CidrBlock", "10.0.0.0/16")
        self.bad("UnknownParameter", "CreateVpc", cidr, ("Colour", "red"))
        self.bad("UnknownParameter", "CreateVpc", cidr, ("cidrBlock", "10.0.0.0/16"))
        self.bad("UnknownParameter", "CreateVpc", cidr, ("TagSpecification.1.Tags.1.Key", "a"))
        self.bad("InvalidParameterValue", "CreateVpc", cidr, ("DryRun", "yes"))
        self.bad("InvalidParameterValue", "CreateVpc", cidr, ("InstanceTenancy", "shared"))
        self.bad("InvalidParameterValue", "CreateVpc", cidr, ("TagSpecification.0.ResourceType", "vpc"))
        self.bad("InvalidParameterValue", "CreateVpc", cidr, ("TagSpecification", "vpc"))
        self.bad("InvalidParameterCombination", "CreateVpc", cidr, cidr)
        self.bad("MissingParameter", "CreateSubnet", ("CidrBlock", "10.0.0.0/24"))
        self.bad("InvalidParameterValue", "DescribeVpcs", ("MaxResults", "many"))
        self.bad("InvalidParameterValue", "DescribeVpcs", ("MaxResults", "2"))
        self.bad("InvalidAction", "CreateCastle")
        self.bad("InvalidAction", "CreateVpc", cidr, version="2014-01-01")
        self.bad("UnsupportedOperation", "CreateTransitGateway")
        self.assertEqual(self.fake.admin("summary")["kinds"], {})

    def test_others(self) -> None:
        body = form(WHO + [("Colour", "red")])
        status, text, _ = signed(self.fake.port, body, "sts")
        self.assertEqual((status, "<Code>UnknownParameter</Code>" in text), (400, True))
        json = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.GetParameter"}
        for body in (b"{", b"{}", b'{"Name": 1}', b'{"Name": "/x", "Colour": "red"}', b"[]"):
            status, text, _ = signed(self.fake.port, body, "ssm", headers=json)
            self.assertEqual(status, 400, text)
        self.assertEqual(len(self.fake.admin("violations")), 6)

    def test_every_answer_is_in_the_model(self) -> None:
        """What the fake answers is spelled by the model, or it would say FakeBroken; boto3 reads each of them."""
        for name in (
            "availability_zones",
            "regions",
            "vpcs",
            "subnets",
            "internet_gateways",
            "route_tables",
            "security_groups",
            "security_group_rules",
            "addresses",
            "instances",
            "instance_status",
            "volumes",
            "network_interfaces",
            "images",
            "instance_types",
            "instance_type_offerings",
            "tags",
        ):
            getattr(self.ec2, f"describe_{name}")()
        self.assertEqual(self.fake.admin("violations"), [])


class Rights(Case):
    def test_dry_run(self) -> None:
        answer = self.refused("DryRunOperation", self.ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 412)
        self.config(denied=["CreateVpc", "Delete*", "GetParameter"])
        self.refused("UnauthorizedOperation", self.ec2.create_vpc, CidrBlock="10.0.0.0/16", DryRun=True)
        self.refused("UnauthorizedOperation", self.ec2.create_vpc, CidrBlock="10.0.0.0/16")
        self.refused("UnauthorizedOperation", self.ec2.delete_vpc, VpcId="vpc-0")
        self.refused("AccessDeniedException", self.client("ssm").get_parameter, Name="/x")
        summary = self.fake.admin("summary")
        self.assertEqual((summary["kinds"], summary["mutating"]), ({}, 0))

    def test_quotas(self) -> None:
        for number in range(5):
            self.vpc(f"10.{number}.0.0/16")
            self.ec2.allocate_address()
        self.refused("VpcLimitExceeded", self.ec2.create_vpc, CidrBlock="10.8.0.0/16")
        self.refused("AddressLimitExceeded", self.ec2.allocate_address)
        vpc = self.ec2.describe_vpcs()["Vpcs"][0]
        params = self.run_params(
            self.subnet(vpc["VpcId"], vpc["CidrBlock"].replace("/16", "/24")), self.group(vpc["VpcId"])
        )
        self.config(quotas={"vcpu": 1})
        self.refused("VcpuLimitExceeded", self.ec2.run_instances, **params)

    def test_capacity_and_offers(self) -> None:
        _, subnet, group = self.network()
        params = self.run_params(subnet, group)
        self.config(no_capacity=[f"t3.medium@{REGION}a"])
        self.refused("InsufficientInstanceCapacity", self.ec2.run_instances, **params)
        self.config(no_capacity=[], not_offered={"t3.medium": [REGION + "a"]})
        self.refused("Unsupported", self.ec2.run_instances, **params)
        offers = self.ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["t3.medium"]}]
        )["InstanceTypeOfferings"]
        self.assertEqual(
            sorted(each["Location"] for each in offers), ["eu-central-1-ham-1a", "eu-central-1b", "eu-central-1c"]
        )
        self.assertEqual(self.fake.admin("summary")["kinds"].get("volume"), None)

    def test_launch_parameters(self) -> None:
        _, subnet, group = self.network()
        params = self.run_params(subnet, group)
        big = params["BlockDeviceMappings"][0]["Ebs"]
        for change, code in (
            ({"ImageId": "ami-0123456789abcdef0"}, "InvalidAMIID.NotFound"),
            ({"ImageId": "debian"}, "InvalidAMIID.Malformed"),
            ({"InstanceType": "t9.huge"}, "InvalidParameterValue"),
            ({"InstanceType": "t4g.medium"}, "InvalidParameterValue"),
            ({"SubnetId": subnet}, "InvalidParameterCombination"),
            ({"KeyName": "mine"}, "InvalidKeyPair.NotFound"),
            ({"UserData": "x" * 16385}, "InvalidParameterValue"),
            (
                {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-0", "Groups": [group]}]},
                "InvalidSubnetID.NotFound",
            ),
            (
                {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet, "Groups": ["sg-0"]}]},
                "InvalidGroup.NotFound",
            ),
            (
                {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {**big, "VolumeSize": 4}}]},
                "InvalidBlockDeviceMapping",
            ),
        ):
            self.refused(code, self.ec2.run_instances, **{**params, **change})
        self.assertEqual(
            set(self.fake.admin("summary")["kinds"]), {"vpc", "subnet", "internet-gateway", "security-group"}
        )
        self.ec2.run_instances(**{**params, "UserData": "x" * 16384})

    def test_unknown_ids(self) -> None:
        for code, call, params in (
            ("InvalidVpcID.NotFound", self.ec2.delete_vpc, {"VpcId": "vpc-0"}),
            ("InvalidSubnetID.NotFound", self.ec2.delete_subnet, {"SubnetId": "subnet-0"}),
            ("InvalidInternetGatewayID.NotFound", self.ec2.delete_internet_gateway, {"InternetGatewayId": "igw-0"}),
            ("InvalidRouteTableID.NotFound", self.ec2.delete_route_table, {"RouteTableId": "rtb-0"}),
            ("InvalidGroup.NotFound", self.ec2.delete_security_group, {"GroupId": "sg-0"}),
            ("InvalidAllocationID.NotFound", self.ec2.release_address, {"AllocationId": "eipalloc-0"}),
            ("InvalidInstanceID.NotFound", self.ec2.terminate_instances, {"InstanceIds": ["i-0"]}),
            ("InvalidVolume.NotFound", self.ec2.delete_volume, {"VolumeId": "vol-0"}),
            ("InvalidNetworkInterfaceID.NotFound", self.ec2.delete_network_interface, {"NetworkInterfaceId": "eni-0"}),
            (
                "InvalidVpcID.NotFound",
                self.ec2.create_tags,
                {"Resources": ["vpc-0"], "Tags": [{"Key": "a", "Value": "b"}]},
            ),
        ):
            self.refused(code, call, **params)
        self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=["i-0"])
