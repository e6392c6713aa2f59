"""Objects that cannot be seen yet, client tokens, pages."""

import time

from .base import TAGS, Case, tagged

MINE = [{"Name": "tag:slipway:token", "Values": ["0123456789abcdef"]}]


class Visibility(Case):
    def test_for_the_first_describes(self) -> None:
        self.config(invisible_describes=2)
        vpc = self.vpc()
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])
        self.refused("InvalidVpcID.NotFound", self.ec2.describe_vpcs, VpcIds=[vpc])
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"]), 1)

    def test_of_its_kind_alone(self) -> None:
        self.config(invisible_describes=1)
        self.vpc()
        self.ec2.describe_subnets()
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"]), 1)

    def test_waiters_and_changes(self) -> None:
        self.config(invisible_describes=2, invisible_to_changes=True)
        vpc = self.vpc()
        for _ in range(2):
            self.refused("InvalidVpcID.NotFound", self.ec2.create_subnet, VpcId=vpc, CidrBlock="10.0.0.0/24")
        subnet = self.subnet(vpc)
        self.config(invisible_to_changes=False)
        group = self.group(vpc)
        name = self.ec2.run_instances(**self.run_params(subnet, group))["Instances"][0]["InstanceId"]
        self.refused("InvalidInstanceID.NotFound", self.ec2.describe_instances, InstanceIds=[name])
        self.wait("instance_exists", InstanceIds=[name])
        self.wait("instance_running", InstanceIds=[name])

    def test_ghosts(self) -> None:
        self.config(ghost_describes=2)
        vpc = self.vpc()
        self.ec2.delete_vpc(VpcId=vpc)
        self.refused("InvalidVpcID.NotFound", self.ec2.delete_vpc, VpcId=vpc)
        self.assertEqual([len(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"]) for _ in range(3)], [1, 1, 0])
        self.assertEqual(self.fake.admin("objects"), [])

    def test_lag_ends(self) -> None:
        self.config(invisible_describes=1000, ghost_describes=1000, lag_at_most=0.3)
        vpc = self.vpc()
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])
        time.sleep(0.35)
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"]), 1)
        self.ec2.delete_vpc(VpcId=vpc)
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"]), 1)
        time.sleep(0.35)
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])

    def test_by_time(self) -> None:
        self.config(invisible_seconds=30.0)
        self.vpc()
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])
        self.assertEqual(self.fake.admin("summary")["kinds"], {"vpc": 1})


class Tokens(Case):
    def test_run_instances(self) -> None:
        _, subnet, group = self.network()
        params = self.run_params(subnet, group, ClientToken="token-1")
        first = self.ec2.run_instances(**params)["Instances"][0]["InstanceId"]
        self.assertEqual(self.ec2.run_instances(**params)["Instances"][0]["InstanceId"], first)
        for change in (
            {"UserData": "#cloud-config\n#"},
            {"InstanceType": "t3.large"},
            {"TagSpecifications": tagged("instance")},
        ):
            self.refused("IdempotentParameterMismatch", self.ec2.run_instances, **{**params, **change})
        self.ec2.terminate_instances(InstanceIds=[first])
        self.wait("instance_terminated", InstanceIds=[first])
        again = self.ec2.run_instances(**params)["Instances"][0]
        self.assertEqual((again["InstanceId"], again["State"]["Name"]), (first, "terminated"))
        found = self.ec2.describe_instances(Filters=[{"Name": "client-token", "Values": ["token-1"]}])["Reservations"]
        self.assertEqual(len(found), 1)
        self.refused("InvalidParameterValue", self.ec2.run_instances, **{**params, "ClientToken": "x" * 65})

    def test_none_is_a_second_object(self) -> None:
        def another() -> str:  # boto3 makes a token of its own unless one is given; "" counts as none
            return self.ec2.run_instances(**self.run_params(subnet, group, ClientToken=""))["Instances"][0][
                "InstanceId"
            ]

        _, subnet, group = self.network()
        self.assertNotEqual(another(), another())
        self.assertNotEqual(self.gateway(), self.gateway())

    def test_route_table(self) -> None:
        vpc = self.vpc()
        first = self.table(vpc, "t-1")
        self.assertEqual(self.table(vpc, "t-1"), first)
        self.assertNotEqual(self.table(vpc, "t-2"), first)
        self.refused("IdempotentParameterMismatch", self.ec2.create_route_table, VpcId=vpc, ClientToken="t-1")


