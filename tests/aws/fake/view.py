"""An instance as the machine behind it needs to know it; see machine_hook.py."""

from typing import Any

from .state import Obj, Region


def primary(region: Region, instance: Obj) -> Obj:
    return next(
        eni
        for eni in region.of("network-interface")
        if (eni.get("Attachment") or {}).get("InstanceId") == instance.id and eni["Attachment"]["DeviceIndex"] == 0
    )


def _rules(region: Region, groups: list[dict], egress: bool) -> list[dict]:
    names = {each["GroupId"] for each in groups}
    return [
        {
            "IpProtocol": rule["IpProtocol"],
            "FromPort": rule["FromPort"],
            "ToPort": rule["ToPort"],
            "Cidr": rule["CidrIpv4"],
        }
        for rule in region.where("security-group-rule", IsEgress=egress)
        if rule["GroupId"] in names and rule.get("CidrIpv4")
    ]


def _internet(region: Region, subnet: str, vpc: str) -> bool:
    tables = region.where("route-table", VpcId=vpc)
    table = next((each for each in tables if subnet in each.own["associations"].values()), None)
    if table is None:
        table = next((each for each in tables if None in each.own["associations"].values()), None)
    gateways = {
        each.id for each in region.of("internet-gateway") if any(at["VpcId"] == vpc for at in each["Attachments"])
    }
    return table is not None and any(
        route["DestinationCidrBlock"] == "0.0.0.0/0" and route["GatewayId"] in gateways for route in table["Routes"]
    )


def instance_view(region: Region, instance: Obj) -> dict[str, Any]:
    eni = primary(region, instance)
    subnet, vpc = region.objects[eni["SubnetId"]], region.objects[eni["VpcId"]]
    private = eni["PrivateIpAddress"]
    disk = next(
        (
            volume["Size"]
            for volume in region.of("volume")
            for at in volume["Attachments"]
            if at["InstanceId"] == instance.id and at["Device"] == instance["RootDeviceName"]
        ),
        8,
    )
    options = instance["MetadataOptions"]
    return {
        "InstanceId": instance.id,
        "ImageId": instance["ImageId"],
        "InstanceType": instance["InstanceType"],
        "Architecture": instance["Architecture"],
        "Tags": dict(instance.tags),
        "Region": region.name,
        "AvailabilityZone": subnet["AvailabilityZone"],
        "OwnerId": eni["OwnerId"],
        "ReservationId": instance.own["reservation"],
        "PrivateIpAddress": private,
        "Hostname": f"ip-{private.replace('.', '-')}.{region.name}.compute.internal",
        "PublicIpAddress": instance.get("PublicIpAddress") or "",
        "MacAddress": eni["MacAddress"],
        "NetworkInterfaceId": eni.id,
        "SubnetId": subnet.id,
        "SubnetCidr": subnet["CidrBlock"],
        "VpcId": vpc.id,
        "VpcCidr": vpc["CidrBlock"],
        "SecurityGroups": list(eni["Groups"]),
        "VolumeSize": disk,
        "Ingress": _rules(region, eni["Groups"], False),
        "Egress": _rules(region, eni["Groups"], True),
        "Internet": _internet(region, subnet.id, vpc.id),
        "HttpTokens": options["HttpTokens"],
        "HttpEndpoint": options["HttpEndpoint"],
        "HttpPutResponseHopLimit": options["HttpPutResponseHopLimit"],
    }
