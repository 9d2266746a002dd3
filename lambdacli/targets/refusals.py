"""What the error codes of other services mean for a message: may it be taken later, or never? Pure."""

from __future__ import annotations

MISSING = frozenset(
    {
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
        "NoSuchBucket",
    }
)
"""It may be made again: it is tried again."""
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "KMS.AccessDeniedException",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
        "NotAuthorizedForDetailTypeException",
        "NotAuthorizedForSourceException",
    }
)
UNKNOWN_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_UNFIT = frozenset(
    {
        # SQS
        "InvalidAddress",
        "InvalidAttributeValue",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "MissingParameter",
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
        # SNS
        "InvalidParameter",
        "InvalidParameterException",
        "ParameterValueInvalid",
        # EventBridge
        "InvalidArgument",
        "InvalidEventPatternException",
        "MalformedDetail",
        "ValidationError",
        "ValidationException",
        # S3
        "EntityTooLarge",
        "InvalidBucketName",
        "KeyTooLongError",
    }
)
"""The message, or the target's name, is not one that the service takes."""
_TOO_LARGE_STATUS = 413


def is_final(code: str, status: int = 0) -> bool:
    """The same message would be refused again, however often it is sent."""
    return code in DENIED or code in _UNFIT or status == _TOO_LARGE_STATUS
