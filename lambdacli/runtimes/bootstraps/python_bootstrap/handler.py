"""Finds the function's handler."""

import sys


class InitFailure(Exception):
    def __init__(self, error_type, message, stack):
        super().__init__(message)
        self.error_type, self.message, self.stack = error_type, message, stack


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
