#!/usr/bin/python3
"""tests/aws/scenarios.py URL SLIPWAY: what happens to an account, told as scenes against a running fake EC2: slipway as a
user calls it, boto3 as the other users of the account. Prints a line for each, "N passed, N failed" at the end."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter

import boto3

URL, SLIPWAY = sys.argv[1], sys.argv[2]
REGION = "eu-central-1"
SSH_NOT_REACHED = 6  # nothing answers behind an address of the fake: the machine phase is done
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDFAKE0EXAMPLE", "AWS_SECRET_ACCESS_KEY": "fake/secret+of/the-tests0EXAMPLEKEY"}
WHOLE = {"launch-template": 1, "vpc": 1, "internet-gateway": 1, "subnet": 1, "route-table": 1, "security-group": 1, "elastic-ip": 1,
         "instance": 1, "volume": 1, "network-interface": 1}


class Wrong(Exception):
    pass


def fake(path, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{URL}/_fake/{path}", data, method=method or ("GET" if body is None else "POST"))
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Scene:
    """A clean account and a deployment directory."""

    def __init__(self, name):
        self.name = name
        self.work = tempfile.mkdtemp(prefix="slipway-scene.")
        self.home = os.path.join(self.work, "state")
        self.spec = os.path.join(self.work, "slipway.yaml")
        self.env = {**{k: v for k, v in os.environ.items() if not k.startswith("AWS_")}, **KEYS, "AWS_ENDPOINT_URL": URL,
                    "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                    "AWS_EC2_METADATA_DISABLED": "true", "SLIPWAY_ADDRESS_URL": URL + "/checkip",
                    "SLIPWAY_HOME": self.home, "SLIPWAY_CLOUD_SETTLE_S": "2"}
        self.err = ""
        self.out = ""
        fake("reset", {})
        fake("config", {"caller_address": "203.0.113.7"})
        self.write()

    def write(self, aws="{region: eu-central-1}", more=""):
        with open(self.spec, "w") as f:
            f.write(f"apiVersion: slipway/v1\nname: scene\nprovider: {{aws: {aws}}}\nruntime: systemd\n"
                    f"timeouts: {{ssh: 1, teardown: 5}}\n{more}")

    def run(self, wanted, *args, says=None, env=None):
        done = subprocess.run([SLIPWAY, args[0], "-f", self.spec, *args[1:]], env={**self.env, **(env or {})},
                              capture_output=True, text=True, check=False, timeout=120)
        self.err, self.out = done.stderr, done.stdout
        if done.returncode != wanted:
            raise Wrong(f"{args}: exit status {done.returncode}, not {wanted}\n{done.stderr}")
        if says and says not in done.stderr + done.stdout:
            raise Wrong(f"{args}: nothing says '{says}'\n{done.stderr}{done.stdout}")

    def up(self, says=None):
        self.run(SSH_NOT_REACHED, "bootstrap", says=says)

    def down(self, *args):
        self.run(0, "teardown", "-y", *args)
        self.live({})

    def live(self, wanted):
        have = fake("summary")["kinds"]
        if have != wanted:
            raise Wrong(f"the account has {have}, not {wanted}")

    def objects(self, kind):
        return [o for o in fake("objects?live") if o["kind"] == kind]

    def one(self, kind):
        found = self.objects(kind)
        if len(found) != 1:
            raise Wrong(f"{len(found)} of {kind}, not one")
        return found[0]

    def close(self):
        shutil.rmtree(self.work)


def client(service):
    return boto3.client(service, region_name=REGION, endpoint_url=URL, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"])


def ssh_rules(group):
    """(port, range) of everything that a group lets in."""
    found = client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"][0]["IpPermissions"]
    return {(rule["FromPort"], rule["ToPort"], one["CidrIp"]) for rule in found for one in rule["IpRanges"]}


def check(holds, text):
    if not holds:
        raise Wrong(text)


def acted():
    return fake("summary")["acted"]


def frozen(objects):
    """What must not change of an object, as text."""
    return {o["id"]: json.dumps(o, sort_keys=True) for o in objects}


# --- scenes ------------------------------------------------------------------------------------------------------------
def whole_life(s):
    """create, again without a change, teardown; facts of the instance as the issue demands them"""
    s.up()
    s.live(WHOLE)
    instance, volume = s.one("instance")["data"], s.one("volume")["data"]
    options = instance["MetadataOptions"]
    check(options["HttpTokens"] == "required" and options["HttpPutResponseHopLimit"] == 1, f"IMDS: {options}")
    check(volume["Encrypted"] and volume["VolumeType"] == "gp3", f"volume: {volume}")
    check("KeyName" not in instance, "a key pair is used")
    rules = ssh_rules(s.one("security-group")["id"])
    check(rules == {(22, 22, "203.0.113.7/32")}, f"rules: {rules}")
    order = acted()
    check(order.index("AuthorizeSecurityGroupIngress") < order.index("RunInstances"), "rules after the machine")
    for o in fake("objects?live"):
        tags = o["tags"]
        check(tags.get("slipway:deployment") == "scene" and len(tags.get("slipway:token", "")) == 16 and
              tags.get("slipway:kind") and tags.get("slipway:creator", "").startswith("arn:aws:"), f"tags of {o}")
    before = len(acted())
    s.up()
    check(len(acted()) == before, f"changed by a second run: {acted()[before:]}")
    s.down()
    check("removed instance" in s.err and "two sweeps found nothing left" in s.err, s.err)


def lost_state(s):
    """spec and credentials alone empty the account"""
    s.up()
    shutil.rmtree(s.home)
    s.down()


def lost_state_in_use(s):
    """a machine that was entered is never replaced for want of its keys; teardown removes it"""
    s.up()
    instance = s.one("instance")["id"]
    client("ec2").create_tags(Resources=[instance], Tags=[{"Key": "slipway:entered", "Value": "2026-11-21T00:00:00Z"}])
    shutil.rmtree(s.home)
    s.run(7, "bootstrap", says="the keys to it are not in")
    check(s.one("instance")["id"] == instance, "another instance")
    s.down()


def lost_state_unused(s):
    """a machine whose keys are lost before anybody entered it is replaced: one machine"""
    s.up()
    first = s.one("instance")["id"]
    shutil.rmtree(s.home)
    s.up(says="its keys are not here: it is replaced")
    check(s.one("instance")["id"] != first, "the same instance")
    s.live(WHOLE)
    s.down()


def answers_lost(s):
    """every request that makes something acts and loses its answer, once: no second object"""
    fake("faults", [{"action": a, "nth": 1, "count": 1, "kind": "cut_after"} for a in
                    ("CreateVpc", "CreateInternetGateway", "AttachInternetGateway", "CreateSubnet", "CreateRouteTable",
                     "CreateRoute", "AssociateRouteTable", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress",
                     "AllocateAddress", "RunInstances", "AssociateAddress")])
    s.up()
    s.live(WHOLE)
    fake("faults", method="DELETE")
    fake("faults", [{"action": a, "nth": 1, "count": 1, "kind": "cut_after"} for a in
                    ("TerminateInstances", "ReleaseAddress", "DeleteSecurityGroup", "DisassociateRouteTable",
                     "DeleteRouteTable", "DeleteSubnet", "DetachInternetGateway", "DeleteInternetGateway", "DeleteVpc")])
    s.down()


def requests_lost(s):
    """every request that makes something is lost before it acts, once"""
    fake("faults", [{"action": a, "nth": 1, "count": 1, "kind": "cut_before"} for a in
                    ("CreateVpc", "CreateSubnet", "CreateSecurityGroup", "AllocateAddress", "RunInstances")])
    s.env["SLIPWAY_CLOUD_SETTLE_S"] = "1"
    s.up()
    s.live(WHOLE)
    s.down()


def lost_for_good(s):
    """an answer is lost, the run ends, and teardown follows at once, while the object cannot be seen yet"""
    fake("config", {"invisible_describes": 3})
    fake("faults", [{"action": "AllocateAddress", "nth": 1, "count": 1, "kind": "cut_after"},
                    {"action": "AllocateAddress", "nth": 2, "count": 0, "kind": "error", "status": 403,
                     "code": "UnauthorizedOperation", "message": "no"},
                    {"action": "DescribeAddresses", "nth": 2, "count": 0, "kind": "error", "status": 403,
                     "code": "UnauthorizedOperation", "message": "no"}])
    s.run(3, "bootstrap")
    fake("faults", method="DELETE")
    s.down()


def throttled(s):
    """throttling is waited out by the server's hint"""
    fake("faults", [{"action": "CreateSubnet", "nth": 1, "count": 2, "kind": "throttle", "headers": {"Retry-After": "1"}}])
    s.up()
    s.live(WHOLE)
    s.down()


