"""The Ruby runtime, row by row of what Lambda's does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.real.functions_house import Answer, House, open_house
from tests.real.toolchains import need

pytestmark = pytest.mark.real

ACTS = """\
require "logger"
require "stringio"

$count = 0

def counts(event:, context:) = { count: $count += 1 }
def echo(event:, context:) = event

def fails(event:, context:)
  raise "boom"
end

class Own < StandardError; end

def fails_own(event:, context:) = raise(Own, "mine")
def argument(event:, context:) = raise(ArgumentError, "wrong")
def no_method(event:, context:) = nil.nothing_such
def no_name(event:, context:) = nothing_such
def interrupted(event:, context:) = raise(Interrupt, "stop")
def leaves(event:, context:) = exit(3)
def leaves_hard(event:, context:) = exit!(3)
def cuts(event:, context:) = Process.kill("KILL", Process.pid)
def sleeps(event:, context:) = sleep(60)
def deep(event:, context:, left: 300)
  left.zero? ? raise("deep") : deep(event: event, context: context, left: left - 1)
end
def raw(event:, context:) = StringIO.new("raw bytes")
def not_a_number(event:, context:) = Float::NAN
def variables(event:, context:) = ENV.to_h.merge("folder" => Dir.pwd)

def context_of(event:, context:)
  names = %i[function_name function_version memory_limit_in_mb aws_request_id invoked_function_arn]
  names += %i[log_group_name identity client_context tenant_id]
  names.to_h { |name| [name, context.public_send(name)] }
       .merge(left: context.get_remaining_time_in_millis, deadline: context.deadline_ms.class)
end

def prints(event:, context:)
  puts "two", "lines"
  print "raw\\n"
  $stdout.puts "stdout"
  warn "stderr"
  Logger.new($stdout).info("logged\\nlines")
  Logger.new($stderr, progname: "me").warn("second")
  nil
end

class Holder
  def self.run(event:, context:) = "of a class"
end

module Outer
  class Inner
    def self.run(event:, context:) = "of an inner class"
  end
end
"""

FILES = {
    "code/acts.rb": ACTS,
    "code/deeper/file.rb": "def run(event:, context:) = 'deep'\n",
    "code/raising.rb": "puts 'loading'\nraise RangeError, 'at load'\n",
    "code/broken.rb": "def (\n",
    "code/leaving.rb": "exit 0\n",
    "code/missing.rb": "require 'nowhere'\n",
    "code/sdk.rb": "require 'aws-sdk-s3'\n",
    "code/uses.rb": "require 'layered'\nrequire 'gemmed'\ndef run(event:, context:) = [Layered, Gemmed]\n",
    "layer/ruby/lib/layered.rb": "Layered = 'from lib'\n",
    "layer/ruby/gems/3.4.0/specifications/gemmed-1.0.0.gemspec": (
        "Gem::Specification.new do |s|\n  s.name = 'gemmed'\n  s.version = '1.0.0'\n  s.summary = 'x'\n"
        "  s.authors = ['x']\n  s.files = ['lib/gemmed.rb']\n  s.require_paths = ['lib']\nend\n"
    ),
    "layer/ruby/gems/3.4.0/gems/gemmed-1.0.0/lib/gemmed.rb": "Gemmed = 'from a gem'\n",
    "code/vendor/bundle/ruby/3.4.0/specifications/bundled-1.0.0.gemspec": (
        "Gem::Specification.new do |s|\n  s.name = 'bundled'\n  s.version = '1.0.0'\n  s.summary = 'x'\n"
        "  s.authors = ['x']\n  s.files = ['lib/bundled.rb']\n  s.require_paths = ['lib']\nend\n"
    ),
    "code/vendor/bundle/ruby/3.4.0/gems/bundled-1.0.0/lib/bundled.rb": "Bundled = 'from the bundle'\n",
    "code/bundles.rb": "require 'bundled'\ndef run(event:, context:) = Bundled\n",
}


@dataclass(frozen=True)
class Case:
    payload: object
    """With `stackTrace` cut away; <id> for the request id."""
    message: str | None = None
    """The log line before the error's JSON."""
    end: str = ""
    """Of the REPORT line."""
    is_error: bool = True


