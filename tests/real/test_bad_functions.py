"""Functions that misbehave: the service lives, others are unharmed, and nothing is left behind."""

from __future__ import annotations

import io
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.real.functions_house import VERSION, House, open_house, told_of, wait_until

pytestmark = pytest.mark.real

MODULE = """\
import os, signal, subprocess, sys, threading, time

MARK = 0xA55A0003

# So that this process, its forks and what they execute can be told from outside.
os.environ["RAN"] = "ran-" + os.environ["NUMBER"]
if os.path.exists("/proc/self/comm"):
    with open("/proc/self/comm", "w") as file:
        file.write(os.environ["RAN"])


def good(event, context):
    return {"pid": os.getpid(), "event": event}


def forks_a_child_that_holds_stdout(event, context):
    child = subprocess.Popen(["/bin/sleep", "300"])
    return child.pid


def closes_its_output(event, context):
    print("said before")
    sys.stdout.close()
    sys.stderr.close()
    for number in (0, 1, 2):
        os.close(number)
    return "closed"


def ignores_sigterm(event, context):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    print("ignoring")
    time.sleep(300)


def daemonises(event, context):
    read, write = os.pipe()
    for generation in range(2):
        if os.fork():
            if generation == 0:
                return int(os.read(read, 20))
            os._exit(0)
        os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.write(write, b"%d" % os.getpid())
    time.sleep(300)
    os._exit(0)


def forks_without_end(event, context):
    # Bounded: 40 children of 60 threads each are more than an environment may have.
    for _ in range(40):
        if os.fork() == 0:
            for _ in range(60):
                threading.Thread(target=time.sleep, args=(300,), daemon=True).start()
            time.sleep(300)
    time.sleep(300)


def logs_50_mb(event, context):
    line = b"x" * 1023 + b"\\n"
    for _ in range(50):
        sys.stdout.buffer.write(line * 1024)
    sys.stdout.flush()
    return "logged"


def logs_one_line_of_5_mb(event, context):
    print("y" * (5 * 1024 * 1024))


def prints_without_end_behind_its_answer(event, context):
    def shout():
        while True:
            os.write(1, b"z" * 1000 + b"\\n")
    threading.Thread(target=shout, daemon=True).start()
    return "answered"


def prints_garbage(event, context):
    sys.stdout.flush()
    os.write(1, bytes(range(256)) * 4 + b"\\n")
    os.write(2, b"\\xff\\xfe\\x00\\n\\xa5\\x5a\\n\\xa5\\x5a\\x00\\x00rest\\n")
    print("after the garbage")


def prints_a_false_frame(event, context):
    os.write(1, MARK.to_bytes(4, "big") + (2**31).to_bytes(4, "big") + bytes(8) + b"text\\n")
    print("after the frame")
    return "answered"


def leaves_half_a_line_and_dies(event, context):
    os.write(1, b"no end")
    os.write(1, MARK.to_bytes(4, "big") + (1000).to_bytes(4, "big") + bytes(8) + b"half")
    os._exit(1)


def kills_its_parent(event, context):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(300)


def kills_the_keeper(event, context):
    with open("/proc/%d/stat" % os.getppid()) as file:
        keeper = int(file.read().rpartition(")")[2].split()[1])
    os.kill(keeper, signal.SIGKILL)
    time.sleep(300)


def kills_its_group(event, context):
    os.killpg(0, signal.SIGKILL)


def eats_in_children(event, context):
    for _ in range(3):
        if os.fork() == 0:
            piece = bytearray(80 * 1024 * 1024)
            for at in range(0, len(piece), 4096):
                piece[at] = 1
            time.sleep(300)
    time.sleep(300)


def opens_many_files(event, context):
    files = []
    try:
        while True:
            files.append(open("/dev/null"))
    except OSError as error:
        return [len(files), error.strerror]


def stops_itself(event, context):
    os.kill(os.getpid(), signal.SIGSTOP)


def deep(event, context):
    def further(number):
        return further(number + 1)
    return further(0)


def answers_later(event, context):
    threading.Thread(target=time.sleep, args=(300,)).start()
    return "now"
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    names = re.findall(r"^def (\w+)\(event, context\)", MODULE, re.MULTILINE)
    functions: dict[str, dict[str, object]] = {
        name.replace("_", "-"): {"handler": f"app.{name}", "timeout": 2} for name in names
    }
    for patient in ("logs-50-mb", "logs-one-line-of-5-mb", "forks-without-end", "eats-in-children"):
        functions[patient]["timeout"] = 60
    for number, name in enumerate(sorted(functions)):
        functions[name]["env"] = {"NUMBER": str(number)}
    with open_house(tmp_path_factory.mktemp("bad"), functions, {"code/app.py": MODULE}) as house:
        yield house


@pytest.fixture(autouse=True)
def others(house: House) -> Iterator[None]:
    """Another function works before and after, and the service is the same."""
    assert house.invoke("good", 1).json["event"] == 1
    yield
    assert house.invoke("good", 2).json["event"] == 2
    assert house.service.poll() is None


def timed_out(house: House, name: str) -> None:
    began = time.monotonic()
    answer = house.invoke(name)
    assert answer.json["errorType"] == "Sandbox.Timedout"
    assert time.monotonic() - began < 10


def inner_number(pid: int) -> int:
    """What a process finds itself to be; the same outside of a namespace."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("NSpid:"):
            return int(line.split()[-1])
    return pid


