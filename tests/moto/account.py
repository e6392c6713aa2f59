"""The account of the moto suite, by boto3. ENDPOINT names the server; DIR/admin.env has the administrator's key.
  setup DIR                 make the administrator (before IAM is enforced) and remember what the account has
  user DIR NAME POLICY      make user NAME anew with exactly this policy; writes DIR/NAME.env
  role DIR NAME POLICY      the same as a role that is assumed: temporary credentials
  without DIR SID ACTION POLICY OUT   POLICY without ACTION in statement SID ("" for all statements)
  plant DIR NAME            what was left of deployment NAME and what its cluster made
  stop DIR NAME             stop its machine, as somebody does by hand
  cluster-volume DIR NAME   a volume that its cluster made
  strangers DIR NAME        objects that look like its own and are not; prints their ids
  refused DIR USER NAME     USER tries what he may not do; prints how many attempts were refused
  network DIR               a subnet and a security group of the account: their ids, and all that is known of them
  forget DIR VOLUME...      delete them
  left DIR                  what the account has beyond the beginning, one a line
  rights DIR POLICY all|told   its statements and actions, one pair a line
  unused DIR POLICY         statements and actions of the policy that decided nothing, one a line"""
import hashlib
import json
import os
import pathlib
import sys
from typing import Any, Iterator

import boto3
from botocore.exceptions import ClientError

REGION = "eu-central-1"
NUMBER = "123456789012"
ALL = {"Version": "2012-10-17", "Statement": [{"Sid": "All", "Effect": "Allow", "Action": "*", "Resource": "*"}]}
DESCRIBES = [  # call, list, id, what is no object of anybody
    ("describe_vpcs", "Vpcs", "VpcId"), ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("describe_subnets", "Subnets", "SubnetId"), ("describe_route_tables", "RouteTables", "RouteTableId"),
    ("describe_security_groups", "SecurityGroups", "GroupId"), ("describe_addresses", "Addresses", "AllocationId"),
    ("describe_volumes", "Volumes", "VolumeId"),
    ("describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("describe_launch_templates", "LaunchTemplates", "LaunchTemplateId"),
]


def client(service: str, key: dict[str, str] | None = None) -> Any:
    key = key or {"id": "setup", "secret": "setup"}
    return boto3.client(service, region_name=REGION, endpoint_url=os.environ["ENDPOINT"], aws_access_key_id=key["id"],
                        aws_secret_access_key=key["secret"], aws_session_token=key.get("token"))


def admin(directory: pathlib.Path, service: str) -> Any:
    lines = dict(line.split("=", 1) for line in (directory / "admin.env").read_text().splitlines())
    return client(service, {"id": lines["AWS_ACCESS_KEY_ID"], "secret": lines["AWS_SECRET_ACCESS_KEY"]})


def write_key(path: pathlib.Path, key: dict[str, Any]) -> None:
    lines = [f"AWS_ACCESS_KEY_ID={key['AccessKeyId']}", f"AWS_SECRET_ACCESS_KEY={key['SecretAccessKey']}"]
    if "SessionToken" in key:
        lines.append(f"AWS_SESSION_TOKEN={key['SessionToken']}")
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)


def everything(directory: pathlib.Path) -> Iterator[str]:
    ec2, elbv2, elb = (admin(directory, service) for service in ("ec2", "elbv2", "elb"))
    for call, listed, name in DESCRIBES:
        yield from (one[name] for one in getattr(ec2, call)()[listed])
    for reservation in ec2.describe_instances()["Reservations"]:
        yield from (i["InstanceId"] for i in reservation["Instances"] if i["State"]["Name"] != "terminated")
    yield from (one["LoadBalancerArn"] for one in elbv2.describe_load_balancers()["LoadBalancers"])
    yield from (one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancerDescriptions"])


def setup(directory: pathlib.Path) -> None:
    iam = client("iam")  # these three calls are the ones that moto lets through
    iam.create_user(UserName="admin")
    iam.put_user_policy(UserName="admin", PolicyName="all", PolicyDocument=json.dumps(ALL))
    write_key(directory / "admin.env", iam.create_access_key(UserName="admin")["AccessKey"])
    (directory / "before").write_text("\n".join(everything(directory)))


def user(directory: pathlib.Path, name: str, policy: str) -> None:
    iam = admin(directory, "iam")
    if name not in (u["UserName"] for u in iam.list_users()["Users"]):
        iam.create_user(UserName=name)
        write_key(directory / f"{name}.env", iam.create_access_key(UserName=name)["AccessKey"])
    iam.put_user_policy(UserName=name, PolicyName="slipway", PolicyDocument=pathlib.Path(policy).read_text())


def role(directory: pathlib.Path, name: str, policy: str) -> None:
    iam = admin(directory, "iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": NUMBER},
                                                     "Action": "sts:AssumeRole"}]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="slipway", PolicyDocument=pathlib.Path(policy).read_text())
    got = admin(directory, "sts").assume_role(RoleArn=arn, RoleSessionName="suite")
    write_key(directory / f"{name}.env", got["Credentials"])