def small_pages(s):
    """answers in pages of one"""
    fake("config", {"page_size": 1})
    s.up()
    s.live(WHOLE)
    s.down()


def no_capacity(s):
    """the next zone, with one subnet at the end"""
    fake("config", {"no_capacity": ["eu-central-1a"]})
    s.up(says="trying the next zone")
    s.live(WHOLE)
    check(s.one("subnet")["data"]["AvailabilityZone"] == "eu-central-1b", "not in zone b")
    before = len(acted())
    s.up()
    check(len(acted()) == before, f"changed by a second run: {acted()[before:]}")
    s.down()


def no_capacity_anywhere(s):
    """all zones were tried: exit 4, and what is left goes"""
    fake("config", {"no_capacity": ["eu-central-1a", "eu-central-1b", "eu-central-1c"]})
    s.run(4, "bootstrap", says="InsufficientInstanceCapacity")
    s.down()


def zones_in_order(s):
    """the spec's order of zones; one that does not offer the type is passed over"""
    fake("config", {"not_offered": {"t3.medium": ["eu-central-1c"]}})
    s.write("{region: eu-central-1, zones: [eu-central-1c, eu-central-1b]}")
    s.up()
    check(s.one("subnet")["data"]["AvailabilityZone"] == "eu-central-1b", "not in zone b")
    s.down()


