"""What goes wrong, by rules that a test sets. A rule is {"action": pattern, "nth": N, "count": M, "kind": .., ..}: of
the requests whose action matches, from the N-th (1) on, M of them (1; 0: all). The first rule that fits decides.

kinds: error {status, code, message, headers, after}, raw {status, body, headers, after}, throttle {headers},
cut_before, cut_after, delay {seconds}, truncate {keep}, huge {bytes, after}, slow_header {seconds}, date_skew
{seconds}, deny {actions}. `after`: the request acts first, else it does not; `truncate` does, and the true answer is
cut after `keep` bytes. `throttle` is the error RequestLimitExceeded, 503. `date_skew` moves the services' clock for
this one request: its Date header, and what it thinks of the signature's time."""

import fnmatch
from dataclasses import dataclass, field
from typing import Any

KINDS = {
    "error": {"status", "code", "message", "headers", "after"},
    "raw": {"status", "body", "headers", "after"},
    "throttle": {"headers"},
    "cut_before": set(),
    "cut_after": set(),
    "delay": {"seconds"},
    "truncate": {"keep"},
    "huge": {"bytes", "after"},
    "slow_header": {"seconds"},
    "date_skew": {"seconds"},
    "deny": {"actions"},
}
COMMON = {"action", "nth", "count", "kind"}


@dataclass
class Rule:
    action: str
    kind: str
    nth: int
    count: int
    args: dict[str, Any]
    met: int = 0
    used: int = 0


@dataclass
class Stop:
    request: int
    when: str
    seen: int = 0


@dataclass
class Faults:
    rules: list[Rule] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    stop: Stop | None = None

    def add(self, given: list[dict]) -> None:
        for each in given:
            if "stop_at" in each:
                at = each["stop_at"]
                if at.get("when") not in ("before", "after") or not isinstance(at.get("request"), int):
                    raise ValueError('stop_at is {"request": k, "when": "before"|"after"}')
                self.stop = Stop(at["request"], at["when"])
                continue
            kind = each.get("kind", "")
            if kind not in KINDS:
                raise ValueError(f"unknown kind '{kind}', one of {', '.join(KINDS)}")
            unknown = set(each) - COMMON - KINDS[kind]
            if unknown:
                raise ValueError(f"{kind}: unknown member {sorted(unknown)}")
            if kind == "deny":
                self.denied += each["actions"]
                continue
            args = {key: value for key, value in each.items() if key not in COMMON}
            self.rules.append(Rule(each.get("action", "*"), kind, each.get("nth", 1), each.get("count", 1), args))

    def meet(self, action: str) -> Rule | None:
        """Count this request; the rule that decides about it."""
        found = None
        for rule in self.rules:
            if fnmatch.fnmatchcase(action, rule.action):
                rule.met += 1
                fits = rule.met >= rule.nth and (rule.count == 0 or rule.met < rule.nth + rule.count)
                if fits and found is None:
                    rule.used += 1
                    found = rule
        return found

    def hold(self) -> Stop | None:
        """Count this request; the stop when it is the one."""
        if self.stop is None:
            return None
        self.stop.seen += 1
        return self.stop if self.stop.seen == self.stop.request else None

    def denies(self, action: str, configured: list[str]) -> bool:
        return any(fnmatch.fnmatchcase(action, each) for each in self.denied + configured)

    def as_json(self) -> dict:
        rules = [
            {"action": r.action, "kind": r.kind, "nth": r.nth, "count": r.count, "met": r.met, "used": r.used}
            for r in self.rules
        ]
        return {"rules": rules, "denied": self.denied, "stop_at": vars(self.stop) if self.stop else None}
