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


class PolicyLengthExceededException(RequestError): ...


class TooManyRequestsException(RequestError): ...


class RequestEntityTooLargeException(RequestError): ...


class AccessDeniedException(RequestError):
    """Never carries a `Type`; for another account's ARN AWS sends no message either."""

    def __init__(self, message: str | None) -> None:
        super().__init__(message, has_type=False)


class MissingAuthenticationTokenException(RequestError):
    """The request has no signature; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class IncompleteSignatureException(RequestError):
    """A part of the signature is missing or cannot be read; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class InvalidSignatureException(RequestError):
    """The signature does not fit the request, or its time is over; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class UnrecognizedClientException(RequestError):
    """Nobody has this access key, or not with this session token; never carries a `Type`."""

    def __init__(self, message: str) -> None:
        super().__init__(message, has_type=False)


class UnknownOperationException(RequestError): ...


class ServiceException(RequestError): ...


class NotBuiltException(RequestError):
    """Something of Lambda's that lam does not do yet; answered with status 501 and the thing's name."""


def not_built(what: str) -> NotBuiltException:
    """For a member of a request that lam cannot honour."""
    return NotBuiltException(f"{what} is not built into lam yet: leave it out, or give its default.")


# The other errors of the service model, by name. What they mean is in their message.


class AliasLimitExceededException(RequestError): ...


class CallbackTimeoutException(RequestError): ...


class CapacityProviderLimitExceededException(RequestError): ...


class CodeArtifactUserDeletedException(RequestError): ...


class CodeArtifactUserFailedException(RequestError): ...


class CodeArtifactUserPendingException(RequestError): ...


class CodeSigningConfigNotFoundException(RequestError): ...


class CodeStorageExceededException(RequestError): ...


class CodeVerificationFailedException(RequestError): ...


class DurableExecutionAlreadyStartedException(RequestError): ...


class EC2AccessDeniedException(RequestError): ...


class EC2ThrottledException(RequestError): ...


class EC2UnexpectedException(RequestError): ...


class EFSIOException(RequestError): ...


class EFSMountConnectivityException(RequestError): ...


class EFSMountFailureException(RequestError): ...


class EFSMountTimeoutException(RequestError): ...


class ENILimitReachedException(RequestError): ...


class ENINotReadyException(RequestError): ...


class FunctionVersionsPerCapacityProviderLimitExceededException(RequestError): ...


class InvalidCodeSignatureException(RequestError): ...


class InvalidRuntimeException(RequestError): ...


class InvalidSecurityGroupIDException(RequestError): ...


class InvalidSubnetIDException(RequestError): ...


class InvalidZipFileException(RequestError): ...


class KMSAccessDeniedException(RequestError): ...


class KMSDisabledException(RequestError): ...


class KMSInvalidStateException(RequestError): ...


class KMSNotFoundException(RequestError): ...


class ModeNotSupportedException(RequestError): ...


class NoPublishedVersionException(RequestError): ...


class PublicPolicyException(RequestError): ...


class RecursiveInvocationException(RequestError): ...


class RequestTooLargeException(RequestError): ...


class ResourceInUseException(RequestError): ...


class ResourceNotReadyException(RequestError): ...


class RuntimeAliasDeletedException(RequestError): ...


class RuntimeVersionDeletedException(RequestError): ...


class S3FilesMountConnectivityException(RequestError): ...


class S3FilesMountFailureException(RequestError): ...


class S3FilesMountTimeoutException(RequestError): ...


class SerializedRequestEntityTooLargeException(RequestError): ...


class ServiceQuotaExceededException(RequestError): ...


class SnapStartException(RequestError): ...


class SnapStartNotReadyException(RequestError): ...


class SnapStartRegenerationFailureException(RequestError): ...


class SnapStartTimeoutException(RequestError): ...


class SubnetIPAddressLimitReachedException(RequestError): ...


class UnsupportedMediaTypeException(RequestError): ...
