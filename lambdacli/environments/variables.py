"""The variables that a process of an environment sees: Lambda's own list, and nothing of the host's. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from lambdacli.environments.placement import Placement
from lambdacli.model.runtime_names import RuntimeName
from lambdacli.runtimes.base import StartPlan

XRAY_HOST, XRAY_PORT = "169.254.100.1", "2000"


def environment_variables(
    placement: Placement,
    runtime: RuntimeName,
    plan: StartPlan,
    *,
    task_root: str,
    runtime_root: str,
    opt_root: str,
    temporary: str | None,
    runtime_api: str | None,
    log_stream: str | None,
) -> dict[str, str]:
    """Lambda's precedence: what it only presets gives way to the function's own variables, the rest does not.

    Where Lambda has /var/task, /opt and /var/runtime, the portable walls have the real folders. What is None
    is left out: a template has no address, stream or /tmp of its own."""
    preset = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:{opt_root}/bin",
        "LD_LIBRARY_PATH": (
            f"/var/lang/lib:/lib64:/usr/lib64:{runtime_root}:{runtime_root}/lib:"
            f"{task_root}:{task_root}/lib:{opt_root}/lib"
        ),
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": f"{XRAY_HOST}:{XRAY_PORT}",
        **({} if temporary is None else {"TMPDIR": temporary}),
        **placement.endpoint_variables,
        **plan.variables,
    }
    credentials = {
        "AWS_ACCESS_KEY_ID": placement.credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": placement.credentials.secret_access_key,
        "AWS_SESSION_TOKEN": placement.credentials.session_token,
    }
    function = placement.key.function
    reserved = {
        "_HANDLER": placement.handler,
        "_AWS_XRAY_DAEMON_ADDRESS": XRAY_HOST,
        "_AWS_XRAY_DAEMON_PORT": XRAY_PORT,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": placement.key.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(placement.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": (
            "provisioned-concurrency" if placement.is_provisioned else "on-demand"
        ),
        "AWS_LAMBDA_LOG_GROUP_NAME": placement.log_group,
        "LAMBDA_TASK_ROOT": task_root,
        "LAMBDA_RUNTIME_DIR": runtime_root,
        "PWD": task_root,
        "SHLVL": "0",
    }
    if placement.log_format == "JSON":
        reserved["AWS_LAMBDA_LOG_FORMAT"] = placement.log_format
    if placement.log_level is not None:
        reserved["AWS_LAMBDA_LOG_LEVEL"] = placement.log_level
    if runtime.family != "provided":
        reserved["AWS_EXECUTION_ENV"] = f"AWS_Lambda_{runtime.identifier}"
    if log_stream is not None:
        reserved["AWS_LAMBDA_LOG_STREAM_NAME"] = log_stream
    if runtime_api is not None:
        reserved["AWS_LAMBDA_RUNTIME_API"] = runtime_api
    if plan.has_framed_log:
        reserved["_LAMBDA_TELEMETRY_LOG_FD"] = "62"
    if plan.has_own_client and runtime_api is not None:
        # A wrapper or an extension may lead AWS_LAMBDA_RUNTIME_API elsewhere; our client compares the two.
        reserved["_LAM_RUNTIME_API"] = runtime_api
    own: Mapping[str, str] = placement.variables
    return {**preset, **own, **credentials, **reserved, **plan.private_variables}
