"""python machine_facts.py ADDRESS: what the account of a deployment looks like to somebody else's client (boto3): the
facts that slipway promises about its instance, one line each. ADDRESS is the one that SSH may come from."""
import sys

import boto3

ec2 = boto3.client("ec2", region_name="eu-central-1")


def fact(text: str, holds: bool, seen: object) -> None:
    if not holds:
        sys.exit(f"not so: {text}; seen: {seen}")
    print(f"#   {text}")


def ours(rows: list[dict]) -> list[dict]:
    return [row for row in rows if any(tag["Key"] == "slipway:deployment" for tag in row.get("Tags", []))]


def main(address: str) -> None:
    found = [each for group in ec2.describe_instances()["Reservations"] for each in group["Instances"]
             if each["State"]["Name"] != "terminated"]
    fact("one instance", len(found) == 1, found)
    instance = found[0]
    options = instance["MetadataOptions"]
    fact("metadata only with a session token, one hop far",
         (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1), options)
    fact("no key pair", "KeyName" not in instance, instance)
    fact("no rights of its own (instance profile)", "IamInstanceProfile" not in instance, instance)

    disks = ec2.describe_volumes()["Volumes"]
    fact("one disk, encrypted gp3", [(each["VolumeType"], each["Encrypted"]) for each in disks] == [("gp3", True)],
         disks)
    fact("the disk goes with the instance", all(at["DeleteOnTermination"] for at in disks[0]["Attachments"]), disks)
    cards = ec2.describe_network_interfaces()["NetworkInterfaces"]
    fact("the network interface too", [each["Attachment"]["DeleteOnTermination"] for each in cards] == [True], cards)

    groups = [group["GroupId"] for group in instance["SecurityGroups"]]
    rules = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    opened = [(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"), each["CidrIp"])
              for group in rules for rule in group["IpPermissions"] for each in rule["IpRanges"]]
    fact(f"closed but for SSH from {address}", opened == [("tcp", 22, 22, f"{address}/32")], rules)

    subnets = ours(ec2.describe_subnets()["Subnets"])
    fact("one subnet, that of the instance", [each["SubnetId"] for each in subnets] == [instance["SubnetId"]], subnets)
    keys = {"Name", "slipway:deployment", "slipway:token", "slipway:kind", "slipway:creator"}
    rows = [instance, *disks, *cards, *rules, *subnets, *ours(ec2.describe_vpcs()["Vpcs"]),
            *ours(ec2.describe_internet_gateways()["InternetGateways"]), *ec2.describe_addresses()["Addresses"],
            *ours(ec2.describe_route_tables()["RouteTables"])]
    tags = [{tag["Key"] for tag in row.get("Tags", row.get("TagSet", []))} for row in rows]
    fact(f"{len(rows)} objects, all with our tags", len(rows) == 9 and all(keys <= each for each in tags), rows)


main(sys.argv[1])
