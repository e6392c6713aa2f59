"""The services' own definitions, by botocore: what a request may hold and how an answer is spelled."""

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

SERVICES = ("ec2", "sts", "ssm", "service-quotas", "elb", "elbv2")

_loader = Loader()
MODELS = {name: ServiceModel(_loader.load_service_model(name, "service-2"), name) for name in SERVICES}
# Elastic Load Balancing has one endpoint for both of its APIs: the version tells them apart.
_BY_VERSION = {MODELS[name].api_version: name for name in ("ec2", "sts", "elb", "elbv2")}
_BY_TARGET = {MODELS[name].metadata["targetPrefix"]: name for name in ("ssm", "service-quotas")}


def by_version(version: str) -> str | None:
    return _BY_VERSION.get(version)


def by_target(prefix: str) -> str | None:
    return _BY_TARGET.get(prefix)


def by_signing_name(name: str) -> str | None:
    return next((each for each in SERVICES if MODELS[each].signing_name == name), None)


def operation(service: str, action: str) -> OperationModel | None:
    model = MODELS[service]
    return model.operation_model(action) if action in model.operation_names else None
