"""`lam list`, `lam show`, `lam delete`."""

from __future__ import annotations

import json

import pytest
from fake_service import Scripted, refusal

pytestmark = pytest.mark.real


def test_list_is_a_table(lam, service):
    service.function("demo-lambda")
    service.function("uploaded", origin="api", memory_mb=1024, timeout_seconds=900)
    result = lam("list")
    assert (result.exit_code, result.err) == (0, "")
    assert result.out == (
        "NAME         RUNTIME     HANDLER                         MEMORY   TIMEOUT  ORIGIN    STATE\n"
        "demo-lambda  python3.13  lambda_function.lambda_handler  128 MB   3 s      lam.yaml  Active\n"
        "uploaded     python3.13  lambda_function.lambda_handler  1024 MB  900 s    api       Active\n"
    )


def test_list_shows_what_people_call_a_function_of_another_tool(lam, service):
    service.function("Api-Hello4", other_names=["Hello4", "Api/Hello/Resource", "Api/Hello"])
    service.function("own", other_names=[])
    assert [line.split()[:2] for line in lam("list").out.splitlines()] == [
        ["NAME", "CALLED"],
        ["Api-Hello4", "Api/Hello"],
        ["own", "-"],
    ]


def test_an_empty_list_says_what_to_do(lam, service):
    result = lam("list")
    assert (result.exit_code, result.out, result.err) == (
        0,
        "",
        "no functions yet: `lam init NAME` makes one\n",
    )


@pytest.mark.parametrize(
    ("problems", "more"),
    [(["lam.yaml:3: a"], ""), (["lam.yaml:3: a", "b", "c"], " (and 2 more: `lam validate`)")],
)
def test_list_notes_what_keeps_lam_yaml_from_being_read(lam, service, problems, more):
    service.function("demo-lambda")
    service.status["problems"] = problems
    result = lam("list")
    assert (result.exit_code, "demo-lambda" in result.out) == (0, True)
    assert result.err == f"note: lam.yaml is not taken in as it is now: lam.yaml:3: a{more}\n"


def test_an_empty_list_of_a_project_with_problems_does_not_ask_for_a_function(lam, service):
    service.status |= {"problems": ["template.yaml:3: a"], "project": "/shop/template.yaml"}
    result = lam("list")
    assert result.err.endswith("no functions: template.yaml has problems (`lam validate`)\n")


def test_list_as_json_is_what_the_service_said(lam, service):
    service.function("demo-lambda")
    assert json.loads(lam("list", "--json").out) == {"functions": service.functions}


def test_flags_that_only_shape_aws_json_say_so(lam, service):
    service.function("demo-lambda")
    assert lam("list", "--region", "eu-west-1").err == "note: without a meaning here: --region\n"
    assert lam("list", "--region", "eu-west-1", "--output", "text").err.startswith("error: ")


def test_list_with_query_asks_the_lambda_api_for_all_pages(lam, service):
    pages = {
        "/2015-03-31/functions/": {"Functions": [{"FunctionName": "a"}], "NextMarker": "m/1"},
        "/2015-03-31/functions/?Marker=m%2F1": {"Functions": [{"FunctionName": "b"}]},
    }
    plain = service.answer
    service.answer = lambda seen: (
        Scripted(body=json.dumps(pages[seen.target]).encode()) if seen.target in pages else plain(seen)
    )
    assert lam("list", "--query", "Functions[].FunctionName", "--output", "text").out == "a\tb\n"
    assert lam("list", "--no-paginate", "--output", "text").out == "m/1\nFUNCTIONS\ta\n"


def test_show_has_all_settings_and_notes_what_has_no_effect(lam, service):
    service.function(
        "demo-lambda",
        description="says hello",
        architecture="x86_64",
        ephemeral_storage_mb=512,
        variables={"B": "2", "A": "1"},
        layers=[],
        tags={},
        reserved_concurrency=None,
        log_group="/aws/lambda/demo-lambda",
        environments=[{"id": "e1", "state": "idle"}],
        notes=["architecture arm64 has no effect here"],
    )
    result = lam("show", "demo-lambda")
    assert result.out == (
        "name          demo-lambda\n"
        "description   says hello\n"
        "arn           arn:aws:lambda:us-east-1:000000000000:function:demo-lambda\n"
        "state         Active\n"
        "origin        lam.yaml\n"
        "code          /project/demo-lambda\n"
        "runtime       python3.13\n"
        "handler       lambda_function.lambda_handler\n"
        "architecture  x86_64\n"
        "memory        128 MB\n"
        "timeout       3 s\n"
        "/tmp          512 MB\n"
        "variables     A=1\n"
        "              B=2\n"
        "log group     /aws/lambda/demo-lambda\n"
        "modified      2026-11-21T09:00:00.000+0000\n"
        "environments  id e1  state idle\n"
    )
    assert result.err == "note: architecture arm64 has no effect here\n"
    assert json.loads(lam("show", "demo-lambda", "--json").out) == service.functions[0]


