"""What the function and the runtime print and log, on its way to the platform."""

import os
import sys
import time

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
