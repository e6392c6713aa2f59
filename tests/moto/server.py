"""moto's server with what it lacks put in: IAM's decisions by evaluate.py (moto knows no resources, no conditions),
signatures over the bytes that were sent, dry runs of every action, networks that hold load balancers, the publishers'
images and parameters, and an answer to `GET /own-address`. Users, roles, keys and everything of EC2 are moto's.
Usage: server.py REFERENCE PORT_FILE DECISIONS_FILE."""
import io
import json
import os
import pathlib
import sys
import tempfile
import threading
import urllib.parse
from typing import Any

OWNERS = {"debian": "136693071363", "canonical": "099720109477"}
IMAGES = {  # SSM parameter -> (image, publisher, architecture, root device)
    "/aws/service/debian/release/12/latest/amd64": ("ami-0de000000000000a1", "debian", "x86_64", "/dev/xvda"),
    "/aws/service/debian/release/12/latest/arm64": ("ami-0de000000000000a2", "debian", "arm64", "/dev/xvda"),
    "/aws/service/debian/release/13/latest/amd64": ("ami-0de000000000000b1", "debian", "x86_64", "/dev/xvda"),
    "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id":
        ("ami-0de000000000000c1", "canonical", "x86_64", "/dev/sda1"),
}


def write_images() -> str:
    rows = [{"ami_id": ami, "state": "available", "public": True, "owner_id": OWNERS[publisher], "sriov": "simple",
             "image_location": f"{publisher}/{ami}", "root_device_type": "ebs", "root_device_name": device,
             "description": publisher, "image_type": "machine", "platform": None, "architecture": arch,
             "name": f"{publisher}-{arch}-20261101", "virtualization_type": "hvm", "hypervisor": "xen"}
            for ami, publisher, arch, device in IMAGES.values()]
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
        json.dump(rows, file)
    return file.name


# moto reads it while it is imported.
os.environ["MOTO_AMIS_PATH"] = write_images()
os.environ.setdefault("INITIAL_NO_AUTH_ACTION_COUNT", "3")

from moto.core.exceptions import JsonRESTError, _RESTError  # noqa: E402
from moto.ec2.models import ec2_backends  # noqa: E402
from moto.elb.models import elb_backends  # noqa: E402
from moto.elbv2.models import elbv2_backends  # noqa: E402
from moto.iam import access_control  # noqa: E402
from moto.iam.models import Policy  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication, MotoRequestHandler, create_backend_app)
from moto.ssm.models import Parameter, ParameterDict  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

import evaluate  # noqa: E402

reference = evaluate.Reference(pathlib.Path(sys.argv[1]))
decisions = open(sys.argv[3], "a", buffering=1, encoding="utf-8")
decisions_lock = threading.Lock()


class Unauthorized(_RESTError):
    code = 403

    def __init__(self, arn: str, check: evaluate.Check) -> None:
        super().__init__("UnauthorizedOperation",
                         f"You are not authorized to perform this operation. User: {arn} is not authorized to perform: "
                         f"{check.action} on resource: {check.arn} because no identity-based policy allows the "
                         f"{check.action} action")


class DryRun(_RESTError):
    code = 412

    def __init__(self) -> None:
        super().__init__("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


class InUse(_RESTError):
    code = 400

    def __init__(self, vpc: str) -> None:
        super().__init__("DependencyViolation", f"The vpc '{vpc}' has dependencies and cannot be deleted.")


class Denied(JsonRESTError):
    def __init__(self, arn: str, check: evaluate.Check) -> None:
        super().__init__("AccessDeniedException", f"User: {arn} is not authorized to perform: {check.action} on "
                         f"resource: {check.arn} because no identity-based policy allows the {check.action} action")


def tags_of(number: str, region: str, one: str) -> dict[str, str]:
    if one.startswith("arn:"):
        found = elbv2_backends[number][region].tagging_service.get_tag_dict_for_resource(one)
        classic = elb_backends[number][region].load_balancers.get(one.rpartition("/")[2])
        return found or (dict(classic.tags) if classic else {})
    return dict(ec2_backends[number][region].tags.get(one, {}))


def behind(number: str, region: str, one: str) -> list[str]:
    backend = ec2_backends[number][region]
    if one.startswith("eipassoc-"):
        return [a.allocation_id for a in backend.addresses if a.association_id == one]
    if one.startswith("rtbassoc-"):
        return [i for t in backend.route_tables.values() if one in t._associations
                for i in (t.id, t._associations[one])]
    return []


def policies_of(key: Any) -> list[dict[str, Any]]:
    documents = []
    for policy in key.collect_policies():
        if isinstance(policy, Policy):
            policy = next(v.document for v in policy.versions if v.is_default)
        document = policy if isinstance(policy, str) else policy["policy_document"]
        documents.append(json.loads(document))
    return documents


def check_action_permitted(self: Any, resource: str) -> None:
    service, _, action = self._action.partition(":")
    body = sent.body.decode()
    params = json.loads(body) if body.startswith("{") else dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
    number, region = self.account_id, self._region
    account = evaluate.Account(
        number, region, lambda one: tags_of(number, region, one),
        lambda one: next((a.owner_id for a in ec2_backends[number][region].amis.values() if a.id == one), ""),
        lambda one: behind(number, region, one))
    policies = policies_of(self._access_key)
    for check in evaluate.checks(reference, service, action, params, account):
        sid = evaluate.allowed_by(policies, check)
        with decisions_lock:
            decisions.write(json.dumps({
                "who": self._access_key.arn, "action": check.action, "arn": check.arn, "context": check.context,
                "sid": sid, "dry_run": params.get("DryRun") == "true"}) + "\n")
        if sid is None:
            raise (Unauthorized if service == "ec2" else Denied)(self._access_key.arn, check)
    # moto lets a network go that has load balancers in it.
    vpc = params.get("VpcId", "") if action == "DeleteVpc" else ""
    balancers = (*elbv2_backends[number][region].load_balancers.values(),
                 *elb_backends[number][region].load_balancers.values())
    if vpc and any(b.vpc_id == vpc for b in balancers):
        raise InUse(vpc)
    # moto knows it for some actions only, and acts.
    if service == "ec2" and params.get("DryRun") == "true":
        raise DryRun()


def create_aws_request(self: Any) -> Any:
    """moto checks the signature of a form as it would write it; what was signed is what was sent."""
    self._body, self._data = sent.body, {}
    return original_request(self)


sent = threading.local()
original_request = access_control.IAMRequestBase._create_aws_request
access_control.IAMRequestBase._create_aws_request = create_aws_request
access_control.IAMRequestBase.check_action_permitted = check_action_permitted


def add_parameters(self: ParameterDict, key: str) -> None:
    if key in IMAGES and not dict.__contains__(self, key):
        dict.__setitem__(self, key, [Parameter(self.account_id, key, IMAGES[key][0], "String", "", None, None, 0.0, 1,
                                               "text")])
    original_loading(self, key)


original_loading = ParameterDict._check_loading_status
ParameterDict._check_loading_status = add_parameters


def application(environ: dict[str, Any], start_response: Any) -> Any:
    if environ["PATH_INFO"] == "/own-address":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"192.0.2.7\n"]
    sent.body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(sent.body)
    return moto_app(environ, start_response)


moto_app = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
port_file = pathlib.Path(sys.argv[2])
port_file.with_suffix(".tmp").write_text(str(server.server_port))
port_file.with_suffix(".tmp").rename(port_file)
server.serve_forever()