def test_show_names_how_environments_are_held_where_that_is_not_the_default(lam, service):
    usual = {"freeze": True, "preload": True, "cpu_share": True, "network": "host"}
    service.function("usual", **usual)
    service.function("unusual", freeze=False, preload=False, cpu_share=False, network="isolated")
    usual_lines, unusual_lines = (lam("show", name).out.splitlines() for name in ("usual", "unusual"))
    told = [line.split() for line in unusual_lines if line.split()[0] in usual]
    assert told == [
        ["freeze", "false"],
        ["preload", "false"],
        ["cpu_share", "false"],
        ["network", "isolated"],
    ]
    assert len(usual_lines) == len(unusual_lines) - 4


def test_show_tells_the_settings_of_versions_and_aliases(lam, service):
    service.function(
        "demo",
        provisioned_concurrency={"1": "2 of 2 READY", "live": "0 of 1 IN_PROGRESS"},
        function_url={"$LATEST": "http://x.lambda-url.us-east-1.localhost:4566/ NONE BUFFERED"},
        recursive_loop="Allow",
    )
    lines = lam("show", "demo").out.splitlines()
    assert [line.split(maxsplit=1) for line in lines if line.startswith(("prov", " ", "url"))] == [
        ["provisioned", "1: 2 of 2 READY"],
        ["live:", "0 of 1 IN_PROGRESS"],
        ["url", "$LATEST: http://x.lambda-url.us-east-1.localhost:4566/ NONE BUFFERED"],
    ]
    assert "recursive loops  Allow" in lines


def test_show_of_an_unknown_function_suggests_the_nearest(lam, service):
    service.function("demo-lambda")
    result = lam("show", "demolambda")
    assert (result.exit_code, result.err) == (
        1,
        "error: no such function\n\nhint: did you mean demo-lambda?\n",
    )


def test_delete_calls_the_lambda_api(lam, service):
    service.function("uploaded", origin="api")
    service.answers["DELETE", "/2015-03-31/functions/uploaded"] = Scripted(204)
    result = lam("delete", "uploaded")
    assert (result.exit_code, result.out, result.err) == (0, "", "deleted uploaded\n")
    result = lam("delete", "--function-name", "uploaded", "--qualifier", "3")
    assert (result.exit_code, result.err) == (0, "deleted uploaded:3\n")
    assert [seen.target for seen in service.calls()] == [
        "/2015-03-31/functions/uploaded",
        "/2015-03-31/functions/uploaded?Qualifier=3",
    ]


def test_delete_of_a_declared_function_points_at_lam_yaml(lam, service, project):
    service.function("demo-lambda")
    result = lam("delete", "demo-lambda")
    assert result.exit_code == 1
    assert result.err == (
        f"error: demo-lambda is declared in {project}/lam.yaml\n\n"
        "hint: take demo-lambda out of that file; the service follows it at once\n"
    )
    assert service.calls() == []


def test_delete_of_an_unknown_function_suggests_the_nearest(lam, service):
    service.function("uploaded", origin="api")
    service.answers["DELETE", "/2015-03-31/functions/upload"] = refusal(
        404, "ResourceNotFoundException", "Function not found: upload"
    )
    result = lam("delete", "upload")
    assert (result.exit_code, result.err) == (
        1,
        "error: Function not found: upload\n\nhint: did you mean uploaded?\n",
    )


@pytest.mark.parametrize("arguments", [[], ["a", "--function-name", "b"]])
def test_delete_wants_one_name(lam, service, arguments):
    result = lam("delete", *arguments)
    assert (result.exit_code, result.err) == (
        2,
        "error: name one function, as NAME or by --function-name\n",
    )
