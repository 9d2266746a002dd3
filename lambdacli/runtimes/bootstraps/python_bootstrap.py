"""The Python runtime: fetches events from the Runtime API, calls the handler, posts what it answers.

Runs on the user's interpreter (3.8 or newer) as `[interpreter, /var/runtime/bootstrap.py]`, with nothing but
the standard library. Which folder stands for /var/task and its like comes in one private variable."""

import json
import marshal
import os
import sys
import time


def main():
    template_settings = os.environ.pop("_LAM_TEMPLATE", None)
    document = json.loads(os.environ["_LAM_PLACES"])
    places = Places(document)
    places.set_search_path()
    log = Log(os.environ.pop("_LAMBDA_TELEMETRY_LOG_FD", None))
    log.install()
    template = None if template_settings is None else load_template(json.loads(template_settings), places)
    if template is not None:
        template.become_environment()
        document = json.loads(os.environ["_LAM_PLACES"])
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    if template is not None:
        api.connect()
        template.wait_for_start()
    del os.environ["_LAM_PLACES"]
    try:
        handler = find_handler(os.environ.get("_HANDLER", ""), places)
    except InitFailure as failure:
        log.init_warning()
        log.error(failure.error_type, failure.message, failure.stack)
        body = error_body(failure.error_type, failure.message, failure.stack, "")
        api.post("init/error", body, error_type=failure.error_type)
        sys.exit(1)
    if template is not None and document.get("record"):
        template.tell_what_was_loaded()
    while True:
        serve(api.next(), handler, api, log, places)


# Environments that are forked from a template


def load_template(settings, places):
    """Under no name, and from no folder, that user code finds: it finds loaded what it would find in a fresh
    process, and what it loads itself. Nor is anything of the user's found here."""
    found, search_path = set(sys.modules), sys.path[:]
    sys.path[:] = [os.environ.pop("_LAM_KEEPER"), *places.standard]
    try:
        from keeper.python_template import Template
    except Exception as error:
        import socket

        from keeper import wire  # which needs less of an interpreter

        wire.tell(socket.socket(fileno=settings["socket"]), wire.failure("not_built", error))
        os._exit(1)
    sys.path[:] = search_path
    for name in set(sys.modules) - found:
        del sys.modules[name]
    return Template(settings["socket"], is_walled=settings["is_walled"], is_of_others=places.is_of_others)


# One invocation


def serve(event, handler, api, log, places):
    """One invocation. Only what is derived from Exception is an answer; SystemExit and its like end the
    process."""
    log.request_id = event.request_id
    if event.trace_id is None:
        os.environ.pop("_X_AMZN_TRACE_ID", None)
    else:
        os.environ["_X_AMZN_TRACE_ID"] = event.trace_id
    content_type = "application/json"
    try:
        payload = decode_event(event)
        context = Context(event, log)
        answer = handler(payload, context)
        if isinstance(answer, bytes):
            content_type = "application/unknown"
        else:
            answer = encode_answer(answer)
    except RuntimeFault as fault:
        body = error_body(fault.error_type, fault.message, [], event.request_id)
        log.error(fault.error_type, fault.message, [])
        api.post("invocation/%s/error" % event.request_id, body)
    except Exception as error:
        stack = places.stack(error.__traceback__)
        name, message = type(error).__name__, str(error)
        log.error(name, message, stack)
        api.post("invocation/%s/error" % event.request_id, error_body(name, message, stack, event.request_id))
    else:
        api.post("invocation/%s/response" % event.request_id, answer, content_type)


# The handler


class InitFailure(Exception):
    def __init__(self, error_type, message, stack):
        super().__init__(message)
        self.error_type, self.message, self.stack = error_type, message, stack


