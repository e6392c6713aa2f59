"""The network of one machine: what EC2 puts around an instance, on this host.

    host ---- link swHHHHHHHH ---- namespace sw-ec2-HHHHHHHH ---- namespace sw-vm-HHHHHHHH (the machine, eth0)
    203.0.113.10                   the VPC's router: gateway, metadata, firewall, one-to-one NAT of the Elastic IP

The host gets a link, a route to each public address and the rules that let the machine out; all of them carry the
link's name and go with it. A machine without a public address, or without a route to an internet gateway, reaches
nothing and is reached by nobody, as in EC2. Names are spelled so that the other suites take them for a machine of
somebody else."""
import ctypes
import fcntl
import ipaddress
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPERATOR = "203.0.113.10"  # this host, as machines see it (TEST-NET-3)
UPLINK = "203.0.113.11"    # every router's end of its link
METADATA = "169.254.169.254"
FORWARD = Path("/proc/sys/net/ipv4/ip_forward")
# Both are also slipway's (provisioner/cloud/local_nat.c, local_net.c): the last one who forwards restores.
FORWARD_WAS = Path("/run/slipway/ip_forward")
LOCK = Path("/run/slipway/network.lock")


def run(*argv: str, stdin: str | None = None, check: bool = True, timeout: int = 60) -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def ip(line: str, check: bool = True) -> str:
    return run("ip", *line.split(), check=check)


@contextmanager
def host_lock() -> Iterator[None]:
    LOCK.parent.mkdir(mode=0o700, exist_ok=True)
    with open(LOCK, "a") as f:
        os.fchmod(f.fileno(), 0o600)
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def in_namespace(name: str, act: Callable[[], Any]) -> Any:
    """`act` by a thread that lives in the namespace. What it opens belongs there for good."""
    result: dict[str, Any] = {}

    def body() -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            fd = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                if libc.setns(fd, 0x40000000) != 0:  # CLONE_NEWNET, of this thread alone
                    raise OSError(ctypes.get_errno(), f"setns {name}")
            finally:
                os.close(fd)
            result["value"] = act()
        except BaseException as e:  # handed to the caller
            result["error"] = e

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


