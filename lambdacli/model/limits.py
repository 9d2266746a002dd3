"""Lambda's quotas, with their units. The service model's bounds are wider; these are the service's own."""

from __future__ import annotations

MEMORY_MB_MINIMUM, MEMORY_MB_MAXIMUM, MEMORY_MB_DEFAULT = 128, 10_240, 128
TIMEOUT_SECONDS_MINIMUM, TIMEOUT_SECONDS_MAXIMUM, TIMEOUT_SECONDS_DEFAULT = 1, 900, 3
EPHEMERAL_STORAGE_MB_MINIMUM, EPHEMERAL_STORAGE_MB_MAXIMUM, EPHEMERAL_STORAGE_MB_DEFAULT = 512, 10_240, 512

INIT_SECONDS = 10.0
"""How long an on-demand environment may take to become ready before the init is cut off."""

PROVISIONED_INIT_SECONDS = 130.0
"""The same for one of provisioned concurrency, if the function's own time is not longer."""

ENVIRONMENT_VARIABLES_BYTES = 4096
"""Measured on the JSON text of the whole map."""

FUNCTION_NAME_LENGTH = 64
HANDLER_LENGTH = 128
DESCRIPTION_LENGTH = 256
LAYERS_PER_FUNCTION = 5
TAGS_PER_RESOURCE = 50
RESOURCE_POLICY_LENGTH = 20_480
"""Characters of the whole document's JSON text."""

SYNC_REQUEST_BYTES = 6 * 1024 * 1024
EVENT_REQUEST_BYTES = 1024 * 1024
INVOKE_ASYNC_REQUEST_BYTES = 256 * 1024
"""The deprecated InvokeAsync kept the older limit of events."""
RESPONSE_BYTES = 6 * 1024 * 1024 + 100
STREAM_BYTES = 200 * 1024 * 1024
"""Of a response that is streamed."""
STREAM_BURST_BYTES, STREAM_BYTES_PER_SECOND = 6 * 1024 * 1024, 2 * 1024 * 1024
"""So much of it as fast as may be, and what follows at this rate."""
CLIENT_CONTEXT_LENGTH = 3583
"""Length of the base64 text."""

LOG_TAIL_BYTES = 4096

CREATE_FUNCTION_REQUEST_BYTES = 70_167_211
ZIPPED_CODE_BYTES = 52_428_800
UNZIPPED_CODE_BYTES = 262_144_000
CODE_STORAGE_BYTES = 300 * 1024**3
"""All code of one account in one region."""

ACCOUNT_CONCURRENCY = 1000
"""Of a usual account; AWS gives new ones less."""
UNRESERVED_CONCURRENCY_MINIMUM = 100

OPEN_FILES = 1024
PROCESSES = 1024
CORE_BYTES = 10 * 1024**3

QUEUE_MESSAGE_BYTES = 1024 * 1024
"""Of one SQS message, its attributes counted."""
TOPIC_MESSAGE_BYTES = 256 * 1024
"""The same of SNS, which has kept the older limit."""
BUS_ENTRY_BYTES = 1024 * 1024
"""Of one entry of PutEvents, as EventBridge counts it."""
DEAD_LETTER_ERROR_BYTES = 1024
"""How much of the error message a dead letter carries."""

RECURSIVE_INVOCATIONS = 16
"""How often one chain of requests may invoke a function."""
LINEAGE_REQUESTS, LINEAGE_LOOPS = 32_767, 255
"""The largest numbers of a trace header's lineage, which so has at most 18 characters."""
