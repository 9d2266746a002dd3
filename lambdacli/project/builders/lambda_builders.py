"""Java, Ruby and .NET by aws-lambda-builders, the library of `sam build`, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from pathlib import Path

from lambdacli.model.build import BuildMethod
from lambdacli.project.builders.inputs import digest_of_folder, key_of
from lambdacli.project.builders.workshop import Target, Workshop
from lambdacli.project.making import BuildError, made_of_sources

_INSTALL = "install it by `pip install 'lambdacli[build]'`"

_TOOLS = {
    BuildMethod.MAVEN: ("mvn", "install Maven", "pom.xml", ("java", "maven", None)),
    BuildMethod.GRADLE: ("gradle", "install Gradle", "build.gradle", ("java", "gradle", None)),
    BuildMethod.BUNDLER: ("bundle", "install Bundler", "Gemfile", ("ruby", "bundler", None)),
    BuildMethod.DOTNET: ("dotnet", "install the .NET SDK", "*.csproj", ("dotnet", "cli-package", None)),
}


def build_artifacts(
    folder: Path, method: BuildMethod, runtime: str, handler: str, target: Target, workshop: Workshop
) -> Path:
    tool, how, manifest, capability = _TOOLS[method]
    file = next(iter(sorted(folder.glob(f"{manifest}*"))), folder / manifest)
    if not (tool == "gradle" and (folder / "gradlew").is_file()):
        workshop.tool(tool, file, how)
    if importlib.util.find_spec("aws_lambda_builders") is None:
        raise BuildError(f"{file} is built by aws-lambda-builders, which is not there: {_INSTALL}")

    def key() -> str:
        return key_of((digest_of_folder(folder), method, runtime, handler, target.architecture))

    def build(product: Path) -> None:
        scratch = product.with_suffix(".scratch")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        asked = {
            "capability": capability,
            "source_dir": str(folder),
            "artifacts_dir": str(product),
            "scratch_dir": str(scratch),
            "manifest_path": str(file),
            "runtime": runtime,
            "architecture": target.architecture,
            "options": {"artifact_executable_name": handler},
        }
        program = Path(__file__).with_name("lambda_builders_program.py")
        try:
            command = (sys.executable, str(program), json.dumps(asked))
            workshop.build(command, folder, _without_daemon(), file)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    starts, waits = f"building {file}", f"waiting for another build of {file}"
    return made_of_sources(workshop.cache / str(method), key, build, starts, waits, workshop.progress)


def _without_daemon() -> dict[str, str]:
    """Gradle's would outlive the build, and hold the memory of a machine that only wanted one."""
    return {"GRADLE_OPTS": f"{os.environ.get('GRADLE_OPTS', '')} -Dorg.gradle.daemon=false".strip()}
