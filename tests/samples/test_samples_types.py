"""Each event is of the type it claims, by classes that others wrote for these events."""

from __future__ import annotations

import importlib
import inspect
import json
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.common import DictWrapper
from aws_lambda_powertools.utilities.parser import models
from botocore.session import Session
from botocore.validate import validate_parameters
from events_made import ALL, direct_or_carried, made
from pydantic import BaseModel

from lambdacli.samples import catalogue
from lambdacli.samples.paths import value_at

S3 = [type_ for service, type_ in ALL if service == "s3"]
NOTIFICATIONS = [type_ for type_ in S3 if type_ not in ("batch", "batch-2.0", "object-lambda", "test-event")]

MODELS: dict[str, str] = {
    "alb request": "AlbModel",
    "alb health-check": "AlbModel",
    "apigateway rest": "APIGatewayProxyEventModel",
    "apigateway http-1.0": "APIGatewayProxyEventModel",
    "apigateway http": "APIGatewayProxyEventV2Model",
    "apigateway authorizer-token": "ApiGatewayAuthorizerToken",
    "apigateway authorizer-request": "ApiGatewayAuthorizerRequest",
    "apigateway authorizer-http": "ApiGatewayAuthorizerRequestV2",
    "apigateway authorizer-http-1.0": "ApiGatewayAuthorizerRequest",
    "apigateway websocket-connect": "APIGatewayWebSocketConnectEventModel",
    "apigateway websocket-message": "APIGatewayWebSocketMessageEventModel",
    "apigateway websocket-disconnect": "APIGatewayWebSocketDisconnectEventModel",
    "appsync resolver": "AppSyncResolverEventModel",
    "appsync events-publish": "AppSyncEventsModel",
    "bedrock agent": "BedrockAgentEventModel",
    "bedrock agent-function": "BedrockAgentFunctionEventModel",
    "cloudformation create": "CloudFormationCustomResourceCreateModel",
    "cloudformation update": "CloudFormationCustomResourceUpdateModel",
    "cloudformation delete": "CloudFormationCustomResourceDeleteModel",
    "cognito pre-sign-up": "CognitoPreSignupTriggerModel",
    "cognito post-confirmation": "CognitoPostConfirmationTriggerModel",
    "cognito pre-authentication": "CognitoPreAuthenticationTriggerModel",
    "cognito post-authentication": "CognitoPostAuthenticationTriggerModel",
    "cognito pre-token-generation": "CognitoPreTokenGenerationTriggerModelV1",
    "cognito define-auth-challenge": "CognitoDefineAuthChallengeTriggerModel",
    "cognito create-auth-challenge": "CognitoCreateAuthChallengeTriggerModel",
    "cognito verify-auth-challenge": "CognitoVerifyAuthChallengeTriggerModel",
    "cognito migrate-user": "CognitoMigrateUserTriggerModel",
    "cognito custom-message": "CognitoCustomMessageTriggerModel",
    "cognito custom-email-sender": "CognitoCustomEmailSenderTriggerModel",
    "cognito custom-sms-sender": "CognitoCustomSMSSenderTriggerModel",
    "dynamodb insert": "DynamoDBStreamModel",
    "dynamodb modify": "DynamoDBStreamModel",
    "dynamodb remove": "DynamoDBStreamModel",
    "dynamodb expire": "DynamoDBStreamModel",
    "dynamodb window": "DynamoDBStreamModel",
    "eventbridge s3-object-created": "S3EventNotificationEventBridgeModel",
    "eventbridge s3-object-deleted": "S3EventNotificationEventBridgeModel",
    **{
        f"eventbridge {type_}": "EventBridgeModel"
        for type_ in catalogue.types("eventbridge")
        if type_[:3] != "s3-"
    },
    "firehose direct-put": "KinesisFirehoseModel",
    "firehose kinesis-source": "KinesisFirehoseModel",
    "function-url request": "LambdaFunctionUrlModel",
    "iot thing": "IoTCoreThingEvent",
    "kafka record": "KafkaSelfManagedEventModel",
    "kinesis record": "KinesisDataStreamModel",
    "kinesis window": "KinesisDataStreamModel",
    "logs subscription": "CloudWatchLogsModel",
    "logs control-message": "CloudWatchLogsModel",
    "msk record": "KafkaMskEventModel",
    **{f"s3 {type_}": "S3Model" for type_ in NOTIFICATIONS},
    "s3 batch": "S3BatchOperationModel",
    "s3 batch-2.0": "S3BatchOperationModel",
    "s3 object-lambda": "S3ObjectLambdaEvent",
    "ses receipt": "SesModel",
    "sns message": "SnsModel",
    "sqs message": "SqsModel",
    "sqs fifo": "SqsModel",
    "transfer authorizer": "TransferFamilyAuthorizer",
    "vpc-lattice request-1.0": "VpcLatticeModel",
}
"""Powertools' Pydantic models."""

