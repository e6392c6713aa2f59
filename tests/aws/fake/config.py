"""What a test may set (POST /_fake/config), with what holds when it does not."""

from typing import Any

DEFAULTS: dict[str, Any] = {
    "account": "123456789012",
    "caller_arn": "arn:aws:iam::123456789012:user/tester",
    "keys": {"AKIDFAKE0EXAMPLE": "fake/secret+of/the-tests0EXAMPLEKEY"},  # id: secret; of long-lived keys
    "signatures": True,  # False: whoever asks is let in
    "clock_offset": 0,  # seconds that the services' clock is ahead of ours
    "invisible_describes": 0,  # a new object is not there for the first N describes of its kind
    "invisible_seconds": 0.0,  # and for so long
    "lag_at_most": 0.0,  # seconds after which neither is so any more (see ghost_describes); 0: no such end
    "invisible_to_changes": False,  # while it is not there, its id is NotFound for changing calls as well
    "ghost_describes": 0,  # a deleted object is still shown by the next N describes of its kind
    "pending_describes": 1,  # describes until a new instance runs
    "terminating_describes": 1,  # describes until a terminated one is
    "page_size": 0,  # a page of every Describe that knows NextToken, whatever was asked; 0: as asked
    "latency": 0.0,  # seconds that each answer takes
    "denied": [],  # actions ("RunInstances", "Delete*") that the caller has no right to
    "quotas": {"vcpu": 32, "vpc": 5, "eip": 5, "rules": 60, "igw": 5, "sg": 2500},
    "zones": {"eu-central-1": "abc", "us-east-1": "abcdef", "us-west-2": "abcd"},  # letters; others: "abc"
    "not_offered": {},  # {"t3.medium": ["eu-central-1a"]}: zones without the type; ["*"]: none has it
    "no_capacity": [],  # zones, or "t3.medium@eu-central-1a"
    "launch_fails": "",  # state reason with which a new instance goes to terminated: "Server.InternalError"
    "default_vpc": False,  # the region has the VPC that AWS makes for each account
    "caller_address": "203.0.113.10",  # what checkip says
    "hold_file": "",  # made when a request is held (stop_at); its content is the request's number
}
