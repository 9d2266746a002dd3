"""Functions of a template: `AWS::Serverless::Function` and `AWS::Lambda::Function` become settings."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from lambdacli.model import limits
from lambdacli.model.build import BuildMethod, BuildSettings, LayerBuild
from lambdacli.model.effects import of_logging
from lambdacli.model.function import FileSystem, LocalLayer, Logging, Network, Vpc
from lambdacli.model.function_url import Cors
from lambdacli.model.layer import parse_layer_arn, substitution_hint
from lambdacli.model.project_files import LAM_NAMES
from lambdacli.model.record import record
from lambdacli.model.runtime_names import RUNTIMES
from lambdacli.model.variables import is_too_large, measured_text
from lambdacli.project.building import build_settings_of_metadata
from lambdacli.project.cloudformation.template import Resource
from lambdacli.project.foreign.serverless_functions import PATTERNS, SHORT_NAMES
from lambdacli.project.kinds import variable_name_fault
from lambdacli.project.records import FunctionSettings, S3Code, TemplateSettings
from lambdacli.project.schema import FUNCTION_NAME_PATTERN
from lambdacli.project.stack.around import FUNCTIONS, LAYERS, SERVERLESS_FUNCTION, Around
from lambdacli.project.stack.declared import Finding
from lambdacli.project.stack.old_runtimes import NEAREST
from lambdacli.project.stack.values import Values, resource_ignored, resource_used, text_of
from lambdacli.project.urls import DeclaredUrl

_WITHOUT_EFFECT = {
    "AssumeRolePolicyDocument": "everybody is believed to be trusted by the role",
    "AutoPublishAliasAllProperties": "a version is published whenever code or settings changed",
    "AutoPublishCodeSha256": "a version is published whenever code or settings changed",
    "CodeSigningConfigArn": "code of a template is not signed here",
    "DeploymentPreference": "an alias moves at once",
    "DurableConfig": "durable executions are not built",
    "ImageConfig": "container images do not run here",
    "PermissionsBoundary": "no boundaries are kept",
    "PropagateTags": "tags stay the function's own",
    "RecursiveLoop": "set it with the API: loops are stopped as by default",
    "RuntimeManagementConfig": "the runtime is the one that is installed on this machine",
    "VersionDescription": "versions get the function's description",
    "VersionDeletionPolicy": "versions stay until the function goes",
    "CapacityProviderConfig": "there are no capacity providers here",
    "TenancyConfig": "tenants are not told apart by a template here",
    "PublishToLatestPublished": "there are no capacity providers here",
    "FunctionScalingConfig": "there are no capacity providers here",
    "RolePath": "roles have no path here",
    "SourceKMSKeyArn": "packages are not encrypted here",
}
_BUILT_LAYERS = (BuildMethod.MAKEFILE, BuildMethod.PYTHON, BuildMethod.NPM)

_S3_ADDRESS = re.compile(r"s3://([^/]+)/(.+)")
_UNKNOWN = "lam does not know it"


def functions_of(around: Around) -> tuple[FunctionSettings, ...]:
    built = [_function(resource, around) for resource in around.of_type(*FUNCTIONS)]
    return tuple(function for function in built if function is not None)


def _function(resource: Resource, around: Around) -> FunctionSettings | None:
    values = Values(resource, around.notes)
    if values.choice("PackageType", "Zip", "Image") == "Image" or "ImageUri" in values:
        why = "it is a container image, which does not run here"
        resource_ignored(resource, around.notes, why)
        names = (resource.name, resource.logical_id, *_short_names(resource))
        around.notes.left_out.update(dict.fromkeys(names, why))
        return None
    if re.fullmatch(FUNCTION_NAME_PATTERN, resource.name) is None:
        values.complain("FunctionName", f"{resource.name} is not a name that Lambda takes for a function")
        return None
    runtime = _runtime(values)
    source = _source(values, around)
    if runtime is None or source is None:
        return None
    handler = values.text("Handler")
    if handler is None and RUNTIMES[runtime].family != "provided":
        values.complain("", "has no Handler", "for example `Handler: app.handler`")
        return None
    settings = FunctionSettings(
        name=resource.name,
        runtime=runtime,
        handler=handler or "bootstrap",
        role=_role(values, around),
        code=source.code,
        description=values.text("Description") or "",
        memory_mb=values.number("MemorySize", limits.MEMORY_MB_MINIMUM, limits.MEMORY_MB_MAXIMUM)
        or limits.MEMORY_MB_DEFAULT,
        timeout_seconds=values.number(
            "Timeout", limits.TIMEOUT_SECONDS_MINIMUM, limits.TIMEOUT_SECONDS_MAXIMUM
        )
        or limits.TIMEOUT_SECONDS_DEFAULT,
        ephemeral_storage_mb=_storage(values),
        architecture=_architecture(values),
        variables=_variables(values, around),
        tags=_tags(values),
        layers=_layers(values, around),
        reserved_concurrency=values.number("ReservedConcurrentExecutions", 0, limits.ACCOUNT_CONCURRENCY),
        virtual_environment=None,
        network=Network.HOST,
        url=_url(values),
        build=source.build,
        template=_further(values, source, around),
    )
    # What other readers make of it is told where they make it.
    for elsewhere in ("FunctionName", "Events", "Policies", "EventInvokeConfig", "AutoPublishAlias"):
        values.raw(elsewhere)
    values.raw("ProvisionedConcurrencyConfig")
    values.rest(_WITHOUT_EFFECT, _UNKNOWN)
    name = "" if resource.name == resource.logical_id else f" {resource.name}"
    resource_used(resource, around.notes, f"a function{name} of {settings.runtime}")
    return settings


def _runtime(values: Values) -> str | None:
    runtime = values.text("Runtime")
    if runtime is None:
        values.complain("", "has no Runtime", "for example `Runtime: python3.13`")
        return None
    if runtime in RUNTIMES:
        return runtime
    if runtime in NEAREST:
        values.warn(
            "Runtime", f"AWS creates no function with {runtime} any more", f"runs as {NEAREST[runtime]}"
        )
        return NEAREST[runtime]
    values.complain("Runtime", f"{runtime} is no runtime of Lambda", f"known are {', '.join(RUNTIMES)}")
    return None


# Code


@record
class _Source:
    code: Path
    inline: str | None = None
    stored: S3Code | None = None
    built_from: Path | None = None
    build: BuildSettings | None = None


def _source(values: Values, around: Around) -> _Source | None:
    stored = _stored_code(values)
    if stored is not None:
        return _Source(around.template.file, stored=stored)
    inline, written, name = _written_code(values, around)
    if inline is not None:
        return _Source(around.template.file, inline=inline)
    if written is None:
        return None
    source = Path(os.path.normpath(around.template.folder / Path(written).expanduser()))
    if source.is_file() and source.suffix in (".zip", ".jar"):
        return _Source(source)
    if not source.is_dir():
        what = "must be a folder or a .zip file" if source.exists() else "does not exist"
        values.complain(name, f"{written} {what}")
        return None
    return _built(values, around, source)


def _written_code(values: Values, around: Around) -> tuple[str | None, str | None, str]:
    """The code itself, or the folder or archive that has it, and the property that says so."""
    asset = values.resource.metadata.get("aws:asset:path")
    inline = values.text("InlineCode")
    if inline is not None:
        return inline, None, "InlineCode"
    if isinstance(asset, str):
        values.raw("Code")
        values.raw("CodeUri")
        return None, asset, "Code"
    name = "CodeUri" if values.resource.type == SERVERLESS_FUNCTION else "Code"
    given = values.raw(name)
    if given is None:
        if name == "Code":
            values.complain("", "has no Code")
            return None, None, name
        return None, ".", name
    if isinstance(given, Mapping):
        code = values.below(name)
        assert code is not None
        zip_text = code.text("ZipFile")
        if zip_text is not None:
            return zip_text, None, f"{name}.ZipFile"
    elif isinstance(given, str):
        return None, given, name
    values.complain(name, "names no code", "a folder, a .zip file, or bucket and key of an object of S3")
    return None, None, name


def _stored_code(values: Values) -> S3Code | None:
    """SAM writes an address or `Bucket`, `Key` and `Version`; Lambda its own members."""
    if "InlineCode" in values or "aws:asset:path" in values.resource.metadata:
        return None
    name = "CodeUri" if values.resource.type == SERVERLESS_FUNCTION else "Code"
    given = values.raw(name)
    if isinstance(given, Mapping):
        told = [text_of(given.get(f"S3{each}", given.get(each))) for each in ("Bucket", "Key")]
        version = text_of(given.get("S3ObjectVersion", given.get("Version")))
        found = S3Code(told[0], told[1], version) if told[0] and told[1] else None
    else:
        address = _S3_ADDRESS.fullmatch(given) if isinstance(given, str) else None
        found = None if address is None else S3Code(address[1], address[2])
    if found is not None:
        values.used(name, f"is fetched from {found} of the neighbour services")
    return found


def _built(values: Values, around: Around, source: Path) -> _Source:
    """What `sam build` made of the folder counts while it is fresh; otherwise lam builds what needs it."""
    logical_id, metadata = values.resource.logical_id, values.resource.metadata
    method = metadata.get("BuildMethod")
    if isinstance(method, str):
        values.notes.findings.append(_build_finding(values.resource, method))
    built = around.build.folder_of(logical_id)
    if built is not None and around.build.is_fresh(source):
        return _Source(built, built_from=source, build=BuildSettings(BuildMethod.NONE))
    has_gradle = any((source / name).is_file() for name in ("build.gradle", "build.gradle.kts"))
    return _Source(source, build=build_settings_of_metadata(metadata, logical_id, has_gradle=has_gradle))


def _build_finding(resource: Resource, method: str) -> Finding:
    place = resource.place_of("Metadata.BuildMethod")
    text = f"built by {method} when it is invoked, and by `lam build`"
    return Finding(place.file, place.line, f"{resource.logical_id}.Metadata.BuildMethod", True, text)


# Settings


def _role(values: Values, around: Around) -> str:
    role = values.text("Role")
    if role is not None and role.startswith("arn:"):
        return role
    name = role or f"{values.resource.whole_id}Role"
    return f"arn:aws:iam::{around.account}:role/{name}"


def _storage(values: Values) -> int:
    storage = values.below("EphemeralStorage")
    minimum, maximum = limits.EPHEMERAL_STORAGE_MB_MINIMUM, limits.EPHEMERAL_STORAGE_MB_MAXIMUM
    size = None if storage is None else storage.number("Size", minimum, maximum)
    return size or limits.EPHEMERAL_STORAGE_MB_DEFAULT


def _architecture(values: Values) -> str:
    architectures = values.texts("Architectures")
    if len(architectures) > 1 or not {*architectures} <= {"x86_64", "arm64"}:
        values.complain("Architectures", f"must be one of x86_64 and arm64, not {', '.join(architectures)}")
    return architectures[0] if architectures else "x86_64"


def _variables(values: Values, around: Around) -> dict[str, str] | None:
    environment = values.below("Environment")
    written = None if environment is None else environment.of_names("Variables")
    names = (values.resource.logical_id, values.resource.name, called(values.resource))
    told: dict[str, str] = {}
    for name in ("Parameters", *dict.fromkeys(names)):
        told.update(around.variables.get(name, {}))
    if written is None and not told:
        return None
    for name in written or {}:
        fault = variable_name_fault(name)
        if fault is not None:
            values.complain(f"Environment.Variables.{name}", *fault)
    variables = {**(written or {}), **told}
    if is_too_large(variables):
        size = len(measured_text(variables).encode())
        allowed = limits.ENVIRONMENT_VARIABLES_BYTES
        values.complain("Environment", f"the variables measure {size} bytes as JSON; Lambda allows {allowed}")
    return variables


def _tags(values: Values) -> dict[str, str]:
    """SAM has a mapping, CloudFormation a list of pairs."""
    given = values.raw("Tags")
    if isinstance(given, list):
        pairs = [(tag.text("Key"), tag.text("Value")) for _, tag in values.each_below("Tags")]
        tags = {key: value or "" for key, value in pairs if key is not None}
    else:
        tags = values.of_names("Tags") or {}
    if len(tags) > limits.TAGS_PER_RESOURCE:
        values.complain("Tags", f"has {len(tags)} tags; Lambda allows {limits.TAGS_PER_RESOURCE}")
    return tags


def _layers(values: Values, around: Around) -> tuple[LocalLayer | str, ...]:
    given = values.texts("Layers")
    if len(given) > limits.LAYERS_PER_FUNCTION:
        values.complain("Layers", f"has {len(given)} layers; Lambda allows {limits.LAYERS_PER_FUNCTION}")
    found = [_layer(values, f"Layers.{number}", text, around) for number, text in enumerate(given)]
    return tuple(layer for layer in found if layer is not None)


def _layer(values: Values, name: str, text: str, around: Around) -> LocalLayer | str | None:
    resource = around.meant_by(text, *LAYERS)
    if resource is not None:
        return local_layer(resource, around)
    reference = parse_layer_arn(text)
    if reference is None:
        values.complain(name, f"{text} is not the ARN of a layer")
        return None
    if reference.key.account != around.account and around.substitutions.of(text) is None:
        _warn_of_layer(values, name, text, around)
        return None
    return text


def _warn_of_layer(values: Values, name: str, arn: str, around: Around) -> None:
    """Once for all functions: most have it from Globals."""
    message = f"{arn} is a layer of another account, which cannot be fetched: functions run without it"
    if any(each.message == message for each in values.notes.warnings):
        return
    hint = substitution_hint(arn)
    if not any((around.template.folder / name).is_file() for name in LAM_NAMES):
        hint += f"; a lam.yaml that is made for it says `template: {around.template.file.name}` as well"
    values.warn(name, message, hint)


def local_layer(resource: Resource, around: Around) -> LocalLayer | None:
    """Where what a layer of the template holds lies, and how it is made; a build comes before its source."""
    values = Values(resource, around.notes)
    asset = resource.metadata.get("aws:asset:path")
    name = "ContentUri" if "ContentUri" in values else "Content"
    written = asset if isinstance(asset, str) else values.raw(name)
    if not isinstance(written, str) or written.startswith("s3://"):
        values.warn(name, "its content lies in S3, where it cannot be fetched from: functions run without it")
        return None
    source = Path(os.path.normpath(around.template.folder / written))
    built = around.build.folder_of(resource.logical_id)
    if built is not None and around.build.is_fresh(source):
        return LocalLayer(built, build=LayerBuild(name=resource.logical_id))
    if not source.exists():
        values.complain(name, f"{written} does not exist")
        return None
    return LocalLayer(source, build=_layer_build(values))


def _layer_build(values: Values) -> LayerBuild:
    """As `sam build` does it: without a BuildMethod, the folder is the layer."""
    resource, written = values.resource, values.resource.metadata.get("BuildMethod")
    as_it_is = LayerBuild(name=resource.logical_id)
    if not isinstance(written, str):
        return as_it_is
    method = build_settings_of_metadata(resource.metadata, resource.logical_id).method
    if method not in _BUILT_LAYERS:
        if method != BuildMethod.NONE:
            told = "and there is no build of it: its source is used"
            values.warn("", f"is built by {written}, {told}", "`sam build`")
        return as_it_is
    values.notes.findings.append(_build_finding(resource, written))
    architecture = resource.metadata.get("BuildArchitecture", "x86_64")
    if architecture not in ("x86_64", "arm64"):
        values.warn("", f"BuildArchitecture must be x86_64 or arm64, not {architecture}")
        architecture = "x86_64"
    return LayerBuild(method, resource.logical_id, written if written in RUNTIMES else None, architecture)


_CORS_NAMES = {
    "AllowOrigins": "allow_origins",
    "AllowMethods": "allow_methods",
    "AllowHeaders": "allow_headers",
    "ExposeHeaders": "expose_headers",
}
_DAY_SECONDS = 86_400


def cors_of(values: Values) -> Cors:
    """As function URLs and HTTP APIs write it."""
    texts = {field: values.texts(name) or None for name, field in _CORS_NAMES.items()}
    return Cors(
        allow_credentials=values.flag("AllowCredentials"),
        max_age_seconds=values.number("MaxAge", 0, _DAY_SECONDS),
        **texts,
    )


def url_settings(values: Values) -> DeclaredUrl:
    cors = values.below("Cors")
    return DeclaredUrl(
        auth_type=values.choice("AuthType", "NONE", "AWS_IAM") or "NONE",
        invoke_mode=values.choice("InvokeMode", "BUFFERED", "RESPONSE_STREAM") or "BUFFERED",
        cors=None if cors is None else cors_of(cors),
    )


def _url(values: Values) -> DeclaredUrl | None:
    config = values.below("FunctionUrlConfig")
    if config is None:
        return None
    values.used("FunctionUrlConfig", "a URL of its own: `lam show` has it")
    return url_settings(config)


def _short_names(resource: Resource) -> list[str]:
    path = resource.metadata.get("aws:cdk:path")
    names = resource.metadata.get(SHORT_NAMES)
    if isinstance(names, list):
        return [str(name) for name in names]
    return [path.removesuffix("/Resource")] if isinstance(path, str) else []


def _further(values: Values, source: _Source, around: Around) -> TemplateSettings:
    return TemplateSettings(
        logical_id=called(values.resource),
        other_names=tuple(_short_names(values.resource)),
        inline_code=source.inline,
        stored_code=source.stored,
        built_from=source.built_from,
        patterns=tuple(map(str, values.resource.metadata.get(PATTERNS) or ())),
        dead_letter_target=_dead_letter_target(values),
        tracing=_tracing(values),
        kms_key_arn=values.text("KmsKeyArn"),
        vpc=_vpc(values),
        file_systems=_file_systems(values),
        snap_start=_snap_start(values),
        logging=_logging(values),
    )


def called(resource: Resource) -> str:
    """As SAM names what is in a nested stack: `Child/Function`."""
    return "/".join((*resource.within, resource.logical_id))


def _dead_letter_target(values: Values) -> str | None:
    for name in ("DeadLetterQueue", "DeadLetterConfig"):
        config = values.below(name)
        if config is not None:
            target = config.text("TargetArn")
            values.used(name, f"events that fail are sent to {target}")
            return target
    return None


def _tracing(values: Values) -> str:
    config = values.below("TracingConfig")
    mode = values.text("Tracing") if config is None else config.text("Mode")
    if mode == "Active":
        name = "Tracing" if config is None else "TracingConfig"
        values.ignored(name, "nothing is sent to X-Ray")
    return mode if mode in ("Active", "PassThrough") else "PassThrough"


def _vpc(values: Values) -> Vpc | None:
    config = values.below("VpcConfig")
    if config is None:
        return None
    values.ignored("VpcConfig", "the function's network is this machine's")
    return Vpc(
        config.texts("SubnetIds"),
        config.texts("SecurityGroupIds"),
        config.flag("Ipv6AllowedForDualStack") or False,
    )


def _file_systems(values: Values) -> tuple[FileSystem, ...]:
    found = []
    for _, each in values.each_below("FileSystemConfigs"):
        arn, mount = each.text("Arn"), each.text("LocalMountPath")
        if arn is not None and mount is not None:
            found.append(FileSystem(arn, mount))
    return tuple(found)


def _snap_start(values: Values) -> str:
    config = values.below("SnapStart")
    chosen = None if config is None else config.choice("ApplyOn", "None", "PublishedVersions")
    if chosen == "PublishedVersions":
        values.ignored("SnapStart", "no snapshots are taken")
    return chosen or "None"


def _logging(values: Values) -> Logging:
    config = values.below("LoggingConfig")
    if config is None:
        return Logging()
    log_format = config.choice("LogFormat", "Text", "JSON") or "Text"
    is_json = log_format == "JSON"
    logging = Logging(
        format=log_format,
        application_level=config.text("ApplicationLogLevel") or ("INFO" if is_json else None),
        system_level=config.text("SystemLogLevel") or ("INFO" if is_json else None),
        group=config.text("LogGroup"),
    )
    without_effect = of_logging(logging, values.text("Runtime") or "")
    if without_effect:
        config.ignored("LogFormat", "; ".join(without_effect))
    return logging
