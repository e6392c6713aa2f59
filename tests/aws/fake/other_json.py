"""SSM and Service Quotas: what is asked of them by JSON 1.1."""

from .actions import Call, action
from .catalog import parameter
from .errors import ApiError

QUOTAS = {  # (service, code): name, key of the setting
    ("ec2", "L-1216C47A"): ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", "vcpu"),
    ("ec2", "L-0263D0A3"): ("EC2-VPC Elastic IPs", "eip"),
    ("vpc", "L-F678F1CE"): ("VPCs per Region", "vpc"),
    ("vpc", "L-A4707A72"): ("Internet gateways per Region", "igw"),
}


@action("ssm", "GetParameter")
def get_parameter(call: Call, params: dict) -> dict:
    name = params["Name"]
    value = parameter(name)
    if value is None:
        raise ApiError("ParameterNotFound", f"Parameter {name} not found.")
    return {
        "Parameter": {
            "Name": name,
            "Type": "String",
            "Value": value,
            "Version": 42,
            "DataType": "aws:ec2:image",
            "LastModifiedDate": 1790812800.0,
            "ARN": f"arn:aws:ssm:{call.region.name}::parameter{name}",
        }
    }


@action("service-quotas", "GetServiceQuota")
def get_quota(call: Call, params: dict) -> dict:
    key = (params["ServiceCode"], params["QuotaCode"])
    if key not in QUOTAS:
        raise ApiError("NoSuchResourceException", f"The quota {key[1]} of {key[0]} does not exist.")
    name, setting = QUOTAS[key]
    return {
        "Quota": {
            "ServiceCode": key[0],
            "QuotaCode": key[1],
            "QuotaName": name,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
            "Value": float(call.config["quotas"][setting]),
        }
    }
