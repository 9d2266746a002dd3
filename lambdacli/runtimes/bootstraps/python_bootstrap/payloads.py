"""Events and answers: JSON as Lambda's Python runtime reads and writes it."""

import json
import marshal
import os


class RuntimeFault(Exception):
    """An event or an answer that the runtime itself cannot read or write."""

    def __init__(self, error_type, message):
        super().__init__(message)
        self.error_type, self.message = error_type, message


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
