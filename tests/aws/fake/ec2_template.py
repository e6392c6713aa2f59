"""Launch templates: names that are given once in an account and region."""

from .actions import Call, action
from .describe import describe
from .errors import ApiError
from .state import Obj
from .tags import specified


def render_template(obj: Obj) -> dict:
    return {"LaunchTemplateId": obj.id, **obj.data, "Tags": obj.tag_list()}


@action("ec2", "CreateLaunchTemplate")
def create_template(call: Call, params: dict) -> dict:
    token = params.get("ClientToken")
    made = call.region.remembered(call.action, token, params)
    if made is None:
        name = params["LaunchTemplateName"]
        tags = specified(params, "launch-template")["launch-template"]
        # Whether or not a Describe shows it yet: the name is taken.
        if any(each["LaunchTemplateName"] == name for each in call.region.of("launch-template")):
            raise ApiError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
        made = call.region.add(
            "launch-template",
            {
                "LaunchTemplateName": name,
                "CreateTime": call.world.now(),
                "CreatedBy": call.account,
                "DefaultVersionNumber": 1,
                "LatestVersionNumber": 1,
            },
            tags,
        )
        call.region.remember(call.action, token, params, made)
    return {"LaunchTemplate": render_template(made)}


@action("ec2", "DescribeLaunchTemplates")
def describe_templates(call: Call, params: dict) -> dict:
    known = {"launch-template-name": lambda o: o["LaunchTemplateName"]}
    return describe(call, params, "launch-template", "LaunchTemplateIds", "LaunchTemplates", known, render_template)


@action("ec2", "DeleteLaunchTemplate")
def delete_template(call: Call, params: dict) -> dict:
    template = call.region.need("launch-template", params["LaunchTemplateId"])
    call.region.remove(template)
    return {"LaunchTemplate": render_template(template)}
