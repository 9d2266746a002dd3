"""Functions and layers of a serverless.yml, with the provider's defaults, and what is theirs alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lambdacli.model.nearest import nearest
from lambdacli.project.foreign.serverless_names import identifier_of
from lambdacli.project.foreign.serverless_rights import reading_statements
from lambdacli.project.foreign.written import NamedFunction, TemplateWriter, Written

SHORT_NAMES = "lam:names"
"""Metadata: other names that a function can be called by."""
PATTERNS = "lam:patterns"
"""Metadata: which files of the folder are packed; a pattern with ! leaves out."""

_NO_CODE = (
    "!.gitignore",
    "!npm-debug.log",
    "!.serverless/**",
    "!.serverless_plugins/**",
    "!serverless.{yml,yaml,json,js,cjs,mjs,ts}",
    "!.env*",
)
"""What no package of the framework has unless it is asked for."""

_ROLE = "IamRoleLambdaExecution"
_ALIAS = "provisioned"
_BUNDLERS = ("serverless-esbuild", "serverless-webpack", "serverless-bundle", "serverless-plugin-typescript")
_TYPESCRIPT = (".ts", ".mts", ".cts", ".tsx")
_JAVASCRIPT = (".js", ".mjs", ".cjs", ".jsx")
_DEFAULT_RUNTIMES = {"4": "nodejs20.x", "": "nodejs16.x"}

_KEYS = (
    "architecture",
    "awsKmsKeyArn",
    "build",
    "condition",
    "dependsOn",
    "description",
    "destinations",
    "disableLogs",
    "durableConfig",
    "environment",
    "ephemeralStorageSize",
    "events",
    "fileSystemConfig",
    "handler",
    "httpApi",
    "iam",
    "iamRoleStatements",
    "iamRoleStatementsInherit",
    "iamRoleStatementsName",
    "image",
    "kmsKeyArn",
    "layers",
    "logDataProtectionPolicy",
    "logRetentionInDays",
    "logs",
    "maximumEventAge",
    "maximumRetryAttempts",
    "memorySize",
    "module",
    "name",
    "onError",
    "package",
    "provisionedConcurrency",
    "reservedConcurrency",
    "role",
    "runtime",
    "runtimeManagement",
    "snapStart",
    "tags",
    "tenancy",
    "timeout",
    "tracing",
    "url",
    "versionFunction",
    "vpc",
)


def functions_of(service: Written, writer: TemplateWriter) -> dict[str, NamedFunction]:
    """By their short names. Functions may be written as a list of mappings, one per file."""
    functions: dict[str, NamedFunction] = {}
    for part in service.at("functions").items():
        for key, written in part.members():
            if not isinstance(written.value, Mapping):
                writer.complain(written, "must be a mapping", "with `handler: file.function`")
                continue
            identifier = identifier_of(key)
            arn = {"Fn::GetAtt": [f"{identifier}LambdaFunction", "Arn"]}
            is_provisioned = bool(written.at("provisionedConcurrency").value)
            target = {"Fn::Join": [":", [arn, _ALIAS]]} if is_provisioned else arn
            functions[key] = NamedFunction(key, identifier, written, target)
    return functions


class FunctionWriter:
    def __init__(
        self,
        writer: TemplateWriter,
        service: Written,
        functions: Mapping[str, NamedFunction],
        prefix: str,
        folder: Path,
    ) -> None:
        self.writer = writer
        self.service = service
        self.provider = service.at("provider")
        self.functions = functions
        self.prefix = prefix
        self.folder = folder

    def write_all(self) -> None:
        for key, layer in self.service.at("layers").members():
            self._layer(key, layer)
        for function in self.functions.values():
            self._function(function)
        if any(not self._own_role(function) for function in self.functions.values()):
            self._role()

    # Functions

    def _function(self, function: NamedFunction) -> None:
        written = function.written
        self._check(written)
        name = written.at("name").text(f"{self.prefix}-{function.key}")
        properties = {
            "FunctionName": written.at("name") or name,
            **self._code(function),
            "Description": written.at("description"),
            "MemorySize": self._setting(written, "memorySize").value or 1024,
            "Timeout": self._setting(written, "timeout").value or 6,
            "EphemeralStorage": _some({"Size": written.at("ephemeralStorageSize")}),
            "Architectures": list(self._setting(written, "architecture").items()) or None,
            "Environment": self._environment(written),
            "Role": self._own_role(function) or {"Fn::GetAtt": [_ROLE, "Arn"]},
            "Layers": list((written.at("layers") or self.provider.at("layers")).items()) or None,
            "Tags": self._tags(written),
            "VpcConfig": self._vpc(written),
            "TracingConfig": self._tracing(written),
            "DeadLetterConfig": _some({"TargetArn": written.at("onError")}),
            "KmsKeyArn": self._setting(written, "kmsKeyArn"),
            "FileSystemConfigs": self._file_systems(written.at("fileSystemConfig")),
            "ReservedConcurrentExecutions": written.at("reservedConcurrency"),
            "SnapStart": {"ApplyOn": "PublishedVersions"} if written.at("snapStart").value else None,
        }
        logical_id = function.logical_id
        self.writer.add(logical_id, "AWS::Lambda::Function", properties, written, self._metadata(function))
        self._log_group(function, name)
        self._version(function)
        self._url(function)
        self._event_invoke(function)

    def _check(self, written: Written) -> None:
        for key, each in written.members():
            if key not in _KEYS:
                near = nearest(key, _KEYS)
                self.writer.remark(each, "is not known to lam", f"did you mean {near}?" if near else "")
        if not written.at("handler") and not written.at("image"):
            self.writer.complain(
                written, "has neither handler nor image", "for example `handler: app.handler`"
            )
        if written.at("iamRoleStatements"):
            message = "a role of its own is not made: all functions share the service's"
            self.writer.remark(written.at("iamRoleStatements"), message)

    def _setting(self, written: Written, name: str) -> Written:
        """The function's own, else the provider's."""
        return written.at(name) or self.provider.at(name)

    def _code(self, function: NamedFunction) -> dict[str, Any]:
        written = function.written
        image = written.at("image")
        if image:
            uri = image.at("uri") or image.at("name")
            return {"PackageType": "Image", "Code": {"ImageUri": uri or image.text()}}
        artifact = written.at("package", "artifact") or self.service.at("package", "artifact")
        runtime = self._setting(written, "runtime")
        return {
            "Handler": written.at("handler"),
            "Runtime": runtime or _DEFAULT_RUNTIMES["4" if self._is_version_4 else ""],
            "Code": artifact or ".",
        }

    @property
    def _is_version_4(self) -> bool:
        return self.service.at("frameworkVersion").text().lstrip("^~>= v").startswith("4")

    def _environment(self, written: Written) -> dict[str, Any] | None:
        variables = {
            **dict(self.provider.at("environment").members()),
            **dict(written.at("environment").members()),
        }
        return {"Variables": variables} if variables else None

    def _tags(self, written: Written) -> list[dict[str, Any]] | None:
        tags = {**dict(self.provider.at("tags").members()), **dict(written.at("tags").members())}
        return [{"Key": key, "Value": value} for key, value in tags.items()] or None

    def _vpc(self, written: Written) -> dict[str, Any] | None:
        vpc = self._setting(written, "vpc")
        groups, subnets = vpc.at("securityGroupIds"), vpc.at("subnetIds")
        return {"SecurityGroupIds": groups, "SubnetIds": subnets} if groups or subnets else None

    def _tracing(self, written: Written) -> dict[str, Any] | None:
        tracing = written.at("tracing") or self.provider.at("tracing", "lambda")
        if not tracing.value:
            return None
        return {"Mode": "Active" if tracing.value is True else tracing}

    @staticmethod
    def _file_systems(config: Written) -> list[dict[str, Any]] | None:
        if not config:
            return None
        return [{"Arn": config.at("arn"), "LocalMountPath": config.at("localMountPath")}]

    def _own_role(self, function: NamedFunction) -> Any:
        """None: it has the role that the service makes."""
        shared = self.provider.at("iam", "role")
        # The service's role is made where a mapping tells what it may; another one is named.
        named = (
            shared
            if isinstance(shared.value, str) or _is_intrinsic(shared.value)
            else self.provider.at("role")
        )
        role = function.written.at("role") or named
        if not role:
            return None
        if isinstance(role.value, str) and not role.value.startswith("arn:") and "{{" not in role.value:
            return {"Fn::GetAtt": [role.value, "Arn"]}
        return role

    def _role(self) -> None:
        role = self.provider.at("iam", "role")
        statements = [
            statement
            for block in (role.at("statements"), self.provider.at("iamRoleStatements"))
            for statement in block.items()
        ]
        managed = [
            each
            for block in (role.at("managedPolicies"), self.provider.at("iamManagedPolicies"))
            for each in block.items()
        ]
        logs = {
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogStream",
                "logs:CreateLogGroup",
                "logs:TagResource",
                "logs:PutLogEvents",
            ],
            "Resource": ["*"],
        }
        trusted = {
            "Effect": "Allow",
            "Principal": {"Service": ["lambda.amazonaws.com"]},
            "Action": ["sts:AssumeRole"],
        }
        reading = reading_statements(
            function for function in self.functions.values() if not self._own_role(function)
        )
        properties = {
            "RoleName": role.at("name"),
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
            "Policies": [
                {
                    "PolicyName": f"{self.prefix}-lambda",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [logs, *reading, *statements]},
                }
            ],
            "ManagedPolicyArns": managed or None,
        }
        at = role if role else self.provider
        self.writer.add(_ROLE, "AWS::IAM::Role", properties, at)

    def _metadata(self, function: NamedFunction) -> dict[str, Any]:
        return {
            SHORT_NAMES: [function.key],
            PATTERNS: self._patterns(function.written.at("package")),
            **self._build(function.written),
        }

    def _patterns(self, package: Written) -> list[str]:
        """A function that is not packed by itself is packed as the service is, whatever it says of it."""
        service = self.service.at("package")
        is_own = any(each.at("individually").value is True for each in (service, package))
        if not is_own and _patterns(package):
            message = "counts only where the function is packed by itself"
            self.writer.remark(package, message, "set `individually: true` beside it")
        return [*_NO_CODE, *_patterns(service), *(_patterns(package) if is_own else ())]

    def _build(self, written: Written) -> dict[str, Any]:
        """TypeScript cannot run as it is; a bundler of the project may have been meant for the rest too."""
        handler = written.at("handler").text()
        runtime = self._setting(written, "runtime").text("nodejs")
        if not runtime.startswith("nodejs") or not handler or written.at("package", "artifact"):
            return {}
        module = handler.rpartition(".")[0]
        plugins = [plugin.text() for plugin in _plugins(self.service)]
        is_bundled = any(plugin in _BUNDLERS for plugin in plugins)
        suffixes = (*_TYPESCRIPT, *_JAVASCRIPT) if is_bundled else _TYPESCRIPT
        found = next(
            (f"{module}{end}" for end in suffixes if (self.folder / f"{module}{end}").is_file()), None
        )
        if found is None:
            return {}
        settings = self.service.at("custom", "esbuild") or self.service.at("build", "esbuild")
        options = {
            "EntryPoints": [found],
            "External": list(settings.at("external").items()) or None,
            "Format": settings.at("format"),
            "Minify": settings.at("minify"),
            "Sourcemap": settings.at("sourcemap"),
            "Target": settings.at("target"),
            "Loader": [f"{end}={kind.text()}" for end, kind in settings.at("loader").members()] or None,
        }
        return {"BuildMethod": "esbuild", "BuildProperties": options}

    # What is a resource of its own

    def _log_group(self, function: NamedFunction, name: str) -> None:
        if function.written.at("disableLogs").value is True:
            return
        days = self._setting(function.written, "logRetentionInDays")
        properties = {"LogGroupName": f"/aws/lambda/{name}", "RetentionInDays": days}
        self.writer.add(f"{function.identifier}LogGroup", "AWS::Logs::LogGroup", properties, function.written)

    def _version(self, function: NamedFunction) -> None:
        provisioned = function.written.at("provisionedConcurrency")
        if not provisioned.value and not function.written.at("snapStart").value:
            return
        version = f"{function.identifier}LambdaVersion"
        properties: dict[str, Any] = {"FunctionName": {"Ref": function.logical_id}}
        self.writer.add(version, "AWS::Lambda::Version", properties, function.written)
        if not provisioned.value:
            return
        properties = {
            "FunctionName": {"Ref": function.logical_id},
            "FunctionVersion": {"Fn::GetAtt": [version, "Version"]},
            "Name": _ALIAS,
            "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": provisioned},
        }
        logical_id = f"{function.identifier}ProvConcLambdaAlias"
        self.writer.add(logical_id, "AWS::Lambda::Alias", properties, provisioned)

    def _url(self, function: NamedFunction) -> None:
        url = function.written.at("url")
        if not url.value:
            return
        is_signed = url.at("authorizer").value == "aws_iam"
        kind = "AWS_IAM" if is_signed else "NONE"
        properties = {
            "TargetFunctionArn": function.target,
            "AuthType": kind,
            "Cors": _url_cors(url.at("cors")),
            "InvokeMode": url.at("invokeMode"),
        }
        self.writer.add(f"{function.identifier}LambdaFunctionUrl", "AWS::Lambda::Url", properties, url)
        if is_signed:
            return
        permission = {
            "FunctionName": function.target,
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "*",
            "FunctionUrlAuthType": "NONE",
        }
        logical_id = f"{function.identifier}LambdaPermissionFnUrl"
        self.writer.add(logical_id, "AWS::Lambda::Permission", permission, url)

    def _event_invoke(self, function: NamedFunction) -> None:
        written = function.written
        destinations = written.at("destinations")
        retries, age = written.at("maximumRetryAttempts"), written.at("maximumEventAge")
        if not destinations and not retries and not age:
            return
        targets = {
            "OnSuccess": self._destination(destinations.at("onSuccess")),
            "OnFailure": self._destination(destinations.at("onFailure")),
        }
        named = {name: {"Destination": target} for name, target in targets.items() if target is not None}
        properties = {
            "FunctionName": {"Ref": function.logical_id},
            "Qualifier": _ALIAS if written.at("provisionedConcurrency").value else "$LATEST",
            "DestinationConfig": named or None,
            "MaximumRetryAttempts": retries,
            "MaximumEventAgeInSeconds": age,
        }
        logical_id = f"{function.identifier}LambdaEvConf"
        self.writer.add(logical_id, "AWS::Lambda::EventInvokeConfig", properties, destinations or written)

    def _destination(self, given: Written) -> Any:
        if not given:
            return None
        target = given.at("arn") or given
        function = self.functions.get(target.text())
        if function is not None:
            return function.arn
        if isinstance(target.value, str) and not target.value.startswith("arn:"):
            hint = f"functions are {', '.join(self.functions)}"
            self.writer.complain(
                target, f"{target.value} is neither an ARN nor a function of the service", hint
            )
        return target

    def _layer(self, key: str, layer: Written) -> None:
        content = layer.at("package", "artifact") or layer.at("path")
        if not content:
            self.writer.complain(layer, "has neither path nor package: artifact", "name the layer's folder")
            return
        properties = {
            "LayerName": layer.at("name") or key,
            "Content": content,
            "Description": layer.at("description"),
            "CompatibleRuntimes": layer.at("compatibleRuntimes"),
            "CompatibleArchitectures": layer.at("compatibleArchitectures"),
            "LicenseInfo": layer.at("licenseInfo"),
        }
        logical_id = f"{identifier_of(key)}LambdaLayer"
        self.writer.add(logical_id, "AWS::Lambda::LayerVersion", properties, layer)


def _plugins(service: Written) -> list[Written]:
    """A list, or a mapping with the list in `modules`."""
    plugins = service.at("plugins")
    return list((plugins.at("modules") or plugins).items())


def _patterns(package: Written) -> list[str]:
    """Exclude and include are the older way to write them, and say less."""
    return [
        *(f"!{each.text()}" for each in package.at("exclude").items()),
        *(each.text() for each in package.at("include").items()),
        *(each.text() for each in package.at("patterns").items()),
    ]


def _url_cors(cors: Written) -> dict[str, Any] | None:
    if not cors.value:
        return None
    headers = (
        "Content-Type",
        "X-Amz-Date",
        "Authorization",
        "X-Api-Key",
        "X-Amz-Security-Token",
        "X-Amzn-Trace-Id",
    )
    return {
        "AllowOrigins": list(cors.at("allowedOrigins").items()) or ["*"],
        "AllowHeaders": list(cors.at("allowedHeaders").items()) or list(headers),
        "AllowMethods": list(cors.at("allowedMethods").items()) or ["*"],
        "AllowCredentials": cors.at("allowCredentials"),
        "ExposeHeaders": list(cors.at("exposedResponseHeaders").items()) or None,
        "MaxAge": cors.at("maxAge"),
    }


def _is_intrinsic(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) == 1
        and all(key == "Ref" or str(key).startswith("Fn::") for key in value)
    )


def _some(members: dict[str, Written]) -> dict[str, Written] | None:
    given = {name: value for name, value in members.items() if value}
    return given or None