DATA_CLASSES: dict[str, str] = {
    "alb request": "alb_event.ALBEvent",
    "alb multi-value": "alb_event.ALBEvent",
    "alb health-check": "alb_event.ALBEvent",
    "apigateway rest": "api_gateway_proxy_event.APIGatewayProxyEvent",
    "apigateway http-1.0": "api_gateway_proxy_event.APIGatewayProxyEvent",
    "apigateway http": "api_gateway_proxy_event.APIGatewayProxyEventV2",
    "apigateway authorizer-token": "api_gateway_authorizer_event.APIGatewayAuthorizerTokenEvent",
    "apigateway authorizer-request": "api_gateway_authorizer_event.APIGatewayAuthorizerRequestEvent",
    "apigateway authorizer-http-1.0": "api_gateway_authorizer_event.APIGatewayAuthorizerRequestEvent",
    "apigateway authorizer-http": "api_gateway_authorizer_event.APIGatewayAuthorizerEventV2",
    "apigateway websocket-connect": "api_gateway_websocket_event.APIGatewayWebSocketEvent",
    "apigateway websocket-message": "api_gateway_websocket_event.APIGatewayWebSocketEvent",
    "apigateway websocket-disconnect": "api_gateway_websocket_event.APIGatewayWebSocketEvent",
    "appsync authorizer": "appsync_authorizer_event.AppSyncAuthorizerEvent",
    "cloudformation update": "cloudformation_custom_resource_event.CloudFormationCustomResourceEvent",
    "cloudwatch alarm": "cloud_watch_alarm_event.CloudWatchAlarmEvent",
    "cloudwatch composite-alarm": "cloud_watch_alarm_event.CloudWatchAlarmEvent",
    "cloudwatch custom-widget": "cloud_watch_custom_widget_event.CloudWatchDashboardCustomWidgetEvent",
    "codedeploy lifecycle-hook": "code_deploy_lifecycle_hook_event.CodeDeployLifecycleHookEvent",
    "codepipeline job": "code_pipeline_job_event.CodePipelineJobEvent",
    "cognito pre-token-generation": "cognito_user_pool_event.PreTokenGenerationTriggerEvent",
    # Powertools' models take scopes for a map; they are a list.
    "cognito pre-token-generation-2": "cognito_user_pool_event.PreTokenGenerationV2TriggerEvent",
    "cognito pre-token-generation-3": "cognito_user_pool_event.PreTokenGenerationV2TriggerEvent",
    "config change": "aws_config_rule_event.AWSConfigRuleEvent",
    "config oversized-change": "aws_config_rule_event.AWSConfigRuleEvent",
    "config schedule": "aws_config_rule_event.AWSConfigRuleEvent",
    "connect contact-flow": "connect_contact_flow_event.ConnectContactFlowEvent",
    "dynamodb modify": "dynamo_db_stream_event.DynamoDBStreamEvent",
    "firehose kinesis-source": "kinesis_firehose_event.KinesisFirehoseEvent",
    "function-url request": "lambda_function_url_event.LambdaFunctionUrlEvent",
    "iot thing": "iot_registry_event.IoTCoreThingEvent",
    "kinesis record": "kinesis_stream_event.KinesisStreamEvent",
    "logs subscription": "cloud_watch_logs_event.CloudWatchLogsEvent",
    "mq activemq": "active_mq_event.ActiveMQEvent",
    "mq rabbitmq": "rabbit_mq_event.RabbitMQEvent",
    "msk record": "kafka_event.KafkaEvent",
    "s3 restore-completed": "s3_event.S3Event",
    "s3 batch": "s3_batch_operation_event.S3BatchOperationEvent",
    "s3 object-lambda": "s3_object_event.S3ObjectLambdaEvent",
    "secretsmanager rotation": "secrets_manager_event.SecretsManagerEvent",
    "ses receipt": "ses_event.SESEvent",
    "sns message": "sns_event.SNSEvent",
    "sqs fifo": "sqs_event.SQSEvent",
    "transfer authorizer": "transfer_family_event.TransferFamilyAuthorizer",
    "vpc-lattice request": "vpc_lattice.VPCLatticeEventV2",
    "vpc-lattice request-1.0": "vpc_lattice.VPCLatticeEvent",
}
"""Powertools' data classes, of which every property is read."""