def change_code(house: House) -> None:
    with (house.folder / "code" / "app.py").open("a") as file:
        file.write("# changed\n")


def processes_of(house: House, name: str) -> list[int]:
    """Those that have run its code: not its template, nor what waits to run it."""
    number = sorted(house.functions).index(name)
    comm, variable = f"ran-{number}\n".encode(), f"RAN=ran-{number}\0".encode()
    return [
        pid
        for pid in house.functions_processes()
        if told_of(pid, "comm") == comm or variable in told_of(pid, "environ")
    ]


def test_a_child_that_holds_stdout_open_keeps_nobody_waiting(house: House) -> None:
    began = time.monotonic()
    child = house.invoke("forks-a-child-that-holds-stdout").json
    assert time.monotonic() - began < 2
    found = processes_of(house, "forks-a-child-that-holds-stdout")
    assert [inner_number(pid) for pid in found].count(child) == 1
    assert house.invoke("forks-a-child-that-holds-stdout").function_error is None


def test_a_function_that_closes_its_output_still_answers(house: House) -> None:
    answer = house.invoke("closes-its-output")
    assert (answer.json, answer.function_error) == ("closed", None)
    assert "said before\n" in answer.log


def test_a_function_that_ignores_signals_is_ended_by_its_timeout(house: House) -> None:
    timed_out(house, "ignores-sigterm")
    assert processes_of(house, "ignores-sigterm") == []
    timed_out(house, "ignores-sigterm")


def test_a_daemon_is_found_when_its_environment_ends(house: House) -> None:
    number = house.invoke("daemonises").json
    found = processes_of(house, "daemonises")
    assert [inner_number(pid) for pid in found].count(number) == 1
    # A change of the code ends the environment, and the daemon with it.
    change_code(house)
    wait_until(lambda: not set(found) & set(psutil.pids()), "the daemon is gone")


def test_more_processes_than_allowed_end_the_function(house: House) -> None:
    answer = house.invoke("forks-without-end")
    if house.is_walled:
        # As on Lambda: the kernel refuses one more, and what the function makes of it is its own affair.
        assert (answer.json["errorType"], answer.json["errorMessage"]) == (
            "RuntimeError",
            "can't start new thread",
        )
        change_code(house)
        wait_until(lambda: processes_of(house, "forks-without-end") == [], "its children are gone")
        return
    assert answer.plain(answer.payload.decode()) == (
        '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: <id> Error: '
        'Runtime exited with error: signal: killed"}'
    )
    assert processes_of(house, "forks-without-end") == []


def test_memory_of_children_counts(house: House) -> None:
    answer = house.invoke("eats-in-children")
    assert answer.json["errorType"] == "Runtime.OutOfMemory"
    assert "Max Memory Used: 128 MB" in answer.log
    assert processes_of(house, "eats-in-children") == []


def test_50_mb_of_log_are_kept_and_nobody_else_waits_long(house: House) -> None:
    waits: list[float] = []
    is_over = threading.Event()

    def ask_others() -> None:
        while not is_over.is_set():
            began = time.monotonic()
            assert house.invoke("good", 3).json["event"] == 3
            waits.append(time.monotonic() - began)

    asking = threading.Thread(target=ask_others)
    asking.start()
    began = time.monotonic()
    try:
        answer = house.invoke("logs-50-mb")
    finally:
        took = time.monotonic() - began
        is_over.set()
        asking.join()
    assert answer.json == "logged"
    print(f"50 MB logged in {took:.1f} s; others waited at most {max(waits):.2f} s")
    assert max(waits) < 2
    messages = [message for _, message in house.events("logs-50-mb") if message.startswith("x")]
    assert len(messages) == 50 * 1024
    assert set(messages) == {"x" * 1023 + "\n"}


def test_a_long_line_is_cut_into_events(house: House) -> None:
    assert house.invoke("logs-one-line-of-5-mb").function_error is None
    messages = [message for _, message in house.events("logs-one-line-of-5-mb") if message.startswith("y")]
    assert "".join(messages) == "y" * (5 * 1024 * 1024) + "\n"
    assert max(map(len, messages)) <= 1024 * 1024