def not_offered(s):
    """a type that no zone offers is an error of the spec, before anything that costs"""
    fake("config", {"not_offered": {"t3.medium": [REGION + "c"]}})
    s.write("{region: eu-central-1, zones: [eu-central-1c]}")
    s.run(2, "bootstrap", says="it is offered in eu-central-1a, eu-central-1b")
    check(acted() == [], f"made: {acted()}")
    s.write(more="machine: {size: z9.huge}\n")
    s.run(2, "bootstrap", says="z9.huge")
    s.write(more="machine: {image: ami-0123456789abcdef0}\n")
    s.run(2, "bootstrap", says="ami-0123456789abcdef0")
    check(acted() == [], f"made: {acted()}")
    s.run(0, "teardown", "-y")


def given_network(s):
    """an existing subnet and security group are used and stay as they are, byte for byte"""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="172.31.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.1.0/24", AvailabilityZone="eu-central-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)["GroupId"]
    before, kinds = frozen(fake("objects?live")), Counter(fake("summary")["kinds"])
    s.write(f"{{region: eu-central-1, subnet: {subnet}, security_group: {group}}}")
    s.up()
    check(s.one("instance")["data"]["SubnetId"] == subnet, "in another subnet")
    check(Counter(fake("summary")["kinds"]) - kinds == {"launch-template": 1, "elastic-ip": 1, "instance": 1,
                                                        "volume": 1, "network-interface": 1}, "other objects were made")
    s.run(0, "teardown", "-y")
    check(frozen(fake("objects?live")) == before, "the given network was changed")
    s.write(f"{{region: eu-central-1, subnet: {subnet}}}")
    s.up()
    check(len(s.objects("security-group")) == 2, "no group of its own")
    s.run(0, "teardown", "-y")
    check(frozen(fake("objects?live")) == before, "the given network was changed")


def look_alikes(s):
    """objects with our name and another token, or with one tag only, are not ours"""
    s.up()
    token = s.one("vpc")["tags"]["slipway:token"]
    ec2 = client("ec2")
    for tags in ({"slipway:deployment": "scene", "slipway:token": "0123456789abcdef"}, {"slipway:deployment": "scene"},
                 {"slipway:token": token}, {"Name": "slipway-scene"}):
        spec = [{"Key": k, "Value": v} for k, v in tags.items()]
        ec2.create_vpc(CidrBlock="10.99.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": spec}])
        ec2.allocate_address(Domain="vpc", TagSpecifications=[{"ResourceType": "elastic-ip", "Tags": spec}])
    strangers = frozen([o for o in fake("objects?live") if o["tags"].get("slipway:token") != token
                        or o["tags"].get("slipway:deployment") != "scene"])
    check(len(strangers) == 8, f"{len(strangers)} strangers")
    s.up()
    s.run(0, "teardown", "-y")
    check(frozen(fake("objects?live")) == strangers, "a stranger was touched")