NOT_ALWAYS_THERE = {
    # What AWS sends in other cases only, and the classes read as if it were always there.
    "APIGatewayProxyEvent.version",
    "APIGatewayAuthorizerRequestEvent.version",
    "APIGatewayAuthorizerRequestEvent.authorization_token",
    "APIGatewayAuthorizerRequestEvent.identity_source",
    "APIGatewayAuthorizerEventV2.cookies",
    "APIGatewayWebSocketEvent.body",
    "APIGatewayWebSocketEvent.decoded_body",
    "S3ObjectUserIdentity.user_name",
    "SQSRecord.decoded_nested_s3_event",
    "SQSRecord.decoded_nested_sns_event",
    "SNSMessage.decoded_nested_s3_event",
    "VPCLatticeEventV2.body",
    "VPCLatticeEventV2.decoded_body",
    # A key that no event has: AWS writes reasonData.
    "CloudWatchAlarmState.reason_data",
}

TYPED_DICTS: dict[str, str] = {
    "alb request": "alb.ALBEvent",
    "alb multi-value": "alb.ALBEvent",
    "apigateway authorizer-token": "api_gateway_authorizer.APIGatewayTokenAuthorizerEvent",
    "apigateway authorizer-request": "api_gateway_authorizer.APIGatewayRequestAuthorizerEvent",
    "apigateway rest": "api_gateway_proxy.APIGatewayProxyEventV1",
    "apigateway http": "api_gateway_proxy.APIGatewayProxyEventV2",
    "autoscaling termination-policy": "ec2_asg_custom_termination_policy.EC2ASGCustomTerminationPolicyEvent",
    "codecommit push": "code_commit.CodeCommitMessageEvent",
    "cognito custom-message": "cognito_custom_message.CognitoCustomMessageSignUpEvent",
    "cognito post-confirmation": "cognito_post_confirmation.CognitoPostConfirmationSignUpEvent",
    "config change": "config.ConfigEvent",
    "dynamodb modify": "dynamodb_stream.DynamoDBStreamEvent",
    "iot provisioning-hook": "iot.IoTPreProvisioningHookEvent",
    "kafka record": "apache_kafka.ApacheKafkaEvent",
    "kinesis record": "kinesis_stream.KinesisStreamEvent",
    "logs subscription": "cloud_watch_logs.CloudWatchLogsEvent",
    "mq activemq": "mq.MQEvent",
    "s3 put": "s3.S3Event",
    "s3 batch": "s3_batch.S3BatchEvent",
    "secretsmanager rotation": "secrets_manager.SecretsManagerRotationEvent",
    "ses receipt": "ses.SESEvent",
    "sns message": "sns.SNSEvent",
    "sqs message": "sqs.SQSEvent",
}
"""aws-lambda-typing's."""

