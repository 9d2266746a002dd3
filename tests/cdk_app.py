"""A cdk.out folder as `cdk synth` writes it, of a small app: two stacks, a nested one, and a stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CODE = "a" * 64
LAYER = "b" * 64
NESTED = "c" * 64
BUCKET = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
EXPORT = "Data:ExportsOutputRefOrdersA1"

PYTHON = """\
import os

def handler(event, context):
    return {"name": context.function_name, "event": event, "table": os.environ.get("TABLE")}
"""


def write_app(folder: Path, runtime: str = "python3.12") -> Path:
    """Makes folder/cdk.out, and returns it."""
    out = folder / "cdk.out"
    stage = out / "assembly-Prod"
    stage.mkdir(parents=True)
    (out / "cdk.out").write_text('{"version":"55.0.0"}')
    (out / f"asset.{CODE}").mkdir()
    (out / f"asset.{CODE}" / "app.py").write_text(PYTHON)
    (out / f"asset.{LAYER}").mkdir()
    (out / f"asset.{LAYER}" / "note.txt").write_text("of the layer\n")
    artifacts = {
        "assembly-Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}},
        **_stack("Data"),
        **_stack("Api", ["Data"]),
        "Tree": {"type": "cdk:tree", "properties": {"file": "tree.json"}},
    }
    _write(out / "manifest.json", {"version": "55.0.0", "artifacts": artifacts})
    _write(out / "Data.template.json", data_template())
    _write(out / "Data.assets.json", {"version": "55.0.0", "files": {}})
    _write(out / "Data.metadata.json", {})
    _write(out / "Api.template.json", api_template(runtime))
    _write(out / "Api.assets.json", _assets(""))
    _write(
        out / "Api.metadata.json", {"/Api/Told/Resource": [{"type": "aws:cdk:logicalId", "data": "Told5"}]}
    )
    _write(out / "ApiInner.nested.template.json", nested_template(runtime))
    _write(
        stage / "manifest.json",
        {"version": "55.0.0", "artifacts": _stack("ProdData", stack_name="Prod-Data")},
    )
    _write(stage / "ProdData.template.json", data_template())
    _write(stage / "ProdData.assets.json", {"version": "55.0.0", "files": {}})
    _write(stage / "ProdData.metadata.json", {})
    return out


def data_template() -> dict[str, Any]:
    keys = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "id", "AttributeType": "S"}]
    return _template(
        {
            "OrdersA1": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {**keys, "AttributeDefinitions": attributes},
                "Metadata": {"aws:cdk:path": "Data/Orders/Resource"},
            }
        },
        {"ExportsOutputRefOrdersA1": {"Value": {"Ref": "OrdersA1"}, "Export": {"Name": EXPORT}}},
    )


def api_template(runtime: str) -> dict[str, Any]:
    nested_output = {"Fn::GetAtt": ["InnerNestedStack2", "Outputs.ApiInnerNestedRef"]}
    return _template(
        {
            "Shared3": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"Content": {"S3Bucket": BUCKET, "S3Key": f"{LAYER}.zip"}},
                "Metadata": {"aws:cdk:path": "Api/Shared/Resource", "aws:asset:path": f"asset.{LAYER}"},
            },
            "Hello4": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"S3Bucket": BUCKET, "S3Key": f"{CODE}.zip"},
                    "Environment": {
                        "Variables": {
                            "TABLE": {"Fn::ImportValue": EXPORT},
                            "STACK": {"Ref": "AWS::StackName"},
                            "NESTED": nested_output,
                            "QUEUE": {"Fn::Sub": "${Jobs6} in ${AWS::StackName}"},
                        }
                    },
                    "Handler": "app.handler",
                    "Layers": [{"Ref": "Shared3"}],
                    "Role": {"Fn::GetAtt": ["Role7", "Arn"]},
                    "Runtime": runtime,
                },
                "DependsOn": ["Role7", "InnerNestedStack2"],
                "Metadata": {"aws:cdk:path": "Api/Hello/Resource", "aws:asset:path": f"asset.{CODE}"},
            },
            # As without path and asset metadata: the manifest tells its path, the assets its code.
            "Told5": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"S3Bucket": BUCKET, "S3Key": f"{CODE}.zip"},
                    "Handler": "app.handler",
                    "Role": {"Fn::GetAtt": ["Role7", "Arn"]},
                    "Runtime": runtime,
                },
            },
            "Jobs6": {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "Api/Jobs/Resource"}},
            "Role7": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Statement": []}},
            },
            "Files8": {"Type": "AWS::S3::Bucket", "Metadata": {"aws:cdk:path": "Api/Files/Resource"}},
            "Files8Notifications": {
                "Type": "Custom::S3BucketNotifications",
                "Properties": {
                    "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:helper",
                    "BucketName": {"Ref": "Files8"},
                    "NotificationConfiguration": {
                        "LambdaFunctionConfigurations": [
                            {
                                "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
                                "LambdaFunctionArn": {"Fn::GetAtt": ["Hello4", "Arn"]},
                            }
                        ]
                    },
                },
                "DependsOn": ["Files8"],
            },
            "InnerNestedStack2": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {
                    "Parameters": {"referencetoApiJobs6Ref": {"Ref": "Jobs6"}},
                    "TemplateURL": {
                        "Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, f"/x/{NESTED}.json"]]
                    },
                },
                "Metadata": {
                    "aws:cdk:path": "Api/Inner.NestedStack/Inner.NestedStackResource",
                    "aws:asset:path": "ApiInner.nested.template.json",
                },
            },
        },
        {"Name": {"Value": nested_output}},
    )


def nested_template(runtime: str) -> dict[str, Any]:
    """Its logical id `Hello4` is taken in its parent too."""
    parameter = "referencetoApiJobs6Ref"
    return {
        "Parameters": {parameter: {"Type": "String"}},
        "Resources": {
            "Hello4": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": {"S3Bucket": BUCKET, "S3Key": f"{CODE}.zip"},
                    "Environment": {
                        "Variables": {
                            "PARENT": {"Ref": parameter},
                            "TEXT": {"Fn::Sub": f"queue ${{{parameter}}}"},
                            "STACK": {"Ref": "AWS::StackName"},
                        }
                    },
                    "Handler": "app.handler",
                    "Role": "arn:aws:iam::000000000000:role/nested",
                    "Runtime": runtime,
                },
                "Metadata": {"aws:cdk:path": "Api/Inner/Hello/Resource", "aws:asset:path": f"asset.{CODE}"},
            }
        },
        "Outputs": {"ApiInnerNestedRef": {"Value": {"Ref": "Hello4"}}},
    }


def _template(resources: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """With what the toolkit adds to each."""
    of_regions = {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
    version = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
    refused = {"Fn::Not": [{"Fn::Contains": [["1", "2"], {"Ref": "BootstrapVersion"}]}]}
    return {
        "Resources": {
            **resources,
            "CDKMetadata": {
                "Type": "AWS::CDK::Metadata",
                "Properties": {"Analytics": "v2:deflate64:"},
                "Condition": "CDKMetadataAvailable",
            },
        },
        "Conditions": {"CDKMetadataAvailable": of_regions},
        "Outputs": outputs,
        "Parameters": {"BootstrapVersion": version},
        "Rules": {"CheckBootstrapVersion": {"Assertions": [{"Assert": refused}]}},
    }


def _stack(name: str, dependencies: list[str] | None = None, stack_name: str | None = None) -> dict[str, Any]:
    return {
        f"{name}.assets": {"type": "cdk:asset-manifest", "properties": {"file": f"{name}.assets.json"}},
        name: {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/unknown-region",
            "properties": {
                "templateFile": f"{name}.template.json",
                **({} if stack_name is None else {"stackName": stack_name}),
            },
            "dependencies": [*(dependencies or []), f"{name}.assets"],
            "additionalMetadataFile": f"{name}.metadata.json",
            "displayName": name,
        },
    }


def _assets(above: str) -> dict[str, Any]:
    files = {
        CODE: {"path": f"{above}asset.{CODE}", "packaging": "zip"},
        LAYER: {"path": f"{above}asset.{LAYER}", "packaging": "zip"},
        NESTED: {"path": f"{above}ApiInner.nested.template.json", "packaging": "file"},
    }
    return {
        "version": "55.0.0",
        "files": {
            identifier: {
                "source": source,
                "destinations": {"current": {"bucketName": "assets", "objectKey": f"{identifier}.zip"}},
            }
            for identifier, source in files.items()
        },
    }


def _write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(json.dumps(document, indent=1))