def without(_: pathlib.Path, sid: str, action: str, policy: str, out: str) -> None:
    document = json.loads(pathlib.Path(policy).read_text())
    for statement in document["Statement"]:
        if sid in ("", statement["Sid"]):
            statement["Action"] = [a for a in statement["Action"] if a != action]
    document["Statement"] = [s for s in document["Statement"] if s["Action"]]
    pathlib.Path(out).write_text(json.dumps(document))


def tags(name: str, token: str, kind: str) -> list[dict[str, str]]:
    rows = {"Name": f"slipway-{name}", "slipway:deployment": name, "slipway:token": token, "slipway:kind": kind,
            "slipway:creator": "suite"}
    return [{"Key": k, "Value": v} for k, v in rows.items()]


def cluster_of(name: str) -> tuple[str, list[dict[str, str]]]:
    token = hashlib.sha256(f"slipway/aws/{NUMBER}/{REGION}/{name}".encode()).hexdigest()[:16]
    return token, [{"Key": f"kubernetes.io/cluster/{name}-{token}", "Value": "owned"}]


def volume(ec2: Any, rows: list[dict[str, str]]) -> str:
    return ec2.create_volume(AvailabilityZone=f"{REGION}a", Size=1,
                             TagSpecifications=[{"ResourceType": "volume", "Tags": rows}])["VolumeId"]


def plant(directory: pathlib.Path, name: str) -> None:
    ec2 = admin(directory, "ec2")
    token, owned = cluster_of(name)
    ours = [{"Name": "tag:slipway:deployment", "Values": [name]}]
    subnet = ec2.describe_subnets(Filters=ours)["Subnets"][0]
    elsewhere = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]
    ec2.create_network_interface(SubnetId=elsewhere["SubnetId"], TagSpecifications=[
        {"ResourceType": "network-interface", "Tags": tags(name, token, "network-interface")}])
    volume(ec2, tags(name, token, "volume"))
    volume(ec2, owned)
    group = ec2.create_security_group(GroupName="k8s-elb", Description="of the cluster", VpcId=subnet["VpcId"],
                                      TagSpecifications=[{"ResourceType": "security-group", "Tags": owned}])["GroupId"]
    admin(directory, "elbv2").create_load_balancer(Name="net", Type="network", Subnets=[subnet["SubnetId"]], Tags=owned)
    admin(directory, "elb").create_load_balancer(
        LoadBalancerName="classic", Subnets=[subnet["SubnetId"]], SecurityGroups=[group], Tags=owned,
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}])


def stop(directory: pathlib.Path, name: str) -> None:
    ec2 = admin(directory, "ec2")
    found = ec2.describe_instances(Filters=[{"Name": "tag:slipway:deployment", "Values": [name]},
                                            {"Name": "instance-state-name", "Values": ["running"]}])["Reservations"]
    ec2.stop_instances(InstanceIds=[i["InstanceId"] for r in found for i in r["Instances"]])


def cluster_volume(directory: pathlib.Path, name: str) -> None:
    volume(admin(directory, "ec2"), cluster_of(name)[1])


def strangers(directory: pathlib.Path, name: str) -> None:
    ec2 = admin(directory, "ec2")
    token, owned = cluster_of(name)
    shared = [{"Key": owned[0]["Key"], "Value": "shared"}]
    for rows in (shared, tags(name, "0" * 16, "volume"), tags(name + "x", token, "volume"),
                 [{"Key": "slipway:token", "Value": token}]):
        print(volume(ec2, rows))