TEXT, NUMBER, TRUTH, MAP, LIST = str, int | float, bool, dict, list
ALEXA: dict[str, Any] = {
    "version": TEXT,
    "session": {
        "new": TRUTH,
        "sessionId": TEXT,
        "application": {"applicationId": TEXT},
        "attributes": MAP,
        "user": {"userId": TEXT},
    },
    "context": {"System": {"application": MAP, "user": MAP, "device": MAP, "apiEndpoint": TEXT}},
    "request": {"type": TEXT, "requestId": TEXT, "timestamp": TEXT, "locale": TEXT},
}
EDGE_REQUEST = {"clientIp": TEXT, "headers": MAP, "method": TEXT, "querystring": TEXT, "uri": TEXT}
EDGE_CONFIG = {"distributionDomainName": TEXT, "distributionId": TEXT, "eventType": TEXT, "requestId": TEXT}
EDGE_ORIGIN = {
    "custom": {
        "customHeaders": MAP,
        "domainName": TEXT,
        "keepaliveTimeout": NUMBER,
        "path": TEXT,
        "port": NUMBER,
        "protocol": TEXT,
        "readTimeout": NUMBER,
        "sslProtocols": LIST,
    }
}
EDGE_RESPONSE = {"headers": MAP, "status": TEXT, "statusDescription": TEXT}
DESTINATION = {
    "version": TEXT,
    "timestamp": TEXT,
    "requestContext": {
        "requestId": TEXT,
        "functionArn": TEXT,
        "condition": TEXT,
        "approximateInvokeCount": int,
    },
    "requestPayload": MAP,
    "responseContext": {"statusCode": int, "executedVersion": TEXT},
    "responsePayload": MAP,
}
CHANGE = {
    "_id": {"_data": TEXT},
    "clusterTime": {"$timestamp": {"t": int, "i": int}},
    "documentKey": {"_id": {"$oid": TEXT}},
    "ns": {"db": TEXT, "coll": TEXT},
    "operationType": TEXT,
}
CHANGES = {"eventSourceArn": TEXT, "eventSource": TEXT, "events": [{"event": CHANGE}]}


def _edge(*parts: dict[str, Any]) -> dict[str, Any]:
    request, *response = parts
    cf = {"config": EDGE_CONFIG, "request": request}
    return {"Records": [{"cf": {**cf, "response": response[0]} if response else cf}]}


SHAPES: dict[str, Any] = {
    "alexa launch": ALEXA,
    "alexa intent": {**ALEXA, "request": {**ALEXA["request"], "intent": {"name": TEXT, "slots": MAP}}},
    "alexa session-ended": {**ALEXA, "request": {**ALEXA["request"], "reason": TEXT}},
    "alexa smart-home": {
        "directive": {
            "header": {"namespace": TEXT, "name": TEXT, "messageId": TEXT, "payloadVersion": TEXT},
            "endpoint": {"endpointId": TEXT, "scope": MAP},
            "payload": MAP,
        }
    },
    "alexa smart-home-2": {
        "header": {"messageId": TEXT, "name": TEXT, "namespace": TEXT, "payloadVersion": TEXT},
        "payload": MAP,
    },
    "apigateway authorizer-websocket": {
        "type": TEXT,
        "methodArn": TEXT,
        "headers": MAP,
        "multiValueHeaders": MAP,
        "queryStringParameters": MAP,
        "multiValueQueryStringParameters": MAP,
        "stageVariables": MAP,
        "requestContext": {"routeKey": TEXT, "connectionId": TEXT, "eventType": TEXT, "apiId": TEXT},
    },
    "cloudfront viewer-request": _edge(EDGE_REQUEST),
    "cloudfront origin-request": _edge({**EDGE_REQUEST, "origin": EDGE_ORIGIN}),
    "cloudfront origin-response": _edge({**EDGE_REQUEST, "origin": EDGE_ORIGIN}, EDGE_RESPONSE),
    "cloudfront viewer-response": _edge(EDGE_REQUEST, EDGE_RESPONSE),
    "cognito sync": {
        "version": int,
        "eventType": TEXT,
        "region": TEXT,
        "identityPoolId": TEXT,
        "identityId": TEXT,
        "datasetName": TEXT,
        "datasetRecords": {"colour": {"oldValue": TEXT, "newValue": TEXT, "op": TEXT}},
    },
    "documentdb insert": {**CHANGES, "events": [{"event": {**CHANGE, "fullDocument": MAP}}]},
    "documentdb update": {
        **CHANGES,
        "events": [{"event": {**CHANGE, "fullDocument": MAP, "updateDescription": {"updatedFields": MAP}}}],
    },
    "documentdb delete": CHANGES,
    "iot rule": {"device": TEXT, "temperature": NUMBER},
    "iotevents action": {
        "event": {
            "eventName": TEXT,
            "eventTime": int,
            "payload": {
                "actionExecutionId": TEXT,
                "detector": {"detectorModelName": TEXT, "keyValue": TEXT, "detectorModelVersion": TEXT},
                "eventTriggerDetails": {"inputName": TEXT, "messageId": TEXT, "triggerType": TEXT},
                "state": {"stateName": TEXT, "variables": MAP, "timers": MAP},
            },
        }
    },
    "lambda destination-success": DESTINATION,
    "lambda destination-failure": DESTINATION,
    "lex v1": {
        "messageVersion": TEXT,
        "invocationSource": TEXT,
        "userId": TEXT,
        "sessionAttributes": MAP,
        "bot": {"name": TEXT, "alias": TEXT, "version": TEXT},
        "outputDialogMode": TEXT,
        "currentIntent": {"name": TEXT, "slots": MAP, "confirmationStatus": TEXT},
    },
    "scheduler invocation": {"job": TEXT},
    "stepfunctions task": {"orderId": TEXT},
    "stepfunctions task-token": {"taskToken": TEXT, "orderId": TEXT},
}
"""Of those for which nobody publishes classes: the members that the producers' guides name."""

