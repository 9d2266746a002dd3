"""Which file system holds a folder, and whether it can hold the state."""

# No `annotations`, dataclasses, re or pathlib here: the fast path of the command line pays for each import.

UNFIT_FILE_SYSTEMS = {
    "9p": "a folder of Windows",
    "drvfs": "a folder of Windows",
    "nfs": "a network folder",
    "nfs4": "a network folder",
    "cifs": "a network folder",
    "smb3": "a network folder",
    "smbfs": "a network folder",
    "afpfs": "a network folder",
    "webdav": "a network folder",
    "fuse.sshfs": "a network folder",
    "fuse.rclone": "a network folder",
    "fuse.davfs": "a network folder",
    "fuse.grpcfuse": "a folder shared with a virtual machine",
    "fuse.osxfs": "a folder shared with a virtual machine",
    "fuse.vmhgfs-fuse": "a folder shared with a virtual machine",
    "vboxsf": "a folder shared with a virtual machine",
    "prl_fs": "a folder shared with a virtual machine",
}
"""File systems on which unix sockets or SQLite's write-ahead log fail, and the words to tell it with."""


def mount_table() -> str:
    """The text of /proc/self/mountinfo; empty where there is none."""
    try:
        with open("/proc/self/mountinfo", errors="surrogateescape") as file:
            return file.read()
    except OSError:
        return ""


def file_system_of(folder: str, mounts: str) -> str | None:
    """The type of the mount that covers a folder: the longest mount point, of equal ones the last."""
    best = -1
    found = None
    for line in mounts.splitlines():
        fields, _, tail = line.partition(" - ")
        parts = fields.split(" ")
        if len(parts) < 5 or not tail:
            continue
        point = _unescaped(parts[4]) if "\\" in parts[4] else parts[4]
        if len(point) >= best and (folder == point or folder.startswith(point.rstrip("/") + "/")):
            best, found = len(point), tail.split(" ")[0]
    return found


def _unescaped(point: str) -> str:
    """Blanks and backslashes of a mount point are written as \\040 and the like."""
    first, *others = point.split("\\")
    return first + "".join(
        chr(int(other[:3], 8)) + other[3:] if _is_octal(other[:3]) else "\\" + other for other in others
    )


def _is_octal(text: str) -> bool:
    return len(text) == 3 and all(digit in "01234567" for digit in text)