class RuntimeFault(Exception):
    """An event or an answer that the runtime itself cannot read or write."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type, self.message = error_type, message


def find_handler(name, places):
    try:
        module_name, function_name = name.rsplit(".", 1)
    except ValueError as error:
        raise InitFailure(
            "Runtime.MalformedHandlerName", "Bad handler '%s': %s" % (name, error), []
        ) from None
    if module_name.split(".")[0] in sys.builtin_module_names:
        message = "Cannot use built-in module %s as a handler module" % module_name
        raise InitFailure("Runtime.BuiltInModuleConflict", message, [])
    import importlib

    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = "Unable to import module '%s': %s" % (module_name, error)
        raise InitFailure("Runtime.ImportModuleError", message, []) from None
    except SyntaxError as error:
        message = "Syntax error in module '%s': %s" % (module_name, error)
        line = '  File "%s" Line %s\n    %s' % (places.inside(error.filename), error.lineno, error.text)
        raise InitFailure("Runtime.UserCodeSyntaxError", message, [line]) from None
    except Exception as error:
        stack = places.stack(error.__traceback__)
        raise InitFailure(type(error).__name__, str(error), stack) from None
    if not hasattr(module, function_name):
        message = "Handler '%s' missing on module '%s'" % (function_name, module_name)
        raise InitFailure("Runtime.HandlerNotFound", message, [])
    return getattr(module, function_name)


def decode_event(event):
    if not event.content_type.startswith("application/json"):
        return event.body
    try:
        return json.loads(event.body.decode("utf-8"))
    except Exception as error:
        raise RuntimeFault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error) from None


def encode_answer(answer):
    try:
        return Encoder().encode(answer)
    except Exception as error:
        raise RuntimeFault("Runtime.MarshalError", "Unable to marshal response: %s" % error) from None


class Encoder:
    """JSON as Lambda's Python runtime writes it: Decimals as their digits, named tuples as objects."""

    def __init__(self):
        self._decimals = {}
        self._mark = ""
        # Characters beyond ASCII are kept as they are from python3.12 on.
        self._is_ascii = os.environ.get("AWS_EXECUTION_ENV", "") in OLD_RUNTIMES

    def encode(self, value):
        if not is_plain(value):
            try:
                value = with_objects(value)
            except RecursionError:
                pass  # a circle, which json will name
        text = json.dumps(value, default=self._other, ensure_ascii=self._is_ascii)
        for mark, digits in self._decimals.items():
            text = text.replace(json.dumps(mark), digits, 1)
        return text.encode("utf-8", "surrogatepass")

    def _other(self, value):
        import decimal

        if not isinstance(value, decimal.Decimal):
            raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)
        if value.is_nan():
            return float("nan")
        self._mark = self._mark or "\u0001decimal:%s:" % os.urandom(8).hex()
        mark = self._mark + str(len(self._decimals))
        self._decimals[mark] = str(value)
        return mark


OLD_RUNTIMES = {"AWS_Lambda_python3.%d" % minor for minor in range(6, 12)}


def is_plain(value):
    """Whether there is no named tuple in it, for sure: marshal refuses every type but Python's plainest, and walks
    megabytes faster than any loop of ours."""
    try:
        marshal.dumps(value, 2)
    except ValueError:
        return False
    return True


