"""One service for tests of the API: a real store, doubles behind it, raw requests and boto3 in front."""

from __future__ import annotations

import asyncio
import io
import zipfile

from lambdacli.api.code_links import CodeLinks
from lambdacli.api.dispatch import Api
from lambdacli.api.operations.context import Context
from lambdacli.model.layer import Substitutions
from lambdacli.store.aliases import AliasStore
from lambdacli.store.code import CodeStore
from lambdacli.store.code_signing import CodeSigningStore
from lambdacli.store.database import open_database
from lambdacli.store.functions import FunctionStore
from lambdacli.store.layers import LayerStore
from lambdacli.store.mappings import MappingStore
from lambdacli.store.settings import SettingStore
from lambdacli.wire.http import Peer, Request, Response
from tests.doubles import KeptEvents, NoPackages, ScriptedInvoker, ScriptedProvisioning, SteppingClock

ACCOUNT = "000000000000"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda-role"
LOOPBACK = Peer(is_unix=False, local=("127.0.0.1", 4566), remote=("127.0.0.1", 50000))


def whole(pieces):
    return pieces if isinstance(pieces, bytes) else b"".join(pieces)


def zip_of(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in (files or {"app.py": "def handler(event, context): return event"}).items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return out.getvalue()


async def _nothing_asked(source, function):
    return None


class House:
    """One service's parts. `send` takes raw requests; `client` is boto3's."""

    def __init__(self, model, folder, client):
        self.connection = open_database(folder / "state.db")
        self.functions = FunctionStore(self.connection)
        self.aliases = AliasStore(self.connection)
        self.settings = SettingStore(self.connection)
        self.mappings = MappingStore(self.connection)
        self.code_signing = CodeSigningStore(self.connection)
        self.code = CodeStore(folder / "code")
        self.code_links = CodeLinks()
        self.layers = LayerStore(self.connection)
        self.substitutions = Substitutions()
        self.account = ACCOUNT
        self.packages = NoPackages()
        self.is_strict = False
        self.invoker = ScriptedInvoker()
        self.events = KeptEvents()
        self.provisioning = ScriptedProvisioning()
        self.account_concurrency = 1000
        self.clock = SteppingClock()
        self.check_source = _nothing_asked
        self.client = client
        self.last_answer: Response | None = None
        self.api = Api(model, self.context)

    def context(self, request):
        return Context(
            account=self.account,
            region=REGION,
            functions=self.functions,
            aliases=self.aliases,
            settings=self.settings,
            mappings=self.mappings,
            code_signing=self.code_signing,
            code=self.code,
            code_links=self.code_links,
            layers=self.layers,
            substitutions=self.substitutions,
            packages=self.packages,
            is_strict=self.is_strict,
            invoker=self.invoker,
            events=self.events,
            provisioning=self.provisioning,
            clock=self.clock,
            endpoint="http://127.0.0.1:4566",
            account_concurrency=self.account_concurrency,
            http=request,
            check_source=self.check_source,
        )

    def send(self, method, path, query="", headers=None, body=b"", **more):
        request = Request(method, path, query, headers or {}, body, more.pop("peer", LOOPBACK), **more)
        self.last_answer = asyncio.run(self.answer(request))
        return self.last_answer

    async def answer(self, request):
        answer = self.api.handle(request)
        response = answer if isinstance(answer, Response) else await answer
        if not isinstance(response.body, bytes):
            response.body = b"".join([whole(each) async for each in response.body])
        return response

    def create(self, name="hello", **changes):
        settings = {
            "FunctionName": name,
            "Runtime": "python3.13",
            "Handler": "app.handler",
            "Role": ROLE,
            "Code": {"ZipFile": zip_of()},
        }
        return self.client.create_function(**settings | changes)
