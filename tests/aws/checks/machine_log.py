"""A machine that only writes down what it is told, into the file that its user data names."""

from pathlib import Path

_log: dict[str, Path] = {}


def _say(text: str) -> None:
    with open(next(iter(_log.values())), "a", encoding="utf-8") as file:
        file.write(text + "\n")


async def start(instance: dict, user_data: bytes) -> None:
    _log[instance["InstanceId"]] = Path(user_data.decode())
    _say(f"start {instance['InstanceId']} {instance['Internet']} {len(instance['Ingress'])}")


async def stop(instance: dict) -> None:
    _say(f"stop {instance['InstanceId']}")


def address(number: int) -> str:
    return f"10.9.9.{number + 1}"


async def associate(instance: dict, public: str) -> None:
    _say(f"associate {instance['InstanceId']} {public}")


async def disassociate(public: str) -> None:
    _say(f"disassociate {public}")


async def reboot(instance: dict) -> None:
    _say(f"reboot {instance['InstanceId']}")


async def changed(instance: dict) -> None:
    _say(f"changed {instance['InstanceId']} {len(instance['Ingress'])}")


def console(instance: dict) -> bytes:
    return b"hello\n"
