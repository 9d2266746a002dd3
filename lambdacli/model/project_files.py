"""Which file of a folder makes it a project. The fast path asks too: no imports that cost start-up time."""

import os

LAM_NAMES = ("lam.yaml", "lam.yml")
TEMPLATE_NAMES = ("template.yaml", "template.yml", "template.json")
SERVERLESS_NAMES = ("serverless.yml", "serverless.yaml", "serverless.json")
PROGRAM_NAMES = ("serverless.ts", "serverless.js", "serverless.mjs", "serverless.cjs")
"""What they say is known only when they run."""
WHAT_OF_PROGRAMS = (
    "is a program, which lam does not run; `npx serverless print > serverless.yml` writes down what it says "
    "(the framework itself then prefers that file, too: write it again after a change, remove it to deploy)"
)
ASSEMBLY_FOLDER = "cdk.out"
ASSEMBLY_MANIFEST = "manifest.json"
PROJECT_FILE_NAMES = (
    *LAM_NAMES,
    *TEMPLATE_NAMES,
    *SERVERLESS_NAMES,
    os.path.join(ASSEMBLY_FOLDER, ASSEMBLY_MANIFEST),
)
"""In the order in which they count within one folder."""

_HEAD_BYTES = 1024 * 1024


def project_file_in(folder: str) -> str | None:
    """Raises OSError where a folder may not be looked into."""
    for name in PROJECT_FILE_NAMES:
        path = os.path.join(folder, name)
        if is_file(path) and (name not in TEMPLATE_NAMES or is_template(path)):
            return path
    # What `cdk synth` writes has a file of its folder's usual name in it, or at least lies in such a folder.
    manifest = os.path.join(folder, ASSEMBLY_MANIFEST)
    is_marked = os.path.basename(os.path.abspath(folder)) == ASSEMBLY_FOLDER
    is_assembly = is_file(manifest) and (is_marked or is_file(os.path.join(folder, ASSEMBLY_FOLDER)))
    return manifest if is_assembly else None


def program_upwards(folder: str) -> str | None:
    """The nearest project file that is a program."""
    while True:
        for name in PROGRAM_NAMES:
            if is_file(os.path.join(folder, name)):
                return os.path.join(folder, name)
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def is_file(path: str) -> bool:
    try:
        return os.stat(path).st_mode & 0o170000 == 0o100000
    except (FileNotFoundError, NotADirectoryError):
        return False


def is_template(path: str) -> bool:
    """Other tools have a template.yaml too. One that is empty is most often just being saved."""
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    return b"Resources" in head or not head.strip()


def state_folder_of(file: str) -> str:
    """Beside it. A file that is not the one by which its folder is a project has a place of its own there.
    What `cdk synth` writes is thrown away with all that lies in it: its state lies beside it."""
    folder, name = _beside_assembly(*os.path.split(file))
    state = os.path.join(folder, ".lam")
    return state if project_file_in(folder) in (file, None) else os.path.join(state, name)


def _beside_assembly(folder: str, name: str) -> tuple[str, str]:
    """The folder that holds the whole assembly, and one name for a file within."""
    above, marker, below = f"{folder}{os.sep}".rpartition(f"{os.sep}{ASSEMBLY_FOLDER}{os.sep}")
    if not marker:
        return folder, name
    return above or os.sep, "-".join((*below.split(os.sep)[:-1], name))
