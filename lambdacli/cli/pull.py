"""`lam pull`: brings a function of an account, its code and its settings, into the project."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lambdacli.cli import connect, remote, render
from lambdacli.cli.errors import CommandError, WrongUsage
from lambdacli.cli.options import AwsFlags, ProjectOption, takes_aws_flags
from lambdacli.client import aws_pull
from lambdacli.client.aws import Aws, AwsError
from lambdacli.client.local import ApiError, Json
from lambdacli.model import limits
from lambdacli.model.arn import parse_function_reference
from lambdacli.model.project_files import ASSEMBLY_MANIFEST, SERVERLESS_NAMES

if TYPE_CHECKING:
    from lambdacli.project.pulled import Pulled
    from lambdacli.project.records import FunctionSettings, Project

EXAMPLES = """
lam pull orders --profile work --region eu-west-1    code to ./orders, settings to lam.yaml
lam pull orders:live --env-file .env                 that version; variables to a file that git ignores
lam pull orders --no-code                            its settings only
lam pull orders --endpoint-url http://localhost:4566    from another lam
"""

_SECRET_WORDS = ("SECRET", "PASSWORD", "PASSWD", "TOKEN", "APIKEY", "API_KEY", "PRIVATE", "CREDENTIAL")


@takes_aws_flags
def run(
    aws: AwsFlags,
    function: Annotated[
        str, typer.Argument(metavar="NAME[:QUALIFIER]", help="The function, perhaps a version or alias.")
    ],
    code: Annotated[
        str | None,
        typer.Option(
            "--code", metavar="FOLDER", help="Where its code goes; otherwise where it is, or ./NAME."
        ),
    ] = None,
    no_code: Annotated[bool, typer.Option("--no-code", help="Bring the settings only.")] = False,
    env_file: Annotated[
        str | None,
        typer.Option("--env-file", metavar="FILE", help="Write variables there, and have git ignore it."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Write over files of the project without asking.")
    ] = False,
    project: ProjectOption = None,
) -> int:
    aws.note_ignored(remote.REMOTE_FLAGS)
    reference = parse_function_reference(function)
    if code is not None and no_code:
        raise WrongUsage("--code and --no-code exclude each other")
    home = _Home(connect.place_of(project).project_file)
    account = remote.aws_of(aws, project)
    with render.activity(f"reading {reference.name}"):
        answers = _read(account, function, reference.name, reference.qualifier)
    configuration = answers.function["Configuration"]
    if configuration.get("PackageType", "Zip") != "Zip":
        raise CommandError(
            f"{reference.name} is an image function: its code is an image in a registry",
            "only functions whose code is a zip can be pulled",
        )
    pull = _Pull(home, account, reference.name, answers)
    with tempfile.TemporaryDirectory(prefix="lam-pull-") as scratch:
        if not no_code:
            pull.take_code(Path(scratch), code, force=force)
        pull.take_layers(Path(scratch))
        pull.write(env_file)
    pull.tell()
    return 0


def _read(aws: Aws, given: str, name: str, qualifier: str | None) -> aws_pull.Answers:
    try:
        return aws_pull.read_function(aws, name if not given.startswith("arn:") else given, qualifier)
    except ApiError as error:
        if error.code != "ResourceNotFoundException":
            raise
        raise remote.not_found(aws, name, str(error)) from error


class _Home:
    """The project that the function is brought into; it need not be there yet."""

    def __init__(self, file: Path | None) -> None:
        from lambdacli.project.config import load_project
        from lambdacli.project.loading import is_template_file

        of_others = (*SERVERLESS_NAMES, ASSEMBLY_MANIFEST)
        if file is not None and (file.name in of_others or is_template_file(file)):
            raise CommandError(
                f"{file.name} is not written by lam: it belongs to another tool",
                "pull into a folder of its own, or name a lam.yaml: `lam pull NAME --project FOLDER`",
            )
        self.is_new = file is None
        self.file = Path.cwd() / "lam.yaml" if file is None else file
        self.project: Project | None = None if file is None else load_project(file)

    @property
    def folder(self) -> Path:
        return self.file.parent

    def function(self, name: str) -> FunctionSettings | None:
        functions = () if self.project is None else self.project.functions
        return next((each for each in functions if each.name == name), None)

    def shown(self, path: Path) -> str:
        """As lam.yaml, and whoever reads it, names it."""
        return path.relative_to(self.folder).as_posix() if path.is_relative_to(self.folder) else str(path)


@dataclass(slots=True)
class _Pull:
    home: _Home
    aws: Aws
    name: str
    answers: aws_pull.Answers
    code: Path | None = None
    """Where the code was put."""
    substitutes: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    # Code

    def take_code(self, scratch: Path, wanted: str | None, *, force: bool) -> None:
        configuration = self.answers.function["Configuration"]
        archive = scratch / "code.zip"
        location = str(self.answers.function["Code"].get("Location", ""))
        self._fetch(location, str(configuration.get("CodeSha256", "")), archive, "downloading the code")
        target = self._target(wanted)
        if target.suffix == ".zip" and not target.is_dir():
            self._replace_archive(archive, target, force=force)
        else:
            self._fill_folder(archive, scratch / "code", target, force=force)
        self.code = target

    def _target(self, wanted: str | None) -> Path:
        if wanted is not None:
            return (Path.cwd() / wanted).absolute()
        present = self.home.function(self.name)
        return self.home.folder / self.name if present is None else present.code

    def _replace_archive(self, archive: Path, target: Path, *, force: bool) -> None:
        from lambdacli.project import pulled_files

        if target.exists() and target.read_bytes() != archive.read_bytes():
            self._agree(f"{self.home.shown(target)} is another package", force=force)
        pulled_files.replace_file(archive, target)
        self.said.append(f"the package → {self.home.shown(target)}")

    def _fill_folder(self, archive: Path, unpacked: Path, target: Path, *, force: bool) -> None:
        from lambdacli.project import pulled_files

        self._unpack(archive, unpacked)
        change = pulled_files.code_change(unpacked, target)
        shown = self.home.shown(target)
        if change.differing:
            count = len(change.differing)
            some = ", ".join(change.differing[:5]) + (" …" if count > 5 else "")
            self._agree(
                f"{count} file{'s' if count > 1 else ''} in {shown} differ from the deployed code: {some}",
                force=force,
            )
        pulled_files.bring_code(unpacked, target, change)
        if not (change.new or change.differing):
            self.said.append(f"code in {shown} is what is deployed")
            return
        changed = f", {len(change.differing)} of them written over" if change.differing else ""
        count = len(change.new) + len(change.differing)
        self.said.append(f"{count} file{'s' if count > 1 else ''} → {shown}{changed}")

    def _agree(self, what: str, *, force: bool) -> None:
        """Local code is never lost without a word for it."""
        if force:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise CommandError(
                f"{what}; nothing was written",
                "--force writes over them; --code FOLDER puts the code elsewhere; --no-code brings the "
                "settings only",
            )
        if not typer.confirm(f"{what}. Write over?", default=False, err=True):
            raise typer.Abort

    def _unpack(self, archive: Path, folder: Path) -> None:
        from lambdacli.package.unpacking import Empty, NotUnpackable, TooLarge, unpack

        try:
            unpack(archive, folder, limits.UNZIPPED_CODE_BYTES)
        except Empty:
            folder.mkdir()
        except (NotUnpackable, TooLarge) as error:
            raise CommandError(f"the package of {self.name} cannot be unpacked here") from error

    def _fetch(self, location: str, sha256: str, file: Path, text: str) -> None:
        with render.activity(text), _hinted():
            aws_pull.download(self.aws, location, sha256, file, lambda count: None)

    # Layers

    def take_layers(self, scratch: Path) -> None:
        """What a layer of another account or of AWS holds is kept as a zip that stands for it here."""
        from lambdacli.project import pulled_files

        for layer in self.answers.function["Configuration"].get("Layers", ()):
            arn = str(layer["Arn"])
            if self.home.project is not None and self.home.project.substitutions.of(arn) is not None:
                continue
            *_, name, number = arn.split(":")
            archive = scratch / f"{name}-{number}.zip"
            try:
                content = aws_pull.layer_location(self.aws, arn)
                self._fetch(
                    str(content["Location"]),
                    str(content.get("CodeSha256", "")),
                    archive,
                    f"downloading {name}",
                )
            except (ApiError, AwsError, CommandError) as error:
                self.notes.append(f"the layer {arn} is not here, and could not be had: {error}")
                continue
            target = self.home.folder / "layers" / archive.name
            pulled_files.replace_file(archive, target)
            self.substitutes[arn] = self.home.shown(target)
            self.said.append(f"layer {name}:{number} → {self.home.shown(target)}")

    # lam.yaml

    def write(self, env_file: str | None) -> None:
        from lambdacli.project.editing import with_settings
        from lambdacli.project.pulled_files import write_text

        pulled = self._pulled()
        settings = dict(pulled.settings)
        if self.code is not None:
            settings["code"] = self.home.shown(self.code)
        variables = self._differing_variables(settings)
        moved: list[str] = []
        if variables and env_file is not None:
            settings["env_file"] = self._write_variables(env_file, settings.pop("env"))
            moved = list(self.answers.function["Configuration"]["Environment"]["Variables"])
        elif not variables:
            settings.pop("env", None)
        self._keep_local_layers(settings)
        text = self._beginning() if self.home.is_new else self.home.file.read_bytes().decode("utf-8-sig")
        edit = with_settings(text, self.name, settings, moved_variables=moved, substitutes=self.substitutes)
        if edit.text != text or self.home.is_new:
            write_text(self.home.file, edit.text)
        keys = ", ".join(edit.changed)
        if edit.is_new:
            self.said.append(f"{self.home.file.name}: added {self.name} ({keys})")
        else:
            self.said.append(f"{self.home.file.name}: {f'changed {keys}' if keys else 'nothing changed'}")
        self._note_what_is_missing(pulled, env_file, variables)
        self._note_problems()

    def _pulled(self) -> Pulled:
        from lambdacli.project.pulled import settings_of

        answers = self.answers
        return settings_of(
            answers.function,
            aliases=answers.aliases,
            url=answers.url,
            event_invoke=answers.event_invoke,
            provisioned=answers.provisioned,
            policy=answers.policy,
            mappings=answers.mappings,
            log_group=answers.log_group,
        )

    def _beginning(self) -> str:
        """Of a new lam.yaml: ARNs are to be those of the account."""
        _, _, _, region, account, *_ = str(self.answers.function["Configuration"]["FunctionArn"]).split(":")
        return f'region: {region}\naccount: "{account}"\n'

    def _differing_variables(self, settings: Mapping[str, object]) -> dict[str, str]:
        """Those that the function does not have here, from wherever it has them."""
        wanted = settings.get("env", {})
        assert isinstance(wanted, dict)
        present = self.home.function(self.name)
        here = {} if present is None else present.variables or {}
        return {name: value for name, value in wanted.items() if here.get(name) != value}

    def _write_variables(self, env_file: str, variables: object) -> object:
        from lambdacli.project.pulled_files import env_file_text, ignored_text, write_text

        assert isinstance(variables, dict)
        file = (Path.cwd() / env_file).absolute()
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        write_text(file, env_file_text(before, variables), mode=None if file.exists() else 0o600)
        shown = self.home.shown(file)
        self.said.append(f"{len(variables)} variables → {shown}")
        ignore = self.home.folder / ".gitignore"
        if file.is_relative_to(self.home.folder):
            text = ignore.read_text(encoding="utf-8") if ignore.exists() else ""
            if ignored_text(text, shown) != text:
                write_text(ignore, ignored_text(text, shown))
                self.said.append(f".gitignore: /{shown}")
        present = self.home.function(self.name)
        files = [self.home.shown(each) for each in (() if present is None else present.env_files)]
        return shown if not files else [*(each for each in files if each != shown), shown]

    def _keep_local_layers(self, settings: dict[str, object]) -> None:
        present = self.home.function(self.name)
        if "layers" in settings and present is not None and present.layer_paths:
            del settings["layers"]
            self.notes.append("layers stay as lam.yaml has them: some are folders or files here")

    def _note_what_is_missing(
        self, pulled: Pulled, env_file: str | None, variables: Mapping[str, str]
    ) -> None:
        self.notes += pulled.left_out
        self.notes += [f"could not be read: {why}" for why in self.answers.unread]
        secret = [name for name in variables if any(word in name.upper() for word in _SECRET_WORDS)]
        if secret and env_file is None:
            self.notes.append(
                f"{', '.join(secret)}: secrets by their names, and now in lam.yaml; `--env-file .env` puts "
                "variables into a file that git ignores"
            )
        project = self.home.project
        arn = str(self.answers.function["Configuration"]["FunctionArn"])
        region, account = arn.split(":")[3:5]
        if project is not None and (project.region, project.account) != (region, account):
            self.notes.append(
                f"it is of account {account} in {region}; lam.yaml says {project.account}, {project.region}"
            )

    def _note_problems(self) -> None:
        from lambdacli.project.config import ConfigError, load_project

        try:
            load_project(self.home.file)
        except ConfigError as error:
            self.notes += [f"to be mended: {problem.text(self.home.folder)}" for problem in error.problems]

    def tell(self) -> None:
        configuration: Json = self.answers.function["Configuration"]
        render.say(
            f"pulled {configuration['FunctionArn']}, version {configuration.get('Version', '$LATEST')}"
        )
        for line in self.said:
            render.say(f"  {line}")
        for note in self.notes:
            render.note(note)
        render.say(f"try: lam invoke {self.name}")


@contextmanager
def _hinted() -> Iterator[None]:
    try:
        yield
    except AwsError as error:
        raise CommandError(
            str(error), error.hint, "`--no-code` brings the settings only; nothing was written"
        ) from error
