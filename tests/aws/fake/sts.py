"""Security Token Service: who is calling, and temporary keys."""

import datetime
import re

from .actions import Call, action
from .errors import ApiError
from .signature import Key


@action("sts", "GetCallerIdentity")
def identity(call: Call, params: dict) -> dict:
    arn = call.key.arn if call.key else call.config["caller_arn"]
    return {"UserId": "AIDAFAKE0EXAMPLE", "Account": call.account, "Arn": arn}


def _session(call: Call, params: dict) -> dict:
    match = re.fullmatch(r"arn:aws[a-z-]*:iam::(\d{12}):role/(.+)", params["RoleArn"])
    if match is None:
        raise ApiError("ValidationError", f"{params['RoleArn']} is invalid")
    if not re.fullmatch(r"[\w+=,.@-]{2,64}", params["RoleSessionName"]):
        raise ApiError("ValidationError", "roleSessionName is invalid")
    length = params.get("DurationSeconds", 3600)
    if not 900 <= length <= 43200:
        raise ApiError("ValidationError", "DurationSeconds is not between 900 and 43200")
    number = len(call.world.sessions) + 1
    key_id, secret, token = (
        f"ASIAFAKE{number:012d}",
        f"temporary/secret+{number:023d}",
        f"FwoGZfake//session+token=={number:06d}",
    )
    expires = call.world.now().replace(microsecond=0) + datetime.timedelta(seconds=length)
    arn = f"arn:aws:sts::{match[1]}:assumed-role/{match[2].rpartition('/')[2]}/{params['RoleSessionName']}"
    call.world.sessions[key_id] = Key(secret, token, expires, arn)
    return {
        "Credentials": {"AccessKeyId": key_id, "SecretAccessKey": secret, "SessionToken": token, "Expiration": expires},
        "AssumedRoleUser": {"AssumedRoleId": f"AROAFAKE:{params['RoleSessionName']}", "Arn": arn},
    }


@action("sts", "AssumeRole")
def assume(call: Call, params: dict) -> dict:
    return _session(call, params)


@action("sts", "AssumeRoleWithWebIdentity")
def assume_web(call: Call, params: dict) -> dict:
    if params["WebIdentityToken"].count(".") != 2:
        raise ApiError("InvalidIdentityToken", "The web identity token that was passed could not be validated")
    return {
        **_session(call, params),
        "Audience": "sts.amazonaws.com",
        "Provider": "token.actions.githubusercontent.com",
        "SubjectFromWebIdentityToken": "repo:owner/repo:ref:refs/heads/main",
    }