SERVICE_SHAPES: dict[str, list[tuple[str, str, str]]] = {
    # Path into the event, service, shape: the producer's own model knows these parts.
    "codepipeline job": [("CodePipeline.job", "codepipeline", "Job")],
    "lex v2": [
        ("sessionState", "lexv2-runtime", "SessionState"),
        ("interpretations[0].intent", "lexv2-runtime", "Intent"),
    ],
}
CARRIED = {
    "cloudwatch alarm-notification": {
        "AlarmName": TEXT,
        "NewStateValue": TEXT,
        "Trigger": {"MetricName": TEXT},
    },
    "lambda kinesis-failure": {
        "requestContext": MAP,
        "KinesisBatchInfo": {"shardId": TEXT, "batchSize": int},
    },
    "s3 test-event": {"Service": TEXT, "Event": TEXT, "Time": TEXT, "Bucket": TEXT, "HostId": TEXT},
}
CARRIED_MODELS = {"lambda dynamodb-failure": "DynamoDBStreamLambdaOnFailureDestinationModel"}
TABLES = (MODELS, DATA_CLASSES, TYPED_DICTS, SHAPES, SERVICE_SHAPES, CARRIED, CARRIED_MODELS)


@pytest.mark.parametrize("name", [" ".join(each) for each in ALL])
def test_every_event_is_checked_against_a_type(name: str) -> None:
    assert any(name in table for table in TABLES)
    event = direct_or_carried(name)
    assert json.loads(json.dumps(event)) == event
    assert "${" not in json.dumps(event) and '"=' not in json.dumps(event)


@pytest.mark.parametrize("name", MODELS)
def test_an_event_is_what_its_pydantic_model_takes(name: str) -> None:
    parsed = _model(MODELS[name]).model_validate(made(name))
    assert parsed is not None


@pytest.mark.parametrize("name", DATA_CLASSES)
def test_every_property_of_an_events_data_class_can_be_read(name: str) -> None:
    module, class_name = DATA_CLASSES[name].split(".")
    data_class = getattr(
        importlib.import_module(f"aws_lambda_powertools.utilities.data_classes.{module}"), class_name
    )
    assert _read(data_class(made(name))) > 2


@pytest.mark.parametrize("name", TYPED_DICTS)
def test_an_event_is_what_its_typed_dictionary_says(name: str) -> None:
    module, class_name = TYPED_DICTS[name].split(".")
    wanted = getattr(importlib.import_module(f"aws_lambda_typing.events.{module}"), class_name)
    assert _departure(made(name), wanted) is None


@pytest.mark.parametrize("name", SHAPES)
def test_an_event_has_the_members_that_its_guide_names(name: str) -> None:
    assert _mismatch(made(name), SHAPES[name]) is None


