"""Failures of a request, named as AWS names them. How they look on the wire is api/protocol.py's job."""

from __future__ import annotations


class RequestError(Exception):
    """A request that the service refuses: the class name is the error code, `members` are its further fields.

    `has_type` is false for the few answers of AWS that carry no `Type` beside their message."""

    def __init__(self, message: str | None, *, has_type: bool = True, **members: str) -> None:
        super().__init__(message)
        self.message = message
        self.has_type = has_type
        self.members = members

    @property
    def code(self) -> str:
        return type(self).__name__


class ValidationException(RequestError):
    """The framework's own check of a request's members; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class SerializationException(RequestError):
    """The request could not be read at all: no JSON, or a value of the wrong kind; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class InvalidParameterValueException(RequestError): ...


class InvalidRequestContentException(RequestError): ...


class ResourceNotFoundException(RequestError): ...


class ResourceConflictException(RequestError): ...


class ProvisionedConcurrencyConfigNotFoundException(RequestError): ...


class PreconditionFailedException(RequestError): ...


class TooManyRequestsException(RequestError): ...


class RequestEntityTooLargeException(RequestError): ...


class AccessDeniedException(RequestError):
    """Never carries a `Type`; for another account's ARN AWS sends no message either."""

    def __init__(self, message: str | None) -> None:
        super().__init__(message, has_type=False)


class MissingAuthenticationTokenException(RequestError): ...


class UnknownOperationException(RequestError): ...


class ServiceException(RequestError): ...


class NotBuiltException(RequestError):
    """Something of Lambda's that lam does not do yet; answered with status 501 and the thing's name."""