class Templates(Case):
    def make(self, **more: str) -> str:
        made = self.ec2.create_launch_template(
            LaunchTemplateName="demo",
            LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}},
            TagSpecifications=tagged("launch-template"),
            **more,
        )
        return made["LaunchTemplate"]["LaunchTemplateId"]

    def test_a_name_is_given_once(self) -> None:
        self.config(invisible_describes=1)
        first = self.make(ClientToken="t-1")
        self.assertEqual(self.make(ClientToken="t-1"), first)
        taken = "InvalidLaunchTemplateName.AlreadyExistsException"
        self.refused(taken, self.make, ClientToken="t-2")  # though no describe shows it yet
        self.assertEqual(self.ec2.describe_launch_templates(Filters=MINE)["LaunchTemplates"], [])
        shown = self.ec2.describe_launch_templates(Filters=MINE)["LaunchTemplates"][0]
        self.assertEqual((shown["LaunchTemplateId"], shown["Tags"]), (first, TAGS))
        self.ec2.delete_launch_template(LaunchTemplateId=first)
        code = "InvalidLaunchTemplateId.NotFound"
        self.refused(code, self.ec2.delete_launch_template, LaunchTemplateId=first)
        self.assertNotEqual(self.make(ClientToken="t-3"), first)


class Pages(Case):
    def test_paginators(self) -> None:
        vpc = self.vpc()
        for number in range(12):
            self.group(vpc, f"demo-{number}")
        pages = list(self.ec2.get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(page["SecurityGroups"]) for page in pages], [5, 5, 3])
        self.refused("InvalidParameterValue", self.ec2.describe_security_groups, MaxResults=1001)
        self.refused("InvalidPaginationToken", self.ec2.describe_security_groups, NextToken="nonsense")
        self.refused(
            "InvalidParameterCombination",
            self.ec2.describe_security_groups,
            MaxResults=5,
            GroupIds=[pages[0]["SecurityGroups"][0]["GroupId"]],
        )

    def test_forced(self) -> None:
        self.config(page_size=2)
        for number in range(3):
            self.vpc(f"10.{number}.0.0/16")
        first = self.ec2.describe_vpcs()
        self.assertEqual(len(first["Vpcs"]), 2)
        self.assertEqual(len(self.ec2.describe_vpcs(NextToken=first["NextToken"])["Vpcs"]), 1)
        for name, key in (
            ("describe_instance_types", "InstanceTypes"),
            ("describe_instance_type_offerings", "InstanceTypeOfferings"),
            ("describe_images", "Images"),
            ("describe_tags", "Tags"),
        ):
            found = [each for page in self.ec2.get_paginator(name).paginate() for each in page[key]]
            self.assertGreater(len(found), 5, name)

    def test_filters(self) -> None:
        vpc = self.vpc()
        self.refused("InvalidParameterValue", self.ec2.describe_vpcs, Filters=[{"Name": "colour", "Values": ["red"]}])
        for name, value, count in (
            ("tag:slipway:token", "0123*", 1),
            ("tag:slipway:token", "x*", 0),
            ("tag-key", "slipway:token", 1),
            ("vpc-id", vpc, 1),
            ("is-default", "false", 1),
            ("tag:slipway:token", "0?23456789abcdef", 1),
            ("tag:slipway:token", "[0]123456789abcdef", 0),
        ):
            found = self.ec2.describe_vpcs(Filters=[{"Name": name, "Values": [value]}])["Vpcs"]
            self.assertEqual(len(found), count, (name, value))
        both = [{"Name": "vpc-id", "Values": ["vpc-0", vpc]}, {"Name": "tag:slipway:deployment", "Values": ["other"]}]
        self.assertEqual(self.ec2.describe_vpcs(Filters=both)["Vpcs"], [])

    def test_tag_limits(self) -> None:
        vpc = self.vpc()
        self.ec2.create_tags(Resources=[vpc], Tags=[{"Key": f"k{n}", "Value": ""} for n in range(48)])
        self.refused("TagLimitExceeded", self.ec2.create_tags, Resources=[vpc], Tags=[{"Key": "k48", "Value": ""}])
        for tag in ({"Key": "aws:x", "Value": "y"}, {"Key": "a*b", "Value": "y"}, {"Key": "k", "Value": "v" * 256}):
            self.refused("InvalidParameterValue", self.ec2.create_tags, Resources=[vpc], Tags=[tag])
        self.ec2.delete_tags(Resources=[vpc], Tags=[{"Key": tag["Key"]} for tag in TAGS])
        self.assertEqual(self.ec2.describe_vpcs(Filters=MINE)["Vpcs"], [])
        self.refused(
            "InvalidParameterValue", self.ec2.create_vpc, CidrBlock="10.9.0.0/16", TagSpecifications=tagged("subnet")
        )
