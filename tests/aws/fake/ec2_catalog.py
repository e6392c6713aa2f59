"""Images, instance types, offerings, zones, regions."""

from .actions import Call, action
from .catalog import IMAGES, TYPES, Image, not_offered
from .describe import by_filter, matches, paged
from .ec2_vpc import zone_id
from .errors import ApiError
from .state import Obj


@action("ec2", "DescribeAvailabilityZones")
def zones(call: Call, params: dict) -> dict:
    rows = [
        {
            "ZoneName": zone,
            "ZoneId": zone_id(zone),
            "State": "available",
            "RegionName": call.region.name,
            "OptInStatus": "opt-in-not-required",
            "ZoneType": "availability-zone",
        }
        for zone in call.region.zones()
    ]
    objects = [Obj("zone", row["ZoneName"], row) for row in rows]
    known = {
        "zone-name": lambda o: o.id,
        "region-name": lambda o: o["RegionName"],
        "state": lambda o: o["State"],
        "zone-type": lambda o: o["ZoneType"],
        "opt-in-status": lambda o: o["OptInStatus"],
    }
    found = [obj.data for obj in by_filter(objects, params.get("Filters", []), known)]
    for name in params.get("ZoneNames", []):
        if name not in call.region.zones():
            raise ApiError("InvalidParameterValue", f"Invalid availability zone: [{name}]")
    return {
        "AvailabilityZones": [row for row in found if row["ZoneName"] in params.get("ZoneNames", [row["ZoneName"]])]
    }


@action("ec2", "DescribeRegions")
def regions(call: Call, params: dict) -> dict:
    names = params.get("RegionNames") or sorted({call.region.name, "eu-central-1", "us-east-1"})
    return {
        "Regions": [
            {"RegionName": name, "Endpoint": f"ec2.{name}.amazonaws.com", "OptInStatus": "opt-in-not-required"}
            for name in names
        ]
    }


@action("ec2", "DescribeInstanceTypeOfferings")
def offerings(call: Call, params: dict) -> dict:
    by_zone = params.get("LocationType", "region") == "availability-zone"
    # A Local Zone that the account has switched on is listed as well, and before the others.
    places = [f"{call.region.name}-ham-1a", *call.region.zones()] if by_zone else [call.region.name]
    location = "availability-zone" if by_zone else "region"
    objects = []
    for name in TYPES:
        for place in places:
            zones_of = [place] if by_zone else call.region.zones()
            if not all(not_offered(call.config, name, zone) for zone in zones_of):
                objects.append(
                    Obj("offering", name, {"InstanceType": name, "LocationType": location, "Location": place})
                )
    known = {"instance-type": lambda o: o.id, "location": lambda o: o["Location"]}
    rows = [obj.data for obj in by_filter(objects, params.get("Filters", []), known)]
    page, token = paged(call, params, rows)
    return {"InstanceTypeOfferings": page, "NextToken": token}


def render_type(name: str) -> dict:
    each = TYPES[name]
    return {
        "InstanceType": name,
        "CurrentGeneration": not name.startswith("t2."),
        "FreeTierEligible": name.endswith(".micro"),
        "SupportedUsageClasses": ["on-demand", "spot"],
        "SupportedRootDeviceTypes": ["ebs"],
        "BareMetal": False,
        "SupportedVirtualizationTypes": ["hvm"],
        "Hypervisor": "xen" if name.startswith("t2.") else "nitro",
        "ProcessorInfo": {"SupportedArchitectures": [each.architecture], "SustainedClockSpeedInGhz": 2.5},
        "VCpuInfo": {"DefaultVCpus": each.vcpus, "DefaultCores": max(1, each.vcpus // 2), "DefaultThreadsPerCore": 2},
        "MemoryInfo": {"SizeInMiB": each.memory_mib},
        "InstanceStorageSupported": False,
        "EbsInfo": {"EbsOptimizedSupport": "default", "EncryptionSupport": "supported", "NvmeSupport": "required"},
        "BurstablePerformanceSupported": name.startswith("t"),
        "SupportedBootModes": ["legacy-bios", "uefi"],
    }


@action("ec2", "DescribeInstanceTypes")
def types(call: Call, params: dict) -> dict:
    names = [name for name in TYPES if not all(not_offered(call.config, name, zone) for zone in call.region.zones())]
    wanted = params.get("InstanceTypes")
    if wanted:
        lacking = [name for name in wanted if name not in names]
        if lacking:
            raise ApiError(
                "InvalidInstanceType", f"The following supplied instance types do not exist: [{', '.join(lacking)}]"
            )
        names = wanted
    objects = [Obj("type", name, render_type(name)) for name in names]
    known = {
        "instance-type": lambda o: o.id,
        "current-generation": lambda o: o["CurrentGeneration"],
        "processor-info.supported-architecture": lambda o: TYPES[o.id].architecture,
        "vcpu-info.default-vcpus": lambda o: TYPES[o.id].vcpus,
        "bare-metal": lambda o: False,
        "memory-info.size-in-mib": lambda o: TYPES[o.id].memory_mib,
        "supported-usage-class": lambda o: ["on-demand", "spot"],
    }
    rows = [obj.data for obj in by_filter(objects, params.get("Filters", []), known)]
    page, token = paged(call, params, rows, "InstanceTypes")
    return {"InstanceTypes": page, "NextToken": token}


def render_image(image: Image) -> dict:
    return {
        "ImageId": image.id,
        "Name": image.name,
        "OwnerId": image.owner,
        "Architecture": image.architecture,
        "RootDeviceName": image.root,
        "RootDeviceType": "ebs",
        "State": "available",
        "Public": True,
        "CreationDate": image.created,
        "VirtualizationType": "hvm",
        "ImageType": "machine",
        "Hypervisor": "xen",
        "EnaSupport": True,
        "ImageLocation": f"amazon/{image.name}",
        "PlatformDetails": "Linux/UNIX",
        "BlockDeviceMappings": [
            {
                "DeviceName": image.root,
                "Ebs": {
                    "SnapshotId": f"snap-0{image.id[5:]}",
                    "VolumeSize": image.size_gib,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                    "Encrypted": False,
                },
            }
        ],
    }


@action("ec2", "DescribeImages")
def images(call: Call, params: dict) -> dict:
    for name in params.get("ImageIds", []):
        if name not in IMAGES:
            code = "InvalidAMIID.NotFound" if name.startswith("ami-") else "InvalidAMIID.Malformed"
            raise ApiError(code, f"The image id '[{name}]' does not exist")
    objects = [
        Obj("image", image.id, render_image(image))
        for image in IMAGES.values()
        if image.id in params.get("ImageIds", [image.id])
        and (not params.get("Owners") or matches(image.owner, params["Owners"]))
    ]
    known = {
        "name": lambda o: o["Name"],
        "architecture": lambda o: o["Architecture"],
        "state": lambda o: o["State"],
        "owner-id": lambda o: o["OwnerId"],
        "root-device-type": lambda o: "ebs",
        "image-id": lambda o: o.id,
        "virtualization-type": lambda o: "hvm",
        "is-public": lambda o: True,
        "image-type": lambda o: "machine",
    }
    rows = [obj.data for obj in by_filter(objects, params.get("Filters", []), known)]
    page, token = paged(call, params, rows, "ImageIds")
    return {"Images": page, "NextToken": token}
