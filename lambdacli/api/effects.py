"""The line in the service's log that tells what was set without effect."""

from __future__ import annotations

import logging
from collections.abc import Iterable

logger = logging.getLogger("lam.settings")


def warn(function_name: str, without_effect: Iterable[str]) -> None:
    for sentence in without_effect:
        logger.warning("%s: %s", function_name, sentence)