def address_changed(s):
    """ssh_from auto follows the operator: the new address is let in, the old one is not; rules by hand stay"""
    s.up()
    group = s.one("security-group")["id"]
    client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}])
    fake("config", {"caller_address": "203.0.113.99"})
    s.run(5, "doctor", says="does not let in this host, 203.0.113.99")
    s.up()
    rules = ssh_rules(group)
    check(rules == {(22, 22, "203.0.113.99/32"), (443, 443, "198.51.100.0/24")}, f"rules: {rules}")
    s.down()


def ended_by_hand(s):
    """an instance that somebody terminated is replaced by a new one with keys of its own"""
    s.up()
    first = s.one("instance")["id"]
    client("ec2").terminate_instances(InstanceIds=[first])
    s.up()
    check(s.one("instance")["id"] != first, "the same instance")
    s.live(WHOLE)
    s.down()


def stopped_by_hand(s):
    """an instance that somebody stopped is started, with its disk and address"""
    s.up()
    instance, address = s.one("instance")["id"], s.one("elastic-ip")["data"]["PublicIp"]
    client("ec2").stop_instances(InstanceIds=[instance])
    s.up()
    check("StartInstances" in acted() and s.one("instance")["id"] == instance, "not started")
    check(s.one("instance")["data"]["State"]["Name"] == "running", "does not run")
    check(s.one("elastic-ip")["data"]["PublicIp"] == address, "another address")
    s.live(WHOLE)
    s.down()


def tags_lost(s):
    """an instance whose tags somebody removed: no second machine beside it, and no teardown that says all is gone"""
    s.up()
    instance, address = s.one("instance")["id"], s.one("elastic-ip")["id"]
    tags = [{"Key": "slipway:token", "Value": s.one("instance")["tags"]["slipway:token"]}]
    client("ec2").delete_tags(Resources=[instance, address], Tags=tags)
    s.run(7, "bootstrap", says=address)
    client("ec2").create_tags(Resources=[address], Tags=tags)
    s.run(7, "bootstrap", says=instance)
    client("ec2").delete_tags(Resources=[address], Tags=tags)
    s.run(8, "teardown", "-y", says=instance)
    check(s.one("instance")["id"] == instance and address in s.err, s.err)
    check(s.one("elastic-ip")["id"] == address, "another address")
    client("ec2").create_tags(Resources=[instance, address], Tags=tags)
    s.down()


def foreign_answers(s):
    """what is not AWS's answer is not taken for one in which nothing is"""
    s.up()
    for body in ("<html><body>Welcome</body></html>", "<a/>", "{}", "<DescribeVpcsResponse/>"):
        fake("faults", [{"action": "Describe*", "count": 0, "kind": "raw", "status": 200, "body": body}])
        s.env["SLIPWAY_CLOUD_SETTLE_S"] = "1"
        s.run(5, "teardown", "-y", says="nothing was removed")
        fake("faults", method="DELETE")
    s.live(WHOLE)
    s.down()


def another_network(s):
    """a live deployment does not change its network by the spec: exit 7; what cannot be changed is said"""
    s.up()
    s.write("{region: eu-central-1, subnet: subnet-0123456789abcdef0}")
    s.run(7, "bootstrap", says="was made with subnet")
    s.write("{region: eu-central-1, cidr: 10.78.0.0/16}", "machine: {size: t3.large, disk_gib: 40}\n")
    s.up(says="does not change the range of a network")
    check("does not change the type" in s.err and "does not change the disk" in s.err, s.err)
    s.live(WHOLE)
    s.down()


