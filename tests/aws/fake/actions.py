"""The registry of actions, and what a handler is given."""

from dataclasses import dataclass
from typing import Any, Callable

from .signature import Key
from .state import Region, World


@dataclass
class Call:
    world: World
    region: Region
    service: str
    action: str
    key: Key | None  # who calls; None when signatures are off

    @property
    def config(self) -> dict[str, Any]:
        return self.world.config

    @property
    def account(self) -> str:
        return self.world.config["account"]


Handler = Callable[[Call, dict], Any]
HANDLERS: dict[tuple[str, str], Handler] = {}
# Calls that change nothing, besides those whose name says so.
READS = {"AssumeRole", "AssumeRoleWithWebIdentity"}


def action(service: str, *names: str) -> Callable[[Handler], Handler]:
    """The decorated function answers these actions: (call, parameters) to the output as a dict. May be a coroutine."""

    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[service, name] = handler
        return handler

    return register


def is_mutating(name: str) -> bool:
    return not name.startswith(("Describe", "Get", "List")) and name not in READS