def raised(kind: str, message: str, told: str = "Error raised from handler method", end: str = "") -> Case:
    return Case({"errorMessage": message, "errorType": f"Function<{kind}>"}, told, end)


def fine(payload: object) -> Case:
    return Case(payload, is_error=False)


def exit_error(reason: str) -> Case:
    payload = {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: <id> Error: Runtime exited with error: {reason}",
    }
    return Case(payload, end="Status: error\tError Type: Runtime.ExitError")


CRITICAL = "Critical exception from handler"
EXITED = "Status: error\tError Type: Runtime.ExitError"
INVOKED = {
    "acts.echo": fine({"a": ["é"]}),
    "acts.raw": fine("raw bytes"),
    "acts.fails": raised("RuntimeError", "boom"),
    "acts.fails_own": raised("Own", "mine"),
    "acts.argument": raised("ArgumentError", "wrong"),
    "acts.no_method": raised("NoMethodError", "undefined method `nothing_such' for nil", CRITICAL, EXITED),
    "acts.no_name": raised(
        "NameError", "undefined local variable or method `nothing_such' for main", CRITICAL, EXITED
    ),
    "acts.interrupted": raised("Interrupt", "stop", CRITICAL, EXITED),
    "acts.leaves": raised("SystemExit", "exit", CRITICAL, EXITED),
    "acts.leaves_hard": exit_error("exit status 3"),
    "acts.cuts": exit_error("signal: killed"),
    "acts.Holder.run": fine("of a class"),
    "acts.Outer::Inner.run": fine("of an inner class"),
    "deeper/file.run": fine("deep"),
    "bundles.run": fine("from the bundle"),
    "uses.run": fine(["from lib", "from a gem"]),
}

INIT = {
    "gone.run": ("Init<LoadError>", "cannot load such file -- gone"),
    "missing.run": ("Init<LoadError>", "cannot load such file -- nowhere"),
    "raising.run": ("Init<RangeError>", "at load"),
    "broken.run": ("Init<SyntaxError>", ""),
    "leaving.run": ("Init<SystemExit>", "exit"),
    "nodot": ("Init<ArgumentError>", 'Invalid handler ["nodot"], must be of form FILENAME.METHOD or '),
    "a.b.c.d": (
        "Init<ArgumentError>",
        'Invalid handler ["a", "b", "c", "d"], must be of form FILENAME.METHOD',
    ),
}


def function_name(handler: str) -> str:
    return re.sub(r"\W+", "-", handler)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    need("ruby")
    more = ["counts", "deep", "not_a_number", "variables", "context_of", "prints", "sleeps"]
    handlers = [*INVOKED, *INIT, "sdk.run", *(f"acts.{name}" for name in more)]
    functions: dict[str, dict[str, object]] = {}
    for handler in handlers:
        timeout = 1 if handler == "acts.sleeps" else 10
        settings: dict[str, object] = {"runtime": "ruby3.4", "handler": handler, "timeout": timeout}
        functions[function_name(handler)] = {**settings, "layers": ["layer"]}
    with open_house(tmp_path_factory.mktemp("ruby") / "p", functions, FILES) as house:
        yield house


def between(answer: Answer) -> list[str]:
    lines = answer.plain(answer.log).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("START "))
    end = next(number for number, line in enumerate(lines) if line.startswith("END "))
    return lines[start + 1 : end]


@pytest.mark.parametrize("handler", INVOKED)
def test_invoked(house: House, handler: str) -> None:
    case = INVOKED[handler]
    answer = house.invoke(function_name(handler), {"a": ["é"]})
    text = answer.plain(answer.payload.decode())
    told = json.loads(text) if text[:1] in '{["' else text
    trace = told.pop("stackTrace", []) if isinstance(told, dict) else []
    if isinstance(told, dict) and "errorMessage" in told:
        # What stands behind the name differs between versions of Ruby.
        told["errorMessage"] = re.sub(r":(NilClass|Object)$", "", told["errorMessage"].replace("'", "`", 1))
        expected = dict(case.payload) if isinstance(case.payload, dict) else {}
        expected["errorMessage"] = str(expected["errorMessage"]).replace("'", "`", 1)
        assert told == expected
    else:
        assert told == case.payload
    assert (answer.function_error is not None) == case.is_error
    assert all(line.startswith("/var/task/") for line in trace), trace
    log = between(answer)
    assert (log[0] if log else None) == case.message
    if case.message is not None:
        shown = json.loads("\n".join(log[1:]))
        assert (shown["errorType"], shown["stackTrace"]) == (told["errorType"], trace)
    assert answer.log.splitlines()[-1].endswith(case.end)