class Network:
    def __init__(self, id: str):
        self.link, self.router, self.machine = f"sw{id}", f"sw-ec2-{id}", f"sw-vm-{id}"
        self.private = self.public = ""
        self.ingress: list[dict] = []
        self.egress: list[dict] = []
        self.internet = False

    def create(self, private: str, subnet: str, mac: str) -> None:
        net = ipaddress.ip_network(subnet)
        gateway, length = net.network_address + 1, net.prefixlen
        self.private = private
        for name in (self.router, self.machine):
            ip(f"netns add {name}")
            ip(f"-n {name} link set lo up")
        ip(f"link add {self.link} type veth peer name uplink netns {self.router}")
        ip(f"addr add {OPERATOR} peer {UPLINK} dev {self.link}")
        ip(f"link set {self.link} up")
        ip(f"-n {self.router} addr add {UPLINK} peer {OPERATOR} dev uplink")
        ip(f"-n {self.router} link set uplink up")
        ip(f"-n {self.router} route add default via {OPERATOR} dev uplink")
        ip(f"-n {self.router} link add vpc type veth peer name eth0 netns {self.machine}")
        for address in (f"{gateway}/{length}", f"{METADATA}/32"):
            ip(f"-n {self.router} addr add {address} dev vpc")
        ip(f"-n {self.router} link set vpc up")
        ip(f"-n {self.machine} link set eth0 address {mac}")
        ip(f"-n {self.machine} addr add {private}/{length} dev eth0")
        ip(f"-n {self.machine} link set eth0 up")
        ip(f"-n {self.machine} route add default via {gateway}")
        in_namespace(self.router, lambda: FORWARD.write_text("1"))
        self.apply()
        with host_lock():
            if FORWARD.read_text().strip() == "0":
                FORWARD_WAS.write_text("0\n")
                FORWARD.write_text("1")
            for rule in self._host_rules():
                run("iptables", "-w", "-t", rule[0], *rule[1:])

    def _host_rules(self) -> list[list[str]]:
        """The last of them stands first: a host's own FORWARD rules (Docker's) come after them."""
        return [["nat", "-A", "POSTROUTING", "-s", "198.51.100.0/24", "!", "-o", self.link, "-j", "MASQUERADE",
                 "-m", "comment", "--comment", self.link],
                ["filter", "-I", "FORWARD", "-i", self.link, "-j", "ACCEPT"],
                ["filter", "-I", "FORWARD", "-o", self.link, "-j", "DROP"],
                ["filter", "-I", "FORWARD", "-o", self.link, "-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED",
                 "-j", "ACCEPT"]]

    def apply(self) -> None:
        """Firewall and NAT of the router, replaced as a whole. What is established stays, as in EC2."""
        filters, nat = ["-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"], []
        if self.internet and self.public:
            filters += _accepts("-i uplink -o vpc -s", self.ingress) + _accepts("-i vpc -o uplink -d", self.egress)
            nat += [f"-A PREROUTING -i uplink -d {self.public}/32 -j DNAT --to-destination {self.private}",
                    f"-A POSTROUTING -o uplink -s {self.private}/32 -j SNAT --to-source {self.public}"]
        # The router itself: metadata for the machine, and pings.
        filters += ["-A INPUT -i lo -j ACCEPT", "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    f"-A INPUT -i vpc -d {METADATA}/32 -p tcp --dport 80 -j ACCEPT",
                    "-A INPUT -i vpc -p icmp -j ACCEPT"]
        tables = [("nat", ["PREROUTING ACCEPT", "INPUT ACCEPT", "OUTPUT ACCEPT", "POSTROUTING ACCEPT"], nat),
                  ("filter", ["INPUT DROP", "FORWARD DROP", "OUTPUT ACCEPT"], filters)]
        text = "".join(f"*{name}\n" + "".join(f":{chain} [0:0]\n" for chain in chains) +
                       "".join(f"{rule}\n" for rule in rules) + "COMMIT\n" for name, chains, rules in tables)
        run("ip", "netns", "exec", self.router, "iptables-restore", "-w", stdin=text)

    def associate(self, public: str) -> None:
        if self.public:
            self.disassociate()
        ip(f"route add {public}/32 via {UPLINK} dev {self.link} src {OPERATOR}")
        self.public = public
        self.apply()

    def disassociate(self) -> None:
        public, self.public = self.public, ""
        ip(f"route del {public}/32 dev {self.link}", check=False)
        self.apply()

    def listen_metadata(self) -> socket.socket:
        return in_namespace(self.router, lambda: socket.create_server((METADATA, 80)))

    def destroy(self) -> None:
        """All of it, or what there is of it."""
        with host_lock():
            for table in ("nat", "filter"):
                for line in run("iptables", "-w", "-t", table, "-S", check=False).splitlines():
                    words = line.split()
                    if words[0] == "-A" and self.link in words:
                        run("iptables", "-w", "-t", table, "-D", *words[1:])
            if Path(f"/sys/class/net/{self.link}").exists():
                ip(f"link del {self.link}")
            for name in (self.machine, self.router):
                if Path(f"/run/netns/{name}").exists():
                    ip(f"netns del {name}")
            others = ip("-o link show type veth") + ip("-o link show type bridge")
            if FORWARD_WAS.exists() and not others:
                FORWARD.write_text("0")
                FORWARD_WAS.unlink()


def _accepts(match: str, rules: list[dict]) -> list[str]:
    lines = []
    for rule in rules:
        protocol = {"6": "tcp", "17": "udp", "1": "icmp"}.get(str(rule["IpProtocol"]), str(rule["IpProtocol"]))
        line = f"-A FORWARD {match} {rule['Cidr']}"
        if ":" in rule["Cidr"]:
            continue  # there is no IPv6 here
        if protocol != "-1":
            line += f" -p {protocol}"
        if protocol in ("tcp", "udp"):
            line += f" --dport {rule['FromPort']}:{rule['ToPort']}"
        lines.append(f"{line} -j ACCEPT")
    return lines
