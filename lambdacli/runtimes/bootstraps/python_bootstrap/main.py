"""The runtime's life: from its start, fresh or as a fork of a template, through one invocation after the other."""

import json
import os
import sys

from .context import Context
from .debugger import listen_for_debugger
from .handler import InitFailure, find_handler
from .log import Log
from .payloads import RuntimeFault, decode_event, encode_answer, error_body
from .places import Places
from .runtime_api import RuntimeApi


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
    if "debugger" in document:
        listen_for_debugger(document["debugger"])
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


if __name__ == "__main__":
    main()