def fit_for_a_terminal(s):
    """what a proxy says reaches neither the terminal nor JSON as it came, nor does a secret that it repeats"""
    body = "<html>\x1b]0;owned\x07\xff\xe9 " + KEYS["AWS_SECRET_ACCESS_KEY"]
    fake("faults", [{"action": "DescribeVpcs", "count": 0, "kind": "raw", "status": 403, "body": body}])
    s.run(5, "bootstrap", "-o", "json")
    check("\x1b" not in s.err + s.out and KEYS["AWS_SECRET_ACCESS_KEY"] not in s.err + s.out, s.err)
    check(json.loads(s.out)["error"]["exit_status"] == 5, s.out)
    fake("faults", method="DELETE")
    s.down()


def quota(s):
    """a limit of the account: exit 4, its name, region and the way to raise it"""
    fake("config", {"quotas": {"vcpu": 1}})
    s.run(4, "bootstrap", says="L-1216C47A")
    check(REGION in s.err, "no region in it")
    s.down()


def rights(s):
    """a right that is missing is named; teardown removes the rest, names what is left: exit 8"""
    fake("config", {"denied": ["RunInstances"]})
    s.run(3, "bootstrap", says="ec2:RunInstances")
    fake("config", {"denied": ["DeleteVpc"]})
    s.run(8, "teardown", "-y", says="ec2:DeleteVpc")
    check("vpc 'vpc-" in s.err and fake("summary")["kinds"] == {"vpc": 1}, s.err)
    s.run(8, "teardown", "-y", "-o", "json")
    document = json.loads(s.out)
    check(document["error"]["exit_status"] == 8 and document["removed"] == [] and
          [row["kind"] for row in document["left"]] == ["vpc"], s.out)
    fake("config", {"denied": []})
    s.down()


def wrong_secret(s):
    """a wrong secret: exit 3 at the first call, nothing made"""
    s.run(3, "bootstrap", env={"AWS_SECRET_ACCESS_KEY": "wrong"})
    s.run(3, "teardown", "-y", says="nothing was removed", env={"AWS_SECRET_ACCESS_KEY": "wrong"})
    s.run(3, "teardown", "-y", "-o", "json", env={"AWS_SECRET_ACCESS_KEY": "wrong"})
    check(json.loads(s.out)["left"] is None, s.out)
    s.live({})


def other_account(s):
    """credentials of another account, or another region: exit 7, no object is looked for in the wrong place"""
    s.up()
    fake("config", {"account": "999999999999"})
    s.run(7, "bootstrap", says="is in account 123456789012")
    s.run(7, "teardown", "-y", says="is in account 123456789012")
    fake("config", {"account": "123456789012"})
    s.write("{region: us-east-1}")
    s.run(7, "teardown", "-y", says="was made in region 'eu-central-1'")
    s.write()
    s.down()


def clock_skew(s):
    """a clock that is wrong is said"""
    fake("config", {"clock_offset": 1200})
    s.run(3, "bootstrap", says="clock")
    check("behind" in s.err and "timedatectl" in s.err, s.err)


def cluster_objects(s):
    """volumes that the cluster made stay and are named: exit 8; --include-volumes removes them; shared ones stay"""
    s.up()
    ec2 = client("ec2")
    tags = s.one("instance")["tags"]
    key = next(k for k in tags if k.startswith("kubernetes.io/cluster/scene-"))

    def volume(value):
        return ec2.create_volume(AvailabilityZone="eu-central-1a", Size=5, TagSpecifications=[
            {"ResourceType": "volume", "Tags": [{"Key": key, "Value": value}]}])["VolumeId"]
    owned, shared = volume("owned"), volume("shared")
    s.run(8, "teardown", "-y", says=owned)
    check("--include-volumes" in s.err, s.err)
    check({o["id"] for o in fake("objects?live")} == {owned, shared}, "not only the volumes are left")
    s.run(0, "teardown", "-y", "--include-volumes", says=owned)
    check({o["id"] for o in fake("objects?live")} == {shared}, "not only the shared volume is left")


