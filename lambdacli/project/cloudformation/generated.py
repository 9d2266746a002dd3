"""What SAM makes beside the resources of a template, as far as others refer to it by name. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lambdacli.project.cloudformation.resolver import Generated
from lambdacli.project.cloudformation.texts import text_of

REST_API = "ServerlessRestApi"
HTTP_API = "ServerlessHttpApi"


def generated_resources(resources: Mapping[str, Any]) -> dict[str, Generated]:
    """By logical id, or by `Function.Alias` and its like. AWS's translator makes more, named by hashes."""
    made: dict[str, Generated] = {}
    for logical_id, resource in resources.items():
        properties = resource.get("Properties") or {}
        kind = resource["Type"]
        if kind == "AWS::Serverless::Function":
            made.update(_of_function(logical_id, properties))
        elif kind == "AWS::Serverless::StateMachine" and "Role" not in properties:
            made[f"{logical_id}Role"] = Generated("AWS::IAM::Role", {})
        elif kind == "AWS::Serverless::Api":
            made.update(_of_api(logical_id, properties))
        elif kind == "AWS::Serverless::HttpApi":
            made.update(_of_http_api(logical_id, properties.get("StageName")))
    return made


def _of_function(logical_id: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, Generated]]:
    function = {"FunctionName": properties.get("FunctionName", logical_id)}
    if "Role" not in properties:
        yield f"{logical_id}Role", Generated("AWS::IAM::Role", {})
    alias = properties.get("AutoPublishAlias")
    if "FunctionUrlConfig" in properties:
        target = {"TargetFunctionArn": function["FunctionName"]}
        qualified = target if alias is None else {**target, "Qualifier": alias}
        yield f"{logical_id}Url", Generated("AWS::Lambda::Url", qualified)
    if alias is not None:
        yield f"{logical_id}.Version", Generated("AWS::Lambda::Version", function)
        made = Generated("AWS::Lambda::Alias", {**function, "Name": alias})
        yield f"{logical_id}.Alias", made
        yield f"{logical_id}Alias{text_of(alias)}", made
    for _, kind, settings in events_of(properties):
        if kind == "Api" and "RestApiId" not in settings:
            yield REST_API, Generated("AWS::ApiGateway::RestApi", {})
            yield from _of_api(REST_API, {"StageName": "Prod"})
        if kind == "HttpApi" and "ApiId" not in settings:
            yield HTTP_API, Generated("AWS::ApiGatewayV2::Api", {})
            yield from _of_http_api(HTTP_API, None)


def _of_api(logical_id: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, Generated]]:
    name = properties.get("StageName")
    stage = Generated("AWS::ApiGateway::Stage", {} if name is None else {"StageName": name})
    yield f"{logical_id}.Stage", stage
    if isinstance(name, str):
        yield f"{logical_id}{name}Stage", stage
    yield f"{logical_id}.Deployment", Generated("AWS::ApiGateway::Deployment", {})


def _of_http_api(logical_id: str, stage: Any) -> Iterator[tuple[str, Generated]]:
    made = Generated("AWS::ApiGatewayV2::Stage", {"StageName": stage or "$default"})
    yield f"{logical_id}.Stage", made
    if stage is None:
        yield f"{logical_id}ApiGatewayDefaultStage", made
    elif isinstance(stage, str):
        yield f"{logical_id}{stage}Stage", made


def events_of(properties: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Name, type and properties of each event of a SAM function or state machine."""
    events = properties.get("Events")
    if not isinstance(events, dict):
        return
    for name, event in events.items():
        if isinstance(event, dict) and isinstance(event.get("Type"), str):
            settings = event.get("Properties")
            yield name, event["Type"], settings if isinstance(settings, dict) else {}
