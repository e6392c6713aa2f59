"""A real machine behind each instance of the fake EC2 (`--machine machine`, see fake/machine_hook.py): systemd-nspawn
with systemd, sshd and cloud-init, which fetches the user data from a metadata service with session tokens. Needs root.

Works in SLIPWAY_EC2_DIR (a new directory without it) and keeps there, for tests: metadata.log, a line for each request
to the metadata service. The image is kept in SLIPWAY_CACHE. What a killed run left is removed by the next start."""
import asyncio
import hashlib
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

from machine_metadata import Metadata
from machine_net import Network, run

HERE = Path(__file__).resolve().parent
OWNERS = Path("/run/slipway-ec2")  # ID/owner: the process that answers for a machine, ID/disk: its disk
CONSOLE_MAX = 64 << 10             # as GetConsoleOutput has it
NSPAWN = ("systemd-nspawn", "--quiet", "--boot", "--capability=all", "--register=no", "--link-journal=no",
          "--console=read-only", "--settings=no", "--system-call-filter=add_key keyctl bpf perf_event_open")


def _began(pid: int) -> str:
    """Start time, which tells a process from a later one with its number; "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def _processes(id: str) -> list[int]:
    """The supervisor and nspawn by their argument, what runs inside by its network namespace. Lowest number first: the
    supervisor would start the machine again."""
    mark, found = f"--machine=ec2-{id}".encode(), []
    space = Path(f"/run/netns/{Network(id).machine}")
    inside = os.stat(space) if space.exists() else None
    numbers = sorted(int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    for number in numbers:
        entry = Path(f"/proc/{number}")
        try:
            theirs = os.stat(entry / "ns/net")
            ours = inside and (theirs.st_dev, theirs.st_ino) == (inside.st_dev, inside.st_ino)
            alive = re.search(r"\) [^ZX]", (entry / "stat").read_text())
            if alive and (ours or mark in (entry / "cmdline").read_bytes().split(b"\0")):
                found.append(number)
        except OSError:
            pass
    return found


def _kill(id: str) -> bool:
    """Until there is nobody left."""
    found = _processes(id)
    for pid in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return bool(found)


def _attached(disk: str) -> bool:
    for entry in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            if entry.read_text().removesuffix("\n").removesuffix(" (deleted)") == disk:
                return True
        except OSError:
            pass
    return False


async def _gone(what: str, still) -> None:
    for _ in range(600):
        if not still():
            return
        await asyncio.sleep(0.05)
    raise RuntimeError(f"{what} is still there after 30 s")


async def _remove(id: str, disk: str) -> None:
    await _gone(f"a process of machine {id}", lambda: _kill(id))
    await _gone(f"the loop device of {disk}", lambda: _attached(disk))
    await asyncio.to_thread(Network(id).destroy)
    Path(disk).unlink(missing_ok=True)
    root = Path(disk).with_suffix(".root")
    if root.exists():
        root.rmdir()
    shutil.rmtree(OWNERS / id, ignore_errors=True)
    try:
        OWNERS.rmdir()  # the last one
    except OSError:
        pass


class Machine:
    def __init__(self, instance: dict, user_data: bytes, directory: Path):
        self.instance = instance
        self.id = hashlib.sha256(f"{directory}/{instance['InstanceId']}".encode()).hexdigest()[:8]
        self.root, self.disk = directory / f"{self.id}.root", directory / f"{self.id}.raw"
        self.console = directory / f"{self.id}.console"
        self.network = Network(self.id)
        self.metadata = Metadata(lambda: self.instance, user_data, directory / "metadata.log")
        self.supervisor: asyncio.subprocess.Process | None = None

    def _own(self) -> None:
        mine = OWNERS / self.id
        mine.mkdir(parents=True, exist_ok=True)
        (mine / "disk").write_text(str(self.disk))
        (mine / "owner").write_text(f"{os.getpid()} {_began(os.getpid())}")

    def _make_disk(self) -> None:
        cache = os.environ.get("SLIPWAY_CACHE") or str(self.root.parent)
        image = run(str(HERE / "machine-image"), f"{cache}/images", timeout=900).strip()
        run("cp", "--sparse=always", "--reflink=auto", image, str(self.disk))
        os.truncate(self.disk, self.instance["VolumeSize"] << 30)
        run("resize2fs", "-f", str(self.disk))

    async def start(self) -> None:
        self.root.mkdir(exist_ok=True)
        self._own()
        self._take_rules()
        await asyncio.to_thread(self._make_disk)
        await asyncio.to_thread(self.network.create, self.instance["PrivateIpAddress"], self.instance["SubnetCidr"],
                                self.instance["MacAddress"])
        await self.metadata.start(self.network.listen_metadata())
        if self.instance["PublicIpAddress"]:
            await self.associate(self.instance["PublicIpAddress"])
        resolver = Path("/etc/resolv.conf").read_text()
        uplink = "nameserver 127." in resolver and Path("/run/systemd/resolve/resolv.conf").exists()
        more = [f"--machine=ec2-{self.id}", f"--directory={self.root}",
                f"--network-namespace-path=/run/netns/{self.network.machine}",
                f"--resolv-conf={'replace-uplink' if uplink else 'replace-host'}"]
        if not Path("/run/systemd/system").exists():
            more.append("--keep-unit")
        if Path("/lib/modules").exists():
            more.append("--bind-ro=/lib/modules")
        with open(self.console, "wb") as out:
            self.supervisor = await asyncio.create_subprocess_exec(
                "unshare", "--mount", "--propagation", "private", "--", "sh",
                str(HERE.parents[1] / "templates" / "machine-nspawn.sh"), str(self.disk), str(self.root), *NSPAWN,
                *more, stdin=asyncio.subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"})

    def _take_rules(self) -> None:
        self.network.ingress, self.network.egress = self.instance["Ingress"], self.instance["Egress"]
        self.network.internet = self.instance["Internet"]

    async def changed(self, instance: dict) -> None:
        self.instance = instance
        self._take_rules()
        await asyncio.to_thread(self.network.apply)

    async def associate(self, public: str) -> None:
        self.instance["PublicIpAddress"] = public
        await asyncio.to_thread(self.network.associate, public)

    async def disassociate(self) -> None:
        self.instance["PublicIpAddress"] = ""
        await asyncio.to_thread(self.network.disassociate)

    async def stop(self) -> None:
        self.metadata.stop()
        await _remove(self.id, str(self.disk))
        if self.supervisor:
            await self.supervisor.wait()

    async def reboot(self) -> None:
        """As EC2 does it: a request to the machine's init, here by the signal that it takes for one."""
        for pid in _processes(self.id):
            if re.search(r"^NSpid:.*\t1$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
                os.kill(pid, signal.SIGINT)


_machines: dict[str, Machine] = {}
_directory: Path | None = None


def _work() -> Path:
    global _directory
    if _directory is None:
        named = os.environ.get("SLIPWAY_EC2_DIR")
        _directory = Path(named) if named else Path(tempfile.mkdtemp(prefix="slipway-ec2."))
        _directory.mkdir(parents=True, exist_ok=True)
    return _directory


async def _sweep() -> None:
    """Machines whose owner is dead."""
    for each in OWNERS.glob("*/owner"):
        try:
            pid, began = each.read_text().split()
            disk = (each.parent / "disk").read_text()
        except (OSError, ValueError):
            continue
        if _began(int(pid)) != began:
            await _remove(each.parent.name, disk)


async def start(instance: dict, user_data: bytes) -> None:
    if not _machines:
        await _sweep()
    machine = _machines[instance["InstanceId"]] = Machine(instance, user_data, _work())
    try:
        await machine.start()
    except BaseException:
        del _machines[instance["InstanceId"]]
        await machine.stop()
        raise


async def stop(instance: dict) -> None:
    machine = _machines.pop(instance["InstanceId"], None)
    if machine:
        await machine.stop()


async def reboot(instance: dict) -> None:
    await _machines[instance["InstanceId"]].reboot()


async def changed(instance: dict) -> None:
    """Rules of its groups, its route to the internet or its metadata options."""
    if instance["InstanceId"] in _machines:
        await _machines[instance["InstanceId"]].changed(instance)


def address(number: int) -> str:
    """Of TEST-NET-2; two runs at once begin at different ones."""
    seed = hashlib.sha256(str(_work()).encode()).digest()[0]
    return f"198.51.100.{(seed + number) % 254 + 1}"


async def associate(instance: dict, public: str) -> None:
    if instance["InstanceId"] in _machines:
        await _machines[instance["InstanceId"]].associate(public)


async def disassociate(public: str) -> None:
    for machine in _machines.values():
        if machine.network.public == public:
            await machine.disassociate()


def console(instance: dict) -> bytes:
    machine = _machines.get(instance["InstanceId"])
    return machine.console.read_bytes()[-CONSOLE_MAX:] if machine and machine.console.exists() else b""


async def finish() -> None:
    """The server ends: so does everything that it started."""
    for name in list(_machines):
        await _machines.pop(name).stop()