def refused(directory: pathlib.Path, user_name: str, name: str) -> None:
    """What the user may not do, though it looks like what he may; and what he may."""
    lines = dict(line.split("=", 1) for line in (directory / f"{user_name}.env").read_text().splitlines())
    ec2 = client("ec2", {"id": lines["AWS_ACCESS_KEY_ID"], "secret": lines["AWS_SECRET_ACCESS_KEY"]})
    reservation = ec2.describe_instances(Filters=[{"Name": "tag:slipway:deployment", "Values": [name]}])
    instance = reservation["Reservations"][0]["Instances"][0]
    theirs = volume(admin(directory, "ec2"), tags("other", "0" * 16, "volume"))
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    made = tags(name, "0" * 16, "x")

    def spec(kind: str, rows: list[dict[str, str]]) -> list[dict[str, Any]]:
        return [{"ResourceType": kind, "Tags": rows}]
    attempts = {
        "untagged VPC": lambda: ec2.create_vpc(CidrBlock="10.1.0.0/16"),
        "VPC of another deployment": lambda: ec2.create_vpc(
            CidrBlock="10.1.0.0/16", TagSpecifications=spec("vpc", tags("other", "0" * 16, "vpc"))),
        "VPC with a tag of another system": lambda: ec2.create_vpc(
            CidrBlock="10.1.0.0/16", TagSpecifications=spec("vpc", made + [{"Key": "team", "Value": "x"}])),
        "group in a VPC that is not ours": lambda: ec2.create_security_group(
            GroupName="g", Description="g", VpcId=vpc, TagSpecifications=spec("security-group", made)),
        "machine in a subnet that is not ours": lambda: ec2.run_instances(
            ImageId=instance["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1,
            SubnetId=ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"],
            TagSpecifications=spec("instance", made)),
        "delete what is not ours": lambda: ec2.delete_volume(VolumeId=theirs),
        "make it ours": lambda: ec2.create_tags(Resources=[theirs], Tags=made[:2]),
        "another tag on our machine": lambda: ec2.create_tags(Resources=[instance["InstanceId"]],
                                                              Tags=[{"Key": "Name", "Value": "x"}]),
        "another region": lambda: boto3.client(
            "ec2", region_name="us-east-1", endpoint_url=os.environ["ENDPOINT"],
            aws_access_key_id=lines["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=lines["AWS_SECRET_ACCESS_KEY"]).describe_vpcs(),
    }
    for what, attempt in attempts.items():
        try:
            attempt()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "UnauthorizedOperation", (what, error)
            continue
        raise AssertionError(f"allowed: {what}")
    ec2.create_tags(Resources=[instance["InstanceId"]], Tags=[{"Key": "slipway:entered", "Value": "now"}])
    admin(directory, "ec2").delete_volume(VolumeId=theirs)
    print(len(attempts))


def network(directory: pathlib.Path) -> None:
    ec2 = admin(directory, "ec2")
    zone = [{"Name": "availability-zone", "Values": [f"{REGION}a"]}, {"Name": "default-for-az", "Values": ["true"]}]
    subnet = ec2.describe_subnets(Filters=zone)["Subnets"][0]
    group = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [subnet["VpcId"]]},
                                                  {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]
    print(subnet["SubnetId"], group["GroupId"])
    print(json.dumps([subnet, group], sort_keys=True))


def forget(directory: pathlib.Path, *volumes: str) -> None:
    for one in volumes:
        admin(directory, "ec2").delete_volume(VolumeId=one)


def left(directory: pathlib.Path) -> None:
    before = set((directory / "before").read_text().split())
    for one in everything(directory):
        if one not in before:
            print(one)


def rights(_: pathlib.Path, policy: str, which: str) -> None:
    for statement in json.loads(pathlib.Path(policy).read_text())["Statement"]:
        for action in statement["Action"]:
            # The tag is set after a login, which moto cannot give, so that `refused` tries it; the console is a help.
            quiet = statement["Sid"] == "TagEntered" or action.endswith(":GetConsoleOutput")
            if which == "all" or not quiet:
                print(statement["Sid"], action)


def unused(directory: pathlib.Path, policy: str) -> None:
    used = set()
    for line in (directory / "decisions").read_text().splitlines():
        row = json.loads(line)
        if not row["who"].endswith(":user/admin") and row["sid"] and not row["dry_run"]:
            used.add((row["sid"], row["action"]))
    for statement in json.loads(pathlib.Path(policy).read_text())["Statement"]:
        for action in statement["Action"]:
            if (statement["Sid"], action) not in used:
                print(f"{statement['Sid']} {action}")


if __name__ == "__main__":
    commands = {"setup": setup, "user": user, "role": role, "without": without, "plant": plant,
                "stop": stop,
                "cluster-volume": cluster_volume,
                "strangers": strangers, "refused": refused, "network": network, "forget": forget,
                "left": left, "rights": rights, "unused": unused}
    commands[sys.argv[1]](pathlib.Path(sys.argv[2]), *sys.argv[3:])