def load_balancers(s):
    """load balancers of the cluster hold the network: named at once, not waited for; --include-volumes removes them"""
    s.up()
    key = next(k for k in s.one("instance")["tags"] if k.startswith("kubernetes.io/cluster/scene-"))
    subnet, vpc = s.one("subnet")["id"], s.one("vpc")["id"]
    tag = [{"Key": key, "Value": "owned"}]
    group = client("ec2").create_security_group(GroupName="k8s-elb", Description="of the cluster", VpcId=vpc,
                                                TagSpecifications=[{"ResourceType": "security-group", "Tags": tag}])["GroupId"]
    client("elbv2").create_load_balancer(Name="new", Type="network", Subnets=[subnet], Tags=tag)
    client("elb").create_load_balancer(LoadBalancerName="old", Subnets=[subnet], SecurityGroups=[group], Tags=tag, Listeners=[
        {"Protocol": "TCP", "LoadBalancerPort": 80, "InstancePort": 30080}])
    client("elbv2").create_load_balancer(Name="theirs", Type="network", Subnets=[subnet])
    s.write()
    with open(s.spec, encoding="utf-8") as f:
        text = f.read().replace("runtime: systemd", "runtime: k3s").replace("teardown: 5", "teardown: 300")
    with open(s.spec, "w", encoding="utf-8") as f:
        f.write(text)
    s.run(8, "teardown", "-y", says="load-balancer of the cluster")
    check("old" in s.err and group in s.err and "theirs" not in s.err, s.err)
    check("instance" not in fake("summary")["kinds"], "the instance still costs money")
    theirs = client("elbv2").describe_load_balancers(Names=["theirs"])["LoadBalancers"][0]["LoadBalancerArn"]
    client("elbv2").delete_load_balancer(LoadBalancerArn=theirs)
    s.down("--include-volumes")


def doctor_changes_nothing(s):
    """doctor before, and while, there is a machine: no mutating call"""
    s.run(0, "doctor", says="all ")
    fake("config", {"denied": ["AllocateAddress"]})
    s.run(5, "doctor", says="ec2:AllocateAddress")
    fake("config", {"denied": []})
    check(acted() == [], f"made: {acted()}")
    s.up()
    before = len(acted())
    s.run(5, "doctor")
    check(len(acted()) == before, "doctor changed something")
    s.down()


def plan_and_status(s):
    """plan: objects, firewall, price, no call at all; status: what it has cost"""
    s.run(0, "plan", says="USD a month")
    check("22/tcp" in s.out and "security-group" in s.out and fake("summary")["requests"] == 0, s.out)
    s.write(more="machine: {size: z9.huge}\n")
    s.run(0, "plan", says="unknown")
    s.write()
    s.up()
    s.run(5, "status", says="USD since")
    s.down()


def no_secret_on_disk(s):
    """neither the secret key nor the user data are in state, log or output"""
    s.up()
    text = s.err + s.out
    for folder, _, names in os.walk(s.home):
        for name in names:
            path = os.path.join(folder, name)
            mode = os.stat(path).st_mode & 0o777
            check(mode & 0o077 == 0, f"{path} is {mode:o}")
            with open(path, errors="replace") as f:
                text += f.read() if name not in ("user-data", "id_ecdsa") else ""
    check(KEYS["AWS_SECRET_ACCESS_KEY"] not in text, "the secret key is there")
    check("PRIVATE KEY" not in text, "a private key is there")
    s.down()


SCENES = [whole_life, lost_state, lost_state_in_use, lost_state_unused, answers_lost, requests_lost, lost_for_good, throttled,
          small_pages, no_capacity, no_capacity_anywhere, zones_in_order, not_offered, given_network, look_alikes,
          address_changed, ended_by_hand, stopped_by_hand, tags_lost, foreign_answers,
          another_network, fit_for_a_terminal, quota, rights, wrong_secret, other_account, clock_skew, cluster_objects,
          load_balancers,
          doctor_changes_nothing, plan_and_status, no_secret_on_disk]


def main():
    passed = failed = 0
    chosen = sys.argv[3:]
    for scene in SCENES:
        if chosen and scene.__name__ not in chosen:
            continue
        s = Scene(scene.__name__)
        try:
            scene(s)
            found = fake("violations")
            check(not found, f"wire check: {found}")
            passed += 1
            print(f"ok   {scene.__name__}: {scene.__doc__}", flush=True)
        except Exception as e:  # the next scene starts with a clean account
            failed += 1
            print(f"FAIL {scene.__name__}: {scene.__doc__}\n{type(e).__name__}: {e}", flush=True)
        finally:
            s.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0)


main()