def with_objects(value):
    """The same value, with every named tuple in it as a dict; copies only what holds one."""
    if isinstance(value, dict):
        changed = {key: new for key, old in value.items() if (new := with_objects(old)) is not old}
        return {**value, **changed} if changed else value
    if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
        return {key: with_objects(item) for key, item in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        items = [with_objects(item) if isinstance(item, (dict, list, tuple)) else item for item in value]
        return items if any(new is not old for new, old in zip(items, value)) else value
    return value


def error_body(error_type, message, stack, request_id):
    error = {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": stack,
    }
    return Encoder().encode(error)


# What the handler gets as its context


class Context:
    def __init__(self, event, log):
        self.aws_request_id = event.request_id
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = event.invoked_arn
        self.tenant_id = event.tenant_id
        self.client_context = self._client_context(event.client_context)
        self.identity = CognitoIdentity(self._parsed(event.identity, "Cognito Identity"))
        self._deadline_ms = event.deadline_ms
        self._log = log

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        self._log.raw(str(message))

    def __repr__(self):
        names = (
            "aws_request_id log_group_name log_stream_name function_name memory_limit_in_mb function_version "
            "invoked_function_arn client_context identity tenant_id"
        ).split()
        return "LambdaContext([%s])" % ",".join("%s=%s" % (name, getattr(self, name)) for name in names)

    def _client_context(self, text):
        document = self._parsed(text, "Client Context")
        return None if document is None else ClientContext(document)

    @staticmethod
    def _parsed(text, what):
        if not text:
            return None
        try:
            return json.loads(text)
        except Exception as error:
            message = "Unable to parse %s JSON: %s" % (what, error)
            raise RuntimeFault("Runtime.LambdaContextUnmarshalError", message) from None


Context.__name__ = Context.__qualname__ = "LambdaContext"


class Shown:
    __slots__ = ()

    def __repr__(self):
        shown = ",".join("%s=%s" % (name, getattr(self, name)) for name in self.__slots__)
        return "%s([%s])" % (type(self).__name__, shown)


class CognitoIdentity(Shown):
    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self, document):
        document = document or {}
        self.cognito_identity_id = document.get("cognitoIdentityId")
        self.cognito_identity_pool_id = document.get("cognitoIdentityPoolId")


class Client(Shown):
    __slots__ = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")

    def __init__(self, document):
        for name in self.__slots__:
            setattr(self, name, document.get(name))


class ClientContext(Shown):
    __slots__ = ("custom", "env", "client")

    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        client = document.get("client")
        self.client = None if client is None else Client(client)


# Logging


FRAME_TEXT = 0xA55A0003
LEVELS = {"DEBUG": 8, "INFO": 12, "WARNING": 16, "WARN": 16, "ERROR": 20, "CRITICAL": 24, "FATAL": 24}
WARNING_TEXT = (
    "LAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code. However, in "
    "rare cases, a Lambda runtime update can cause unexpected function behavior. For functions using managed "
    "runtimes, runtime updates can be triggered by a function change, or can be applied automatically. To "
    "determine if the runtime has been updated, check the runtime version in the INIT_START log entry. If this "
    "error correlates with a change in the runtime version, you may be able to mitigate this error by temporarily "
    "rolling back to the previous runtime version. For more information, see "
    "https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html"
)


