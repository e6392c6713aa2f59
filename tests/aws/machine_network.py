"""python machine_network.py make ADDRESS | show: a network that somebody else made by boto3, with a way out and a group that
lets SSH in from ADDRESS; prints "SUBNET GROUP". `show` prints all of it, to be compared."""
import json
import sys

import boto3

ec2 = boto3.client("ec2", region_name="eu-central-1")


def make(address: str) -> str:
    vpc = ec2.create_vpc(CidrBlock="10.88.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.88.3.0/24", AvailabilityZone="eu-central-1c")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    group = ec2.create_security_group(GroupName="theirs", Description="theirs", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": f"{address}/32"}]}])
    return f"{subnet} {group}"


def show() -> str:
    rows = [ec2.describe_vpcs()["Vpcs"], ec2.describe_internet_gateways()["InternetGateways"],
            ec2.describe_subnets()["Subnets"], ec2.describe_route_tables()["RouteTables"],
            ec2.describe_security_groups()["SecurityGroups"], ec2.describe_network_interfaces()["NetworkInterfaces"]]
    for subnet in rows[2]:
        subnet.pop("AvailableIpAddressCount")
    return json.dumps(rows, indent=1, default=str)


print(make(sys.argv[2]) if sys.argv[1] == "make" else show())