def test_printing_without_end_holds_back_neither_the_answer_nor_others(house: House) -> None:
    began = time.monotonic()
    assert house.invoke("prints-without-end-behind-its-answer").json == "answered"
    assert house.invoke("good", 4).json["event"] == 4
    assert time.monotonic() - began < 5
    # Ends it: files of a function that is not frozen would grow for ever.
    change_code(house)
    wait_until(lambda: processes_of(house, "prints-without-end-behind-its-answer") == [], "it is ended")


def test_garbage_on_the_output_is_text(house: House) -> None:
    answer = house.invoke("prints-garbage")
    assert answer.function_error is None
    messages = [message for _, message in house.events("prints-garbage")]
    assert messages[messages.index("after the garbage\n") - 1] == "\ufffdZ\0\0rest\n"
    assert messages[-2].startswith("END ")


def test_a_frame_of_two_gigabytes_eats_nothing(house: House) -> None:
    answer = house.invoke("prints-a-false-frame")
    assert answer.json == "answered"
    assert "after the frame\n" in answer.log
    assert psutil.Process(house.service.pid).memory_info().rss < 500 * 1024 * 1024


def test_half_a_line_of_a_dead_process_is_not_finished_by_the_next(house: House) -> None:
    for _ in range(2):
        answer = house.invoke("leaves-half-a-line-and-dies")
        assert answer.json["errorType"] == "Runtime.ExitError"
    messages = [message for _, message in house.events("leaves-half-a-line-and-dies")]
    assert messages.count("no end") == 2
    assert len([message for message in messages if message.endswith("half")]) == 2


@pytest.mark.parametrize("name", ["kills-its-parent", "kills-its-group", "kills-the-keeper"])
def test_a_function_that_kills_what_guards_it(house: House, name: str) -> None:
    if house.is_walled and name == "kills-its-parent":
        timed_out(house, name)  # its parent is the first of its namespace: deaf to whoever lives there
    else:
        answer = house.invoke(name)
        assert answer.plain(answer.payload.decode()) == (
            '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: <id> Error: '
            'Runtime exited with error: signal: killed"}'
        )
    wait_until(lambda: processes_of(house, name) == [], "nothing is left")
    assert house.invoke(name).function_error == "Unhandled"
    wait_until(lambda: processes_of(house, name) == [], "nothing is left")


def test_a_stopped_process_times_out(house: House) -> None:
    timed_out(house, "stops-itself")
    assert processes_of(house, "stops-itself") == []


def test_open_files_are_limited(house: House) -> None:
    count, text = house.invoke("opens-many-files").json
    assert 900 < count < 1024
    assert text == "Too many open files"


def test_endless_recursion_is_an_ordinary_error(house: House) -> None:
    answer = house.invoke("deep")
    assert answer.json["errorType"] == "RecursionError"
    assert house.invoke("deep").json["errorType"] == "RecursionError"


def test_a_thread_of_its_own_does_not_hold_back_the_answer(house: House) -> None:
    began = time.monotonic()
    assert [house.invoke("answers-later").json for _ in range(3)] == ["now"] * 3
    assert time.monotonic() - began < 2


# What callers do wrong


def test_a_payload_over_the_limit(house: House) -> None:
    client = house.client()
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.invoke(FunctionName="good", Payload=b'"' + b"x" * (7 * 1024 * 1024) + b'"')
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert response["Error"]["Message"] == (
        "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
    )
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.invoke(FunctionName="good", InvocationType="Event", Payload=b'"' + b"x" * 1048575 + b'"')
    assert caught.value.response["Error"]["Message"] == (
        "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    )
    largest = b'"' + b"x" * (6291456 - 2) + b'"'
    assert client.invoke(FunctionName="prints-garbage", Payload=largest).get("FunctionError") is None
    client.close()


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b'"\x87"', "Invalid UTF-8 start byte 0x87"),
        (b"{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name"),
        (b"[1,", "Unexpected end-of-input"),
    ],
)
def test_a_payload_that_is_no_json(house: House, payload: bytes, text: str) -> None:
    client = house.client()
    with pytest.raises(client.exceptions.InvalidRequestContentException) as caught:
        client.invoke(FunctionName="good", Payload=payload)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    message = caught.value.response["Error"]["Message"]
    prefix = "Could not parse request body into json: Could not parse payload into json: "
    assert message.startswith(prefix + text)
    assert "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1," in message
    client.close()


def test_a_package_that_leads_out_of_its_folder(house: House) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("app.py", "def handler(event, context):\n    return 1\n")
        archive.writestr("../../outside.py", "stolen = True\n")
    client = house.client()
    with pytest.raises(client.exceptions.ClientError) as caught:
        client.create_function(
            FunctionName="outside",
            Runtime=VERSION,
            Role="arn:aws:iam::000000000000:role/r",
            Handler="app.handler",
            Code={"ZipFile": package.getvalue()},
        )
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert list(house.folder.rglob("outside.py")) == []
    client.close()
