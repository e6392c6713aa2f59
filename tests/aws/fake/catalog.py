"""What AWS offers: instance types, images and the parameters that name them."""

import re
from dataclasses import dataclass

_SIZES = {
    "nano": (2, 0.5),
    "micro": (2, 1),
    "small": (2, 2),
    "medium": (2, 4),
    "large": (2, 8),
    "xlarge": (4, 16),
    "2xlarge": (8, 32),
    "4xlarge": (16, 64),
    "8xlarge": (32, 128),
}
_FAMILIES = {  # family: (architecture, smallest size, GiB of memory per "m" GiB)
    "t2": ("x86_64", "nano", 1.0),
    "t3": ("x86_64", "nano", 1.0),
    "t3a": ("x86_64", "nano", 1.0),
    "t4g": ("arm64", "nano", 1.0),
    "m5": ("x86_64", "large", 1.0),
    "m6i": ("x86_64", "large", 1.0),
    "m7i": ("x86_64", "large", 1.0),
    "m7g": ("arm64", "medium", 1.0),
    "c7i": ("x86_64", "large", 0.5),
    "c7g": ("arm64", "medium", 0.5),
    "r7i": ("x86_64", "large", 2.0),
    "r7g": ("arm64", "medium", 2.0),
}


@dataclass(frozen=True)
class InstanceType:
    name: str
    architecture: str
    vcpus: int
    memory_mib: int


def _types() -> dict[str, InstanceType]:
    found = {}
    order = list(_SIZES)
    for family, (architecture, smallest, factor) in _FAMILIES.items():
        top = order.index("2xlarge" if family.startswith("t") else "8xlarge")
        for size in order[order.index(smallest) : top + 1]:
            vcpus, memory = _SIZES[size]
            if size == "medium" and not family.startswith("t"):
                vcpus = 1
            name = f"{family}.{size}"
            found[name] = InstanceType(name, architecture, vcpus, int(memory * factor * 1024))
    return found


TYPES = _types()
DEBIAN, CANONICAL, STRANGER = "136693071363", "099720109477", "999988887777"


@dataclass(frozen=True)
class Image:
    id: str
    name: str
    owner: str
    architecture: str
    root: str
    size_gib: int
    created: str


IMAGES = {
    image.id: image
    for image in [
        Image(
            "ami-0deb12a0000000001",
            "debian-12-amd64-20261001-2248",
            DEBIAN,
            "x86_64",
            "/dev/xvda",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        Image(
            "ami-0deb12a0000000002",
            "debian-12-arm64-20261001-2248",
            DEBIAN,
            "arm64",
            "/dev/xvda",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        Image(
            "ami-0deb12a0000000000",
            "debian-12-amd64-20250101-1950",
            DEBIAN,
            "x86_64",
            "/dev/xvda",
            8,
            "2025-01-01T00:00:00.000Z",
        ),
        Image(
            "ami-0deb13a0000000001",
            "debian-13-amd64-20261001-2248",
            DEBIAN,
            "x86_64",
            "/dev/xvda",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        Image(
            "ami-0deb13a0000000002",
            "debian-13-arm64-20261001-2248",
            DEBIAN,
            "arm64",
            "/dev/xvda",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        Image(
            "ami-0c240400000000001",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261001",
            CANONICAL,
            "x86_64",
            "/dev/sda1",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        Image(
            "ami-0c240400000000002",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-20261001",
            CANONICAL,
            "arm64",
            "/dev/sda1",
            8,
            "2026-10-01T00:00:00.000Z",
        ),
        # By someone else, under a name that looks right, and newer.
        Image(
            "ami-0badbad0000000001",
            "debian-12-amd64-20261101-9999",
            STRANGER,
            "x86_64",
            "/dev/xvda",
            8,
            "2026-11-01T00:00:00.000Z",
        ),
    ]
}


def parameter(name: str) -> str | None:
    """The public SSM parameters that name images."""
    debian = re.fullmatch(r"/aws/service/debian/release/(12|13)/latest/(amd64|arm64)", name)
    if debian:
        return f"ami-0deb{debian[1]}a000000000{1 if debian[2] == 'amd64' else 2}"
    ubuntu = re.fullmatch(
        r"/aws/service/canonical/ubuntu/server/24\.04/stable/current/(amd64|arm64)/hvm/ebs-gp3/ami-id", name
    )
    if ubuntu:
        return f"ami-0c24040000000000{1 if ubuntu[1] == 'amd64' else 2}"
    return None


def not_offered(config: dict, kind: str, zone: str) -> bool:
    zones = config["not_offered"].get(kind, [])
    return "*" in zones or zone in zones


def no_capacity(config: dict, kind: str, zone: str) -> bool:
    return zone in config["no_capacity"] or f"{kind}@{zone}" in config["no_capacity"]
