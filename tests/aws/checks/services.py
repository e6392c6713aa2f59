"""STS, SSM, Service Quotas, Elastic Load Balancing, checkip; machines behind instances; faults and held requests."""

import http.client
import pathlib
import socket
import tempfile
import time
import urllib.error
import urllib.request

from botocore.exceptions import BotoCoreError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from .base import TAGS, Case, FakeProcess

ROLE = "arn:aws:iam::123456789012:role/deploy"


class Services(Case):
    def test_sts(self) -> None:
        sts = self.client("sts")
        self.assertEqual(sts.get_caller_identity()["Account"], "123456789012")
        made = sts.assume_role(RoleArn=ROLE, RoleSessionName="tests", DurationSeconds=900)["Credentials"]
        keys = {
            "aws_access_key_id": made["AccessKeyId"],
            "secret": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }
        self.assertTrue(self.client("sts", **keys).get_caller_identity()["Arn"].endswith("assumed-role/deploy/tests"))
        self.client("ec2", **keys).describe_vpcs()
        self.config(clock_offset=901)
        self.refused("RequestExpired", self.client("ec2", **keys).describe_vpcs)
        self.config(clock_offset=0)
        self.refused("AuthFailure", self.client("ec2", **{**keys, "aws_session_token": "stray"}).describe_vpcs)
        web = sts.assume_role_with_web_identity(RoleArn=ROLE, RoleSessionName="tests", WebIdentityToken="a.b.c")
        self.assertTrue(web["Credentials"]["SessionToken"])
        self.refused(
            "InvalidIdentityToken",
            sts.assume_role_with_web_identity,
            RoleArn=ROLE,
            RoleSessionName="tests",
            WebIdentityToken="nonsense",
        )
        self.refused("ValidationError", sts.assume_role, RoleArn="arn:aws:iam::12:user/nobody", RoleSessionName="tests")

    def test_ssm_and_images(self) -> None:
        ssm = self.client("ssm")
        for name, owner, root, arch in (
            ("/aws/service/debian/release/12/latest/amd64", "136693071363", "/dev/xvda", "x86_64"),
            ("/aws/service/debian/release/13/latest/arm64", "136693071363", "/dev/xvda", "arm64"),
            (
                "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
                "099720109477",
                "/dev/sda1",
                "x86_64",
            ),
        ):
            image = ssm.get_parameter(Name=name)["Parameter"]["Value"]
            shown = self.ec2.describe_images(ImageIds=[image], Owners=[owner])["Images"][0]
            self.assertEqual((shown["RootDeviceName"], shown["Architecture"]), (root, arch))
            self.assertEqual(self.ec2.describe_images(ImageIds=[image], Owners=["999988887777"])["Images"], [])
        self.refused("ParameterNotFound", ssm.get_parameter, Name="/aws/service/debian/release/11/latest/amd64")

    def test_types(self) -> None:
        shown = self.ec2.describe_instance_types(InstanceTypes=["t3.medium", "t4g.small"])["InstanceTypes"]
        self.assertEqual(
            [
                (
                    each["VCpuInfo"]["DefaultVCpus"],
                    each["MemoryInfo"]["SizeInMiB"],
                    each["ProcessorInfo"]["SupportedArchitectures"],
                )
                for each in shown
            ],
            [(2, 4096, ["x86_64"]), (2, 2048, ["arm64"])],
        )
        self.refused("InvalidInstanceType", self.ec2.describe_instance_types, InstanceTypes=["t9.huge"])

    def test_quotas(self) -> None:
        quotas = self.client("service-quotas")
        self.config(quotas={"vcpu": 5})
        self.assertEqual(quotas.get_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]["Value"], 5.0)
        self.refused("NoSuchResourceException", quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")

    def test_balancers(self) -> None:
        vpc, subnet, group = self.network()
        v2, classic = self.client("elbv2"), self.client("elb")
        arn = v2.create_load_balancer(Name="a", Subnets=[subnet], SecurityGroups=[group], Tags=TAGS)["LoadBalancers"][
            0
        ]["LoadBalancerArn"]
        classic.create_load_balancer(
            LoadBalancerName="b",
            Subnets=[subnet],
            Tags=TAGS,
            Listeners=[{"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 80}],
        )
        self.assertEqual([each["VpcId"] for each in v2.describe_load_balancers()["LoadBalancers"]], [vpc])
        self.assertEqual(
            [each["VPCId"] for each in classic.describe_load_balancers()["LoadBalancerDescriptions"]], [vpc]
        )
        self.assertEqual(v2.describe_tags(ResourceArns=[arn])["TagDescriptions"], [{"ResourceArn": arn, "Tags": TAGS}])
        self.assertEqual(classic.describe_tags(LoadBalancerNames=["b"])["TagDescriptions"][0]["Tags"], TAGS)
        self.refused("DependencyViolation", self.ec2.delete_subnet, SubnetId=subnet)
        v2.delete_load_balancer(LoadBalancerArn=arn)
        classic.delete_load_balancer(LoadBalancerName="b")
        classic.delete_load_balancer(LoadBalancerName="b")  # a repeat is no error
        self.refused("LoadBalancerNotFound", v2.describe_tags, ResourceArns=[arn])
        self.ec2.delete_subnet(SubnetId=subnet)

    def test_checkip(self) -> None:
        with urllib.request.urlopen(self.fake.url + "/", timeout=5) as answer:
            self.assertEqual(answer.read(), b"203.0.113.10\n")

    def test_default_vpc(self) -> None:
        self.config(default_vpc=True)
        self.assertEqual(len(self.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]), 1)
        self.assertEqual(len(self.ec2.describe_subnets()["Subnets"]), 3)

    def test_regions_are_apart(self) -> None:
        self.vpc()
        self.assertEqual(self.client("ec2").describe_vpcs()["Vpcs"][0]["CidrBlock"], "10.0.0.0/16")
        self.assertEqual(self.client("ec2", region="us-east-1").describe_vpcs()["Vpcs"], [])


class Machines(Case):
    def test_launch_that_dies(self) -> None:
        self.config(launch_fails="Server.InternalError")
        name = self.machine()
        self.state(name)
        shown = self.ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        self.assertEqual((shown["State"]["Name"], shown["StateReason"]["Code"]), ("terminated", "Server.InternalError"))

    def test_slow_states(self) -> None:
        self.config(pending_describes=3, terminating_describes=2)
        name = self.machine()
        self.assertEqual([self.state(name) for _ in range(4)], ["pending"] * 3 + ["running"])
        self.ec2.terminate_instances(InstanceIds=[name])
        self.assertEqual([self.state(name) for _ in range(3)], ["shutting-down"] * 2 + ["terminated"])
        self.fake.admin("forget-terminated", {})
        self.assertEqual(self.ec2.describe_instances()["Reservations"], [])

    def test_hook(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            log = pathlib.Path(directory, "log")
            self.fake = FakeProcess("--machine", "checks.machine_log")
            try:
                self.ec2 = self.client("ec2")
                name = self.machine(UserData=f"{log}")
                self.wait("instance_running", InstanceIds=[name])
                address = self.ec2.allocate_address()
                tie = self.ec2.associate_address(AllocationId=address["AllocationId"], InstanceId=name)["AssociationId"]
                group = self.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["demo"]}])[
                    "SecurityGroups"
                ][0]
                self.ec2.authorize_security_group_ingress(
                    GroupId=group["GroupId"], IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="203.0.113.10/32"
                )
                self.ec2.reboot_instances(InstanceIds=[name])
                self.assertEqual(self.ec2.get_console_output(InstanceId=name)["Output"], "hello\n")
                self.ec2.disassociate_address(AssociationId=tie)
                self.ec2.terminate_instances(InstanceIds=[name])
                self.wait("instance_terminated", InstanceIds=[name])
                self.assertEqual(
                    log.read_text().splitlines(),
                    [
                        f"start {name} False 0",
                        f"associate {name} 10.9.9.1",
                        f"changed {name} 1",
                        f"reboot {name}",
                        "disassociate 10.9.9.1",
                        f"stop {name}",
                    ],
                )
            finally:
                self.fake.close()


