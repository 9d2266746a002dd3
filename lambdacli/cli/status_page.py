"""What `lam status` prints of a running service."""

from datetime import UTC, datetime, timedelta

from lambdacli.cli.clock_text import clock_text
from lambdacli.cli.colour import paint
from lambdacli.cli.routes_table import routes_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TextIO


def status_page(status: "dict[str, Any]", stream: "TextIO") -> str:
    age = datetime.now(UTC) - datetime.fromisoformat(status["started_at"])
    environments = ", ".join(f"{count} {state}" for state, count in status["environments"].items())
    fields = {
        "project": status.get("project") or "none",
        "state": status["state_dir"],
        "endpoint": status["endpoint"] + _admission(status),
        "socket": status["socket"],
        "account": status["account"],
        "region": status["region"],
        "functions": status["functions"],
        "environments": environments or "none",
        "invocations": f"{status['running_invocations']} running",
    }
    if clock := clock_text(status.get("clock") or {}):
        fields["clock"] = clock
    if "neighbours" in status:
        fields["neighbours"] = _neighbours(status["neighbours"])
    width = max(map(len, fields))
    lines = [
        f"lam {status['version']} is running (pid {status['pid']}, for {_age(age)})",
        *(f"{paint(name.ljust(width), 'dim', stream)}  {value}" for name, value in fields.items()),
        *(paint(f"problem: {problem}", "red", stream) for problem in status.get("problems", [])),
        *(f"note: {notice}" for notice in status.get("notices", [])),
        *_routes(status, stream),
        "",
        "To point boto3, the AWS CLI or an SDK at it:",
        "",
        *(f"export {name}={value}" for name, value in exports(status).items()),
    ]
    return "".join(f"{line}\n" for line in lines)


def _routes(status: "dict[str, Any]", stream: "TextIO") -> list[str]:
    lines = routes_table(status, stream)
    return ["", *lines] if lines else []


def _admission(status: "dict[str, Any]") -> str:
    if status.get("auth"):
        return " (checks signatures: use a key of its file of keys)"
    return " (anonymous)" if status.get("anonymous") else ""


def _neighbours(told: "dict[str, Any]") -> str:
    """The services beside Lambda."""
    if told["running"]:
        return f"moto {told['moto']} (pid {told['pid']}); what they hold is not durable"
    return f"none: {told['hint']}"


def exports(status: "dict[str, Any]") -> dict[str, str]:
    """The AWS CLI and boto3 read AWS_DEFAULT_REGION, other SDKs AWS_REGION. Any credentials will do, unless
    signatures are checked: then they are the user's own."""
    credentials = {} if status.get("auth") else {"AWS_ACCESS_KEY_ID": "lam", "AWS_SECRET_ACCESS_KEY": "lam"}
    return {
        "AWS_ENDPOINT_URL": str(status["endpoint"]),
        **credentials,
        "AWS_REGION": str(status["region"]),
        "AWS_DEFAULT_REGION": str(status["region"]),
    }


def _age(age: timedelta) -> str:
    seconds = max(0, int(age.total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