class Log:
    """Records go to the platform's framed channel, so that a record of several lines stays one event."""

    def __init__(self, descriptor):
        self.request_id = ""
        self._descriptor = None if descriptor is None else int(descriptor)

    def install(self):
        import logging

        sys.stdout = Unbuffered(sys.stdout)
        sys.stderr = Unbuffered(sys.stderr)
        log = self

        class Handler(logging.Handler):
            def emit(self, record):
                log.frame(self.format(record), record.levelname)

        class AddRequestId(logging.Filter):
            def filter(self, record):
                record.aws_request_id = log.request_id
                return True

        # AWS's own layout; `%(levelname)s` and the rest are logging's names.
        layout = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        formatter = logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler = Handler()
        handler.setFormatter(formatter)
        handler.addFilter(AddRequestId())
        logging.getLogger().addHandler(handler)

    def init_warning(self):
        import datetime

        now = datetime.datetime.now(datetime.timezone.utc)
        stamp = "%s.%03dZ" % (now.strftime("%Y-%m-%dT%H:%M:%S"), now.microsecond // 1000)
        self.frame("[WARNING]\t%s\t%s\t%s" % (stamp, self.request_id, WARNING_TEXT), "WARNING")

    def error(self, error_type, message, stack):
        lines = ["[ERROR] " + (error_type + (": " + message if message else "") if error_type else message)]
        lines.append("Traceback (most recent call last):")
        for entry in stack:
            if not isinstance(entry, str):
                continue
            for line in entry.splitlines():
                blanks = len(line) - len(line.lstrip(" "))
                lines.append("\u00a0" * blanks + line[blanks:])
        separator = "\n" if self._descriptor is not None else "\r"
        text = separator.join(lines)
        self.frame(text if self._descriptor is not None else text + "\n", "ERROR")

    def frame(self, text, level):
        data = text.encode("utf-8", "replace")
        if self._descriptor is None:
            self.raw(text)
            return
        kind = FRAME_TEXT | (LEVELS.get(level, 0) << 2 if level in LEVELS else 0)
        head = kind.to_bytes(4, "big") + len(data).to_bytes(4, "big")
        write_all(self._descriptor, head + int(time.time() * 1000000).to_bytes(8, "big") + data)

    def raw(self, text):
        sys.stdout.write(text)


class Unbuffered:
    """What is printed is out when print returns: an environment may be stopped at any moment after an
    answer."""

    def __init__(self, stream):
        self.stream = stream

    def write(self, text):
        written = self.stream.write(text)
        self.stream.flush()
        return written

    def writelines(self, lines):
        self.stream.writelines(lines)
        self.stream.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def __getattr__(self, name):
        return getattr(self.stream, name)


def write_all(descriptor, data):
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


# Where things lie


def settled_path_stats(path_stats):
    """Compiled modules are told apart by size and full seconds of their source: of two saves in one second the
    second would not count. So of a source that young none is kept or used; the OSError tells the import so."""

    def settled(loader, path):
        stats = path_stats(loader, path)
        if stats["mtime"] > time.time() - 2:
            raise OSError("changed a moment ago")
        return stats

    return settled


def elsewhere(cache_from_source, folders, ours, bytecode):
    """Compiled modules of these folders are kept in another one; all others stay beside their sources, where those
    that are installed have theirs already. Our own folder may lie inside the function's."""

    def place_of(path, *arguments, **named):
        beside = cache_from_source(path, *arguments, **named)
        if not path.startswith(folders) or path.startswith(ours):
            return beside
        return bytecode + os.path.abspath(beside)

    return place_of


def installed_names(record):
    """The names at the top of what an installer wrote."""
    try:
        with open(record, encoding="utf-8") as lines:
            tops = {line.split(",")[0].split("/")[0] for line in lines}
    except (OSError, ValueError):
        return set()
    return {
        top[:-3] if top.endswith(".py") else top.partition(".")[0] if ".so" in top else top for top in tops
    }


class Places:
    """The folders of this environment, and how Lambda calls them."""

    def __init__(self, document):
        self._search_path = document["search_path"]
        self._task_root, self._opt_root = document["task_root"], document["opt_root"]
        self._runtime_root = document["runtime_root"]
        # Read-only where there are walls: modules are then compiled at each start, unless their folder holds them.
        self._bytecode = document["bytecode"] if os.access(self._runtime_root, os.W_OK) else None
        # The longest first: the state folder, and with it the runtime's, may lie inside the function's.
        names = [
            (document["task_root"], "/var/task"),
            (document["opt_root"], "/opt"),
            (document["runtime_root"], "/var/runtime"),
            (sys.base_prefix, "/var/lang"),
        ]
        self._names = sorted(names, key=lambda entry: len(entry[0]), reverse=True)
        self._packages = None
        self.standard = []

    def set_search_path(self):
        """The function's folders first, then the runtime's, then the standard library. What the developer has
        installed into this interpreter is left out."""
        others = [
            entry
            for entry in sys.path
            if not entry.endswith(("site-packages", "dist-packages")) and entry != self._runtime_root
        ]
        own_path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        given = [entry for entry in own_path if entry and entry != self._runtime_root]
        self.standard = [entry for entry in others if entry not in given]
        if given:
            # A PYTHONPATH of the function's own replaces the layers' folders, as it does on Lambda.
            first = [self._search_path[0], *given]
        else:
            first = [entry for entry in self._search_path if os.path.isdir(entry)]
        sys.path[:] = first + [self._runtime_root] + self.standard
        for entry in first:
            if entry != self._search_path[0] or any(name.endswith(".pth") for name in os.listdir(entry)):
                self._read_path_files(entry)
        external = sys.modules["_frozen_importlib_external"]
        if self._bytecode is not None:
            # /var/task and /opt are read-only on Lambda: compiled modules must not land there.
            own, ours = (self._task_root + os.sep, self._opt_root + os.sep), self._runtime_root + os.sep
            external.cache_from_source = elsewhere(external.cache_from_source, own, ours, self._bytecode)
        external.SourceFileLoader.path_stats = settled_path_stats(external.SourceFileLoader.path_stats)

    def is_of_others(self, name, origin):
        """A module of the language, a layer or a package: not of the function itself, whose own files are run anew
        in each environment. Packages that came with its code are told by what their installer left."""
        if origin in (None, "built-in", "frozen") or not origin.startswith(self._task_root + os.sep):
            return True
        return name.partition(".")[0] in self._installed_in_code()

    def _installed_in_code(self):
        if self._packages is None:
            self._packages = set()
            for entry in os.listdir(self._task_root):
                if entry.endswith(".dist-info"):
                    self._packages |= installed_names(os.path.join(self._task_root, entry, "RECORD"))
        return self._packages

    @staticmethod
    def _read_path_files(folder):
        import site

        before = list(sys.path)
        site.addsitedir(folder)
        if folder not in before and folder in sys.path:
            sys.path.remove(folder)

    def inside(self, path):
        """A path as Lambda would show it."""
        for root, name in self._names:
            if path is not None and path.startswith(root + os.sep):
                return name + path[len(root) :]
        return path

    def stack(self, trace):
        import traceback

        entries = [
            (self.inside(frame.filename), frame.lineno, frame.name, frame.line)
            for frame in traceback.extract_tb(trace)
        ]
        # Our own frames come first and are left out, unless there is nothing else to show.
        ours = sum(entry[0] == "/var/runtime/bootstrap.py" for entry in entries)
        return traceback.format_list(entries[ours:] if ours < len(entries) else entries[-1:])


# The Runtime API


class Event:
    __slots__ = (
        "body",
        "client_context",
        "content_type",
        "deadline_ms",
        "identity",
        "invoked_arn",
        "request_id",
        "tenant_id",
        "trace_id",
    )

    def __init__(self, headers, body):
        self.request_id = headers["lambda-runtime-aws-request-id"]
        self.deadline_ms = int(headers.get("lambda-runtime-deadline-ms", "0"))
        self.invoked_arn = headers.get("lambda-runtime-invoked-function-arn")
        self.trace_id = headers.get("lambda-runtime-trace-id")
        self.client_context = headers.get("lambda-runtime-client-context")
        self.identity = headers.get("lambda-runtime-cognito-identity")
        self.tenant_id = headers.get("lambda-runtime-aws-tenant-id")
        self.content_type = headers.get("content-type", "")
        self.body = body if self.content_type.startswith("application/json") else bytes(body)


class RuntimeApi:
    """A client over one kept connection. To the platform itself, an answer and the question for the next event go
    out together. But the address may lead to an extension that stands in between: then one request follows the
    other, and any correct HTTP/1.1 answer is understood."""

    PREFIX = "/2018-06-01/runtime/"
    JOINED_BYTES = 65536

    def __init__(self, address):
        self._address = address
        self._is_direct = os.environ.pop("_LAM_RUNTIME_API", None) == address
        self._unsent = None
        self._connection = None
        self._buffer = b""
        self._common = "\r\nHost: %s\r\nUser-Agent: lam-python/%d.%d\r\n" % (
            (address,) + sys.version_info[:2]
        )
        self._next = self._request("GET", "invocation/next", "\r\n")

    def next(self):
        unsent, self._unsent = self._unsent, None
        if unsent is None:
            self._send(self._next)
        else:
            path, head, body = unsent
            self._send(head, body, self._next)
            self._check(path, *self._read_answer())
            if self._connection is None:
                self._send(self._next)
        status, headers, body = self._read_answer()
        if status != 200:
            raise RuntimeError("the Runtime API answered %d to next" % status)
        return Event(headers, body)

    def post(self, path, body, content_type="application/json", error_type=None):
        """Of an invocation, it is the last thing that is done: `next` follows, and takes it along."""
        fields = "Content-Type: %s\r\n" % content_type
        if error_type is not None:
            fields += "Lambda-Runtime-Function-Error-Type: %s\r\n" % error_type
        head = self._request("POST", path, "%sContent-Length: %d\r\n\r\n" % (fields, len(body)))
        if self._is_direct and path.startswith("invocation/"):
            self._unsent = path, head, body
            return
        self._send(head, body)
        self._check(path, *self._read_answer())

    def _request(self, method, path, fields):
        text = method + " " + self.PREFIX + path + " HTTP/1.1" + self._common + fields
        return text.encode("ascii", "replace")

    @staticmethod
    def _check(path, status, _, answer):
        if status not in (202, 413):
            raise RuntimeError("the Runtime API answered %d to %s: %s" % (status, path, answer.decode()))

    def _send(self, *pieces):
        if self._connection is None:
            self.connect()
        if sum(map(len, pieces)) <= self.JOINED_BYTES:
            self._connection.sendall(b"".join(pieces))
            return
        for piece in pieces:
            self._connection.sendall(piece)

    def connect(self):
        import _socket  # what `socket` adds to it takes milliseconds to import

        host, _, port = self._address.rpartition(":")
        family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
        self._connection = _socket.socket(family, _socket.SOCK_STREAM)
        self._connection.connect((host.strip("[]"), int(port)))
        self._connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
        self._buffer = b""

    def _read_answer(self):
        status = 100
        while status < 200:  # an interim answer only says that the real one will come
            lines = self._read_head().decode("latin-1").split("\n")
            version, status = lines[0].split(None, 2)[:2]
            status = int(status)
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        is_last = headers.get("connection", "").lower() == "close" or version == "HTTP/1.0"
        length = headers.get("content-length")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            body = self._read_chunks()
        elif length is not None:
            body = self._read_exactly(int(length))
        else:
            body = self._read_to_end() if is_last else b""
        if is_last:
            self._connection.close()
            self._connection = None
        return status, headers, body

    def _read_head(self):
        while True:
            end = self._buffer.find(b"\r\n\r\n")
            if end >= 0:
                head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
                return head
            self._buffer += self._receive()

    def _read_line(self):
        while b"\n" not in self._buffer:
            self._buffer += self._receive()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.strip()

    def _read_exactly(self, size):
        there = self._buffer
        if len(there) >= size:
            self._buffer = there[size:]
            return there[:size]
        body = bytearray(size)
        body[: len(there)] = there
        self._buffer = b""
        rest = memoryview(body)[len(there) :]
        while rest:
            count = self._connection.recv_into(rest)
            if not count:
                os._exit(1)
            rest = rest[count:]
        return body

    def _read_to_end(self):
        pieces = [self._buffer]
        while True:
            piece = self._connection.recv(65536)
            if not piece:
                self._buffer = b""
                return b"".join(pieces)
            pieces.append(piece)

    def _read_chunks(self):
        pieces = []
        while True:
            size = int(self._read_line().split(b";")[0], 16)
            if size == 0:
                while self._read_line():
                    pass
                return b"".join(pieces)
            pieces.append(self._read_exactly(size))
            self._read_line()

    def _receive(self):
        piece = self._connection.recv(65536)
        if not piece:
            # The platform is gone, and with it all reason to live.
            os._exit(1)
        return piece


if __name__ == "__main__":
    main()
