"""A fake in a process of its own, boto3 clients for it, and the life of a machine in short."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION, KEY, SECRET = "eu-central-1", "AKIDFAKE0EXAMPLE", "fake/secret+of/the-tests0EXAMPLEKEY"
TAGS = [{"Key": "slipway:deployment", "Value": "demo"}, {"Key": "slipway:token", "Value": "0123456789abcdef"}]
HERE = pathlib.Path(__file__).resolve().parents[1]


def tagged(kind: str, tags: list[dict] | None = None) -> list[dict]:
    return [{"ResourceType": kind, "Tags": tags or TAGS}]


class FakeProcess:
    def __init__(self, *args: str):
        self.dir = tempfile.TemporaryDirectory()
        port = pathlib.Path(self.dir.name, "port")
        line = [sys.executable, "-m", "fake", "--with-parent", "--port-file", str(port), *args]
        self.process = subprocess.Popen(line, cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not port.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError("the fake does not come up")
            time.sleep(0.02)
        self.port = int(port.read_text(encoding="ascii"))
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.dir.cleanup()

    def admin(self, path: str, body: Any = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_fake/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)


class Case(unittest.TestCase):
    """Each test begins with an empty account."""

    fake: FakeProcess
    tags: list[dict] = TAGS

    @classmethod
    def setUpClass(cls) -> None:
        cls.fake = FakeProcess()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.fake.close()

    def setUp(self) -> None:
        self.fake.admin("reset", {})
        self.ec2 = self.client("ec2")

    def client(
        self,
        service: str,
        secret: str = SECRET,
        attempts: int = 1,
        region: str = REGION,
        timeout: float = 5,
        **more: Any,
    ) -> Any:
        config = Config(
            retries={"total_max_attempts": attempts, "mode": "standard"}, connect_timeout=5, read_timeout=timeout
        )
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": secret, **more}
        return boto3.client(service, region_name=region, endpoint_url=self.fake.url, config=config, **keys)

    def config(self, **settings: Any) -> None:
        self.fake.admin("config", settings)

    def fault(self, **rule: Any) -> None:
        self.fake.admin("faults", [rule])

    def refused(self, code: str, call: Any, *args: Any, **params: Any) -> dict:
        with self.assertRaises(ClientError) as caught:
            call(*args, **params)
        self.assertEqual(caught.exception.response["Error"]["Code"], code, str(caught.exception))
        return caught.exception.response

    # The steps of a machine's life, each by one call.
    def vpc(self, cidr: str = "10.0.0.0/16") -> str:
        return self.ec2.create_vpc(CidrBlock=cidr, TagSpecifications=tagged("vpc", self.tags))["Vpc"]["VpcId"]

    def subnet(self, vpc: str, cidr: str = "10.0.0.0/24", zone: str = REGION + "a") -> str:
        made = self.ec2.create_subnet(
            VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=tagged("subnet", self.tags)
        )
        return made["Subnet"]["SubnetId"]

    def gateway(self, vpc: str | None = None) -> str:
        made = self.ec2.create_internet_gateway(TagSpecifications=tagged("internet-gateway", self.tags))
        name = made["InternetGateway"]["InternetGatewayId"]
        if vpc:
            self.ec2.attach_internet_gateway(InternetGatewayId=name, VpcId=vpc)
        return name

    def table(self, vpc: str, token: str = "") -> str:
        more = {"ClientToken": token} if token else {}
        made = self.ec2.create_route_table(VpcId=vpc, TagSpecifications=tagged("route-table", self.tags), **more)
        return made["RouteTable"]["RouteTableId"]

    def group(self, vpc: str, name: str = "demo") -> str:
        made = self.ec2.create_security_group(
            GroupName=name, Description="of a test", VpcId=vpc, TagSpecifications=tagged("security-group", self.tags)
        )
        return made["GroupId"]

    def run_params(self, subnet: str, group: str, **more: Any) -> dict:
        interface = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group], "DeleteOnTermination": True}
        disk = {
            "DeviceName": "/dev/xvda",
            "Ebs": {"VolumeSize": 20, "VolumeType": "gp3", "Encrypted": True, "DeleteOnTermination": True},
        }
        return {
            "ImageId": "ami-0deb12a0000000001",
            "InstanceType": "t3.medium",
            "MinCount": 1,
            "MaxCount": 1,
            "UserData": "#cloud-config\n",
            "NetworkInterfaces": [interface],
            "BlockDeviceMappings": [disk],
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled"},
            "TagSpecifications": tagged("instance", self.tags)
            + tagged("volume", self.tags)
            + tagged("network-interface", self.tags),
            **more,
        }

    def network(self) -> tuple[str, str, str]:
        """VPC with gateway, subnet and group."""
        vpc = self.vpc()
        self.gateway(vpc)
        return vpc, self.subnet(vpc), self.group(vpc)

    def machine(self, **more: Any) -> str:
        _, subnet, group = self.network()
        made = self.ec2.run_instances(**self.run_params(subnet, group, **more))
        return made["Instances"][0]["InstanceId"]

    def state(self, name: str) -> str:
        return self.ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]["State"]["Name"]

    def wait(self, waiter: str, **params: Any) -> None:
        self.ec2.get_waiter(waiter).wait(WaiterConfig={"Delay": 0, "MaxAttempts": 20}, **params)
