"""AWS itself, or what stands at another endpoint, asked with the keys that the AWS CLI would use."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lambdacli.client import http
from lambdacli.client.local import ApiError
from lambdacli.model.nearest import nearest

_CONNECTIONS = 16
"""Of one client; those that read what is deployed ask at the same time."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where AWS is asked, and as whom. None: as the environment and ~/.aws say."""

    profile: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    verify: bool | str = True
    """False believes any certificate; a text is a file of those to believe."""
    connect_timeout_seconds: float | None = 10.0
    read_timeout_seconds: float | None = 60.0
    trace: Callable[[str], None] | None = None
    """Is told one line for each call."""


class AwsError(Exception):
    """AWS could not be asked, or does not let us: what happened; `hint` says what to do. `code` is AWS's own
    name for why, where it was AWS that said so."""

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.code = code


class Aws:
    """Clients of one account, made when first used, for several threads. What goes wrong is AwsError,
    ApiError where AWS refused what was asked, or AnswerLost where it may have been done."""

    is_remote = True

    def __init__(self, account: Account) -> None:
        self.account = account
        self._session: Any = None
        self._clients: dict[tuple[str, float | None, bool], Any] = {}
        # Clients are for several threads; the session that makes them is not.
        self._making = threading.Lock()

    def __repr__(self) -> str:
        return f"<Aws {self.place}>"

    @property
    def region(self) -> str | None:
        with self._explained("region"):
            return self._made_session().get_config_variable("region") or None

    @property
    def place(self) -> str:
        """For people: where and as whom is asked."""
        parts = [
            self.account.region or (self._session and self.region) or "",
            self.account.endpoint_url or "",
        ]
        profile = f"profile {self.account.profile}" if self.account.profile else ""
        return ", ".join(part for part in (*parts, profile) if part) or "AWS"

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """One operation; what only reads or can be repeated is tried again when it fails for a moment."""
        return self._called(
            service, operation, parameters, self.account.read_timeout_seconds, is_sent_once=False
        )

    def call_once(
        self, service: str, operation: str, read_timeout_seconds: float | None, **parameters: Any
    ) -> dict[str, Any]:
        """The same, sent once whatever happens, and waited for as long as this."""
        return self._called(service, operation, parameters, read_timeout_seconds, is_sent_once=True)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """What goes wrong while the body of an answer is read is told in the same way."""
        with self._explained("the answer"):
            yield

    def _called(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        read_timeout_seconds: float | None,
        *,
        is_sent_once: bool,
    ) -> dict[str, Any]:
        with self._explained(service):
            client = self._client(service, read_timeout_seconds, is_sent_once)
            if self.account.trace is not None:
                self.account.trace(f"{service} {operation} → {client.meta.endpoint_url}")
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
            return answer

    def _client(self, service: str, read_timeout_seconds: float | None, is_sent_once: bool) -> Any:
        key = (service, read_timeout_seconds, is_sent_once)
        with self._making:
            if key not in self._clients:
                self._clients[key] = self._made_client(service, read_timeout_seconds, is_sent_once)
            return self._clients[key]

    def _made_client(self, service: str, read_timeout_seconds: float | None, is_sent_once: bool) -> Any:
        # A third of a second that only those pay who need it.
        from botocore.config import Config

        again: Any = {"mode": "standard", "max_attempts": 4}
        config = Config(
            connect_timeout=self.account.connect_timeout_seconds,
            read_timeout=read_timeout_seconds,
            retries={"total_max_attempts": 1} if is_sent_once else again,
            max_pool_connections=_CONNECTIONS,
            tcp_keepalive=True,
        )
        return self._made_session().create_client(
            service,
            endpoint_url=self.account.endpoint_url,
            verify=None if self.account.verify is True else self.account.verify,
            config=config,
        )

    def _made_session(self) -> Any:
        if self._session is None:
            from botocore.session import Session

            session = Session(profile=self.account.profile)
            if self.account.region is not None:
                session.set_config_variable("region", self.account.region)
            self._session = session
        return self._session

    @contextmanager
    def _explained(self, asked: str) -> Iterator[None]:
        # Only botocore raises these errors, so it is loaded already, or about to be.
        from botocore.exceptions import (
            BotoCoreError,
            ClientError,
            ConnectionError,
            EventStreamError,
            HTTPClientError,
        )
        from urllib3.exceptions import HTTPError

        try:
            yield
        except EventStreamError as error:
            raise _refused(error.response, self.account) from error
        except ClientError as error:
            raise _refused(error.response, self.account) from error
        except (HTTPClientError, ConnectionError, HTTPError) as error:
            raise self._disconnected(asked, error) from error
        except BotoCoreError as error:
            raise self._unable(error) from error

    def _disconnected(self, asked: str, error: Exception) -> Exception:
        from botocore.exceptions import (
            ConnectionClosedError,
            ConnectTimeoutError,
            EndpointConnectionError,
            ProxyConnectionError,
            ReadTimeoutError,
            SSLError,
        )

        if isinstance(error, ReadTimeoutError):
            return http.AnswerLost(f"no answer came in time: {error}")
        if isinstance(error, EndpointConnectionError):
            return AwsError(f"nobody answers: {error}", self._connection_hint())
        if isinstance(error, ConnectTimeoutError | ProxyConnectionError):
            return AwsError(f"cannot connect: {error}", self._connection_hint())
        if isinstance(error, SSLError):
            return AwsError(
                f"the certificate is not believed: {error}",
                "--ca-bundle FILE, or AWS_CA_BUNDLE, names those to believe",
            )
        what = (
            "the connection was closed"
            if isinstance(error, ConnectionClosedError)
            else "the answer broke off"
        )
        return http.AnswerLost(f"{what} before {asked} had answered: {error}")

    def _connection_hint(self) -> str:
        if self.account.endpoint_url is not None:
            return "is the service at --endpoint-url running?"
        if any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
            return "AWS_ENDPOINT_URL leads there: is it running?"
        region, known = str(self.region), self._made_session().get_available_regions("lambda")
        if region in known:
            return "is this machine online? HTTPS_PROXY is heeded"
        meant = nearest(region, known)
        return f"{region} is no region that is known here" + (f"; did you mean {meant}?" if meant else "")

    def _unable(self, error: Exception) -> AwsError:
        """Before anything was sent: who, where, or what is wrong."""
        from botocore import exceptions as of

        named = f" --profile {self.account.profile}" if self.account.profile else ""
        sign_in = f"sign in again: `aws sso login{named}`"
        match error:
            case of.NoCredentialsError():
                return AwsError("there are no AWS credentials", _GIVE_KEYS)
            case of.PartialCredentialsError():
                return AwsError(f"the AWS credentials are not whole: {error}", _GIVE_KEYS)
            case of.ProfileNotFound():
                return AwsError(str(error), self._profile_hint())
            case of.NoRegionError():
                return AwsError(
                    "no region is named", "--region, AWS_REGION, or `region` of the profile in ~/.aws/config"
                )
            case of.InvalidRegionError():
                return AwsError(str(error), "a region is written as eu-central-1")
            case of.SSOError() | of.TokenRetrievalError() | of.LoginError():
                return AwsError(f"the sign-in cannot be used any more: {error}", sign_in)
            case of.CredentialRetrievalError() | of.MetadataRetrievalError():
                return AwsError(f"the AWS credentials cannot be had: {error}", _GIVE_KEYS)
            case of.ParamValidationError():
                return AwsError(str(error))
            case of.ConfigParseError() | of.ConfigNotFound():
                return AwsError(str(error), "mend the file, or name another by AWS_CONFIG_FILE")
        return AwsError(str(error))

    def _profile_hint(self) -> str:
        from botocore.session import Session

        names = sorted(Session().available_profiles)
        meant = nearest(self.account.profile or "", names)
        if meant:
            return f"did you mean {meant}?"
        return (
            f"there is {', '.join(names)}"
            if names
            else "there are none in ~/.aws/config; AWS_PROFILE too names one"
        )