@pytest.mark.parametrize("handler", INIT)
def test_init_error(house: House, handler: str) -> None:
    kind, message = INIT[handler]
    answer = house.invoke(function_name(handler))
    assert answer.json["errorType"] == kind
    assert message in answer.json["errorMessage"]
    assert answer.log.count(f"Init error when loading handler {handler}\n{{\n") == 2
    # The header's type is no type that the platform knows.
    assert answer.log.splitlines()[-1].endswith("Status: error\tError Type: Runtime.Unknown")


def test_a_module_is_kept_and_an_error_keeps_it(house: House) -> None:
    assert [house.invoke("acts-counts").json["count"] for _ in range(3)] == [1, 2, 3]


def test_a_trace_has_a_hundred_frames(house: House) -> None:
    assert len(house.invoke("acts-deep").json["stackTrace"]) == 100


def test_an_answer_that_is_no_json_is_the_handlers_error(house: House) -> None:
    assert house.invoke("acts-not_a_number").json["errorType"] == "Function<JSON::GeneratorError>"


def test_timeout(house: House) -> None:
    assert house.invoke("acts-sleeps").json["errorType"] == "Sandbox.Timedout"


def test_context(house: House) -> None:
    answer = house.invoke("acts-context_of")
    seen = answer.json
    assert 0 < seen.pop("left") <= 10_000
    assert seen == {
        "function_name": "acts-context_of",
        "function_version": "$LATEST",
        "memory_limit_in_mb": "128",
        "aws_request_id": answer.request_id,
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:acts-context_of",
        "log_group_name": "/aws/lambda/acts-context_of",
        "identity": None,
        "client_context": None,
        "tenant_id": None,
        "deadline": "Integer",
    }


def test_variables(house: House) -> None:
    seen = house.invoke("acts-variables").json
    task, runtime = seen["LAMBDA_TASK_ROOT"], seen["LAMBDA_RUNTIME_DIR"]
    opt = seen["PATH"].rpartition(":")[2].removesuffix("/bin")
    assert seen["AWS_EXECUTION_ENV"] == "AWS_Lambda_ruby3.4"
    assert (seen["GEM_HOME"], seen["folder"]) == (runtime, task)
    assert seen["GEM_PATH"].split(":")[:4] == [
        f"{task}/vendor/bundle/ruby/3.4.0",
        f"{opt}/ruby/gems/3.4.0",
        runtime,
        f"{runtime}/ruby/3.4.0",
    ]
    assert seen["RUBYLIB"].split(":") == [
        f"{runtime}/gems/aws_lambda_ric-3.1.3/lib",
        task,
        f"{runtime}/lib",
        f"{opt}/ruby/lib",
    ]
    assert [name for name in seen if name.startswith(("_LAM", "LAM_"))] == []


def test_what_is_printed(house: House) -> None:
    answer = house.invoke("acts-prints")
    stamp = r"\[\d{4}-\d\d-\d\dT[\d:]+\.\d{6} #\d+\]"
    expected = [
        "two",
        "lines",
        "raw",
        "stdout",
        "stderr",
        rf"I, {stamp}  INFO <id> -- : logged",
        "lines",
        rf"W, {stamp}  WARN <id> -- me: second",
    ]
    log = between(answer)
    assert len(log) == len(expected), log
    for line, pattern in zip(log, expected, strict=True):
        assert re.fullmatch(pattern, line), line
    # What one call printed is one event.
    messages = [message for _, message in house.events("acts-prints")]
    assert "two\nlines\n" in messages


def test_the_sdk_is_missing_here_and_a_line_says_what_to_do(house: House) -> None:
    answer = house.invoke("sdk-run")
    assert answer.json["errorMessage"] == "cannot load such file -- aws-sdk-s3"
    assert "lam: aws-sdk-s3 comes with Ruby on AWS, not here: add it to the Gemfile" in answer.log