class Faults(Case):
    def test_answers(self) -> None:
        self.fault(
            action="DescribeVpcs",
            kind="error",
            status=503,
            code="Unavailable",
            message="later",
            headers={"Retry-After": "2"},
        )
        answer = self.refused("Unavailable", self.ec2.describe_vpcs)
        self.assertEqual(answer["ResponseMetadata"]["HTTPHeaders"]["retry-after"], "2")
        self.ec2.describe_vpcs()
        self.fault(action="*", nth=2, count=2, kind="throttle")
        self.ec2.describe_vpcs()
        self.refused("RequestLimitExceeded", self.ec2.describe_vpcs)
        self.refused("RequestLimitExceeded", self.ec2.describe_vpcs)
        self.ec2.describe_vpcs()
        self.fault(kind="raw", action="DescribeVpcs", status=502, body="<html>Bad gateway</html>")
        self.refused("502", self.ec2.describe_vpcs)
        self.fault(kind="date_skew", seconds=-3600)
        self.refused("RequestExpired", self.ec2.describe_vpcs)
        self.fault(kind="deny", actions=["CreateVpc"])
        self.refused("UnauthorizedOperation", self.ec2.create_vpc, CidrBlock="10.0.0.0/16")
        self.fake.admin("faults", method="DELETE")
        self.vpc()

    def test_boto3_retries_throttling(self) -> None:
        self.fault(kind="throttle", count=2)
        self.client("ec2", attempts=4).describe_vpcs()
        self.assertEqual([each["status"] for each in self.fake.admin("log")], [503, 503, 200])

    def test_cuts(self) -> None:
        for kind, count in (("cut_before", 0), ("cut_after", 1), ("truncate", 2)):
            self.fault(action="CreateVpc", kind=kind)
            with self.assertRaises((BotoCoreError, ResponseParserError)):
                self.ec2.create_vpc(CidrBlock="10.0.0.0/16")
            self.assertEqual(self.fake.admin("summary")["kinds"].get("vpc", 0), count, kind)
        self.fault(action="CreateVpc", kind="error", after=True, status=500, code="InternalError")
        self.refused("InternalError", self.ec2.create_vpc, CidrBlock="10.0.0.0/16")
        self.assertEqual(self.fake.admin("summary")["kinds"]["vpc"], 3)

    def test_slow_and_huge(self) -> None:
        self.fault(action="DescribeVpcs", kind="delay", seconds=0.3)
        self.fault(action="DescribeVpcs", kind="slow_header", seconds=0.3, nth=2)
        for _ in range(2):
            began = time.monotonic()
            self.ec2.describe_vpcs()
            self.assertGreater(time.monotonic() - began, 0.25)
        self.fault(action="DescribeVpcs", kind="huge", bytes=5 << 20)
        with self.assertRaises(ResponseParserError):
            self.ec2.describe_vpcs()

    def test_held_request(self) -> None:
        for when, count in (("before", 0), ("after", 1)):
            with tempfile.TemporaryDirectory() as directory:
                mark = pathlib.Path(directory, "held")
                self.config(hold_file=str(mark))
                self.fake.admin("stop_at", {"request": 2, "when": when})
                self.ec2.describe_vpcs()
                with self.assertRaises(ReadTimeoutError):
                    self.client("ec2", timeout=0.5).create_vpc(CidrBlock="10.0.0.0/16")  # its time-out is the kill here
                self.assertTrue(mark.read_text().endswith("CreateVpc\n"))
                self.assertEqual(self.fake.admin("summary")["kinds"].get("vpc", 0), count)
                self.ec2.describe_vpcs()

    def test_refused_rules(self) -> None:
        for path, body in (
            ("faults", [{"kind": "sneeze"}]),
            ("faults", [{"kind": "throttle", "colour": "red"}]),
            ("config", {"colour": "red"}),
            ("config", {"page_size": "2"}),
            ("nothing", {}),
            ("stop_at", {"request": 1, "when": "now"}),
        ):
            with self.assertRaises(urllib.error.HTTPError):
                self.fake.admin(path, body)

    def test_keep_alive_and_garbage(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.fake.port, timeout=5)
        for _ in range(3):
            connection.request("GET", "/checkip")
            self.assertEqual(connection.getresponse().read(), b"203.0.113.10\n")
        connection.close()
        with socket.create_connection(("127.0.0.1", self.fake.port), 5) as raw:
            raw.sendall(b"nonsense\r\n\r\n")
            self.assertEqual(raw.recv(100), b"")