_GIVE_KEYS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a --profile, or run `aws configure`"

_EXPIRED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "TokenRefreshRequired",
        "AuthFailure.TokenExpired",
    }
)
_UNKNOWN_KEYS = frozenset(
    {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException", "UnauthorizedException"}
)
_WRONG_SIGNATURES = frozenset(
    {"IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch", "RequestTimeTooSkewed"}
)
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
"""The last is what S3 says to who only asks for the head of something."""


def _refused(answer: Mapping[str, Any], account: Account) -> Exception:
    error = answer.get("Error", {})
    code, message = str(error.get("Code", "Unknown")), str(error.get("Message", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    hint = _hint_of_refusal(code, f" --profile {account.profile}" if account.profile else "")
    if hint is not None:
        return AwsError(f"{code}: {message}" if not code.isdecimal() else f"HTTP {code}", hint, code)
    if code.isdecimal():
        # What is no API at all answers so: a page instead of an error.
        return ApiError(status, "UnknownOperationException", f"HTTP {code}")
    return ApiError(status, code, message)


def _hint_of_refusal(code: str, named: str) -> str | None:
    """None: it is not about who asks."""
    if code in _EXPIRED:
        return f"the credentials have expired: `aws sso login{named}`, or set new keys"
    if code in _UNKNOWN_KEYS:
        return f"AWS does not know these keys; {_GIVE_KEYS}"
    if code in _WRONG_SIGNATURES:
        return "is the secret key the right one, and is this machine's clock right?"
    if code in _DENIED:
        return "another --profile may be allowed to; it needs a policy that allows this action"
    return None