@pytest.mark.parametrize("name", [*CARRIED, *CARRIED_MODELS])
def test_what_comes_in_messages_only_has_its_members(name: str) -> None:
    message = json.loads(_message(direct_or_carried(name)))
    if name in CARRIED:
        assert _mismatch(message, CARRIED[name]) is None
    else:
        assert _model(CARRIED_MODELS[name]).model_validate(message)


@pytest.mark.parametrize("name", SERVICE_SHAPES)
def test_the_producers_own_model_knows_its_parts(name: str) -> None:
    event = made(name)
    for path, service, shape in SERVICE_SHAPES[name]:
        model = Session().get_service_model(service)
        validate_parameters(_without_nulls(value_at(event, path)), model.shape_for(shape))


@pytest.mark.parametrize(
    ("name", "source", "class_name"),
    [
        (f"cognito {type_}", choice, type_)
        for type_ in catalogue.types("cognito")
        if type_ != "sync"
        for choice in (
            catalogue.sample("cognito", type_).parameters["trigger_source"].choices
            if "trigger_source" in catalogue.sample("cognito", type_).parameters
            else ()
        )
    ],
)
def test_a_user_pool_trigger_says_what_set_it_off(name: str, source: str, class_name: str) -> None:
    event = made(name, trigger_source=source)
    assert event["triggerSource"] == source
    assert event["userName"] == "ada"


def _model(name: str) -> type[BaseModel]:
    found = getattr(models, name, None)
    if found is None:
        from aws_lambda_powertools.utilities.parser.models import iot_registry_events

        found = getattr(iot_registry_events, name)
    assert isinstance(found, type) and issubclass(found, BaseModel)
    return found


def _read(wrapper: DictWrapper) -> int:
    """Every property of it and of what it holds; how many there were."""
    count = 0
    for name, _ in inspect.getmembers(type(wrapper), lambda member: isinstance(member, property)):
        if f"{type(wrapper).__name__}.{name}" in NOT_ALWAYS_THERE:
            continue
        value = getattr(wrapper, name)
        count += 1
        values = list(value) if isinstance(value, list | Iterator) else [value]
        count += sum(_read(each) for each in values if isinstance(each, DictWrapper))
    return count


def _departure(value: Any, wanted: Any, place: str = "") -> str | None:
    """Where a value is not as a type says. Pydantic judges typed dictionaries from Python 3.12 on only."""
    if value is None:
        # The types do not tell what may be null.
        return None
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if typing.is_typeddict(wanted):
        if not isinstance(value, dict) or wanted.__required_keys__ - value.keys():
            return f"{place}: {value} lacks {sorted(wanted.__required_keys__)}"
        hints = typing.get_type_hints(wanted)
        found = [
            _departure(each, hints[name], f"{place}.{name}") for name, each in value.items() if name in hints
        ]
        return next(filter(None, found), None)
    if origin is typing.Union:
        found = [_departure(value, each, place) for each in arguments]
        return None if None in found else found[0]
    if origin in (list, dict):
        if not isinstance(value, origin):
            return f"{place}: {value!r} is no {origin}"
        held = value.values() if isinstance(value, dict) else value
        return next(filter(None, (_departure(each, arguments[-1], f"{place}[]") for each in held)), None)
    if wanted is float:
        wanted = int | float
    if wanted in (Any, object) or not isinstance(wanted, type | types.UnionType) or isinstance(value, wanted):
        return None
    return f"{place}: {value!r} is no {wanted}"


def _mismatch(value: Any, shape: Any, place: str = "") -> str | None:
    """Where a value is not as its shape says."""
    if isinstance(shape, dict):
        if not isinstance(value, dict) or shape.keys() - value.keys():
            return f"{place}: {value} lacks {sorted(shape)}"
        found = (_mismatch(value[name], each, f"{place}.{name}") for name, each in shape.items())
        return next(filter(None, found), None)
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return f"{place}: {value} is no list"
        return next(filter(None, (_mismatch(each, shape[0], f"{place}[]") for each in value)), None)
    return None if isinstance(value, shape) else f"{place}: {value!r} is no {shape}"


def _message(event: Any) -> str:
    record = event["Records"][0]
    text: str = record["Sns"]["Message"] if "Sns" in record else record["body"]
    return text


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
