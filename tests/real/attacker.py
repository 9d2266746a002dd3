"""A function that tries to reach what is not its own, as its event tells it: runs inside an environment.

Every attempt answers what it got, or by which error it was refused."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import http.client
import os
import resource
import signal
import socket
import subprocess
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNS = 0x10000000, 0x00020000
MS_RDONLY, MS_REMOUNT, MS_BIND, MNT_DETACH = 1, 32, 4096, 2
PTRACE_ATTACH = 16
KEYCTL, KEYCTL_SEARCH, SESSION_KEYRING = {"x86_64": 250, "aarch64": 219}.get(os.uname().machine, 0), 10, -3
invocations = 0


def handler(event, context):
    global invocations
    invocations += 1
    try:
        return {"got": globals()[event["try"]](*event.get("with", []))}
    except OSError as error:
        return {"refused": errno.errorcode.get(error.errno, str(error))}


def only_behind_walls():
    """What would harm the machine itself is not even tried elsewhere."""
    assert socket.gethostname() == "sandbox.localdomain", "there are no walls here"


def who():
    return {
        "pid": os.getpid(),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "groups": os.getgroups(),
        "api": os.environ["AWS_LAMBDA_RUNTIME_API"],
        "temporary": os.environ.get("TMPDIR", "/tmp"),
        "invocations": invocations,
        "variables": dict(os.environ),
    }


# Files


def read(path):
    with open(path, "rb") as file:
        return file.read(65536).decode(errors="replace")


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return True


def entries(path):
    return sorted(os.listdir(path))


def link(target, path):
    os.symlink(target, path)
    return True


def find(part):
    """Every path with this in its name, wherever it may look."""
    found = []
    for folder, folders, files in os.walk("/"):
        found += [os.path.join(folder, name) for name in (*folders, *files) if part in name]
        if folder == "/":
            folders[:] = [name for name in folders if name not in ("proc", "sys")]
    return found


def find_in_processes(text):
    """Every file of /proc that tells this."""
    found = []
    for entry in os.listdir("/proc"):
        for name in ("environ", "cmdline", "maps", "mountinfo"):
            path = f"/proc/{entry}/{name}"
            try:
                if text in read(path):
                    found.append(path)
            except OSError:
                continue
    return found


def read_only(folders):
    """Where something could be written after all."""
    written = []
    for folder in folders:
        path = os.path.join(folder, "lam-escape")
        try:
            with open(path, "w"):
                written.append(folder)
            os.unlink(path)
        except OSError:
            continue
    return written


def fill_temporary(piece_kb):
    """How many KB went in, and what stopped it."""
    only_behind_walls()
    path, size = "/tmp/filling", 0
    piece = b"x" * (piece_kb * 1024)
    with open(path, "wb", buffering=0) as file:
        while True:
            try:
                size += file.write(piece)
            except OSError as error:
                return {"kb": size // 1024, "stopped_by": errno.errorcode[error.errno]}


def remove(path):
    os.unlink(path)
    return True


def open_many(count):
    opened = []
    try:
        for _ in range(count):
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        return {"opened": len(opened), "stopped_by": errno.errorcode[error.errno]}
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return {"opened": len(opened), "stopped_by": None}


def descriptors():
    """But the one that lists them."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink("/proc/self/fd/" + name)
        except OSError:
            continue
    return found


def say_by_path():
    for path in ("/dev/stdout", "/dev/stderr", "/proc/self/fd/1"):
        with open(path, "a") as file:
            file.write(f"said to {path}\n")
    return True


# Processes


def processes():
    return {entry: read(f"/proc/{entry}/comm").strip() for entry in os.listdir("/proc") if entry.isdigit()}


def fork_until_refused(and_stay):
    only_behind_walls()
    children, stopped_by = [], None
    for _ in range(20000):
        try:
            pid = os.fork()
        except OSError as error:
            stopped_by = errno.errorcode[error.errno]
            break
        if pid == 0:
            signal.pause()
            os._exit(0)
        children.append(pid)
    if not and_stay:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return {"forked": len(children), "stopped_by": stopped_by}


def fork_bomb():
    only_behind_walls()
    while True:
        try:
            os.fork()
        except OSError:
            continue


def send(pid, number):
    only_behind_walls()
    os.kill(pid, number)
    return True


def send_to_each(numbers):
    """To the first process of its namespace, whose end would be everybody's."""
    for number in numbers:
        try:
            os.kill(1, number)
        except OSError:
            continue
    return os.getpid()


def ptrace(pid):
    return checked(libc.ptrace(PTRACE_ATTACH, pid, None, None))


def leave_a_daemon(mark):
    """A child of a child in a session of its own that ignores what it can. Returns when it lives."""
    until_executed, ends_when_executed = os.pipe()
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        if os.fork():
            os._exit(0)
        os.chdir("/")
        os.execv("/bin/sleep", ["/bin/sleep", mark])
    os.wait()
    os.close(ends_when_executed)
    os.read(until_executed, 1)
    os.close(until_executed)
    return True


def end_at_once():
    os._exit(7)


def stop_itself():
    os.kill(os.getpid(), signal.SIGSTOP)
    return "went on"


def count_on(path, processes):
    """Processes that wake each other without end, and count: they answer to nobody."""
    only_behind_walls()
    for number in range(processes):
        if os.fork() == 0:
            os.setsid()
            count = 0
            with open(f"{path}-{number}", "wb", buffering=0) as file:
                while True:
                    count += 1
                    with contextlib.suppress(OSError):
                        os.kill(-1, signal.SIGCONT)
                    if count % 16 == 0:
                        os.pwrite(file.fileno(), b"%020d" % count, 0)
    return True


# Memory


def take_memory(megabytes, children):
    """In this process, or spread over children."""
    if not children:
        held = [b"x" * (1 << 20) for _ in range(megabytes)]
        return len(held)
    for _ in range(children):
        if os.fork() == 0:
            held = [bytearray(os.urandom(1 << 12)) * 256 for _ in range(megabytes // children)]
            time.sleep(60)
            os._exit(len(held) & 1)
    time.sleep(60)
    return "had it all"


# The kernel's own


def privileges():
    wanted = ("CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Uid", "Gid", "Groups")
    lines = (line.split(":", 1) for line in read("/proc/self/status").splitlines())
    return {name: value.strip() for name, value in lines if name in wanted}


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def mount_something():
    return checked(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None))


def remount(path):
    return checked(libc.mount(None, path.encode(), None, MS_REMOUNT | MS_BIND, None))


def unmount(path):
    return checked(libc.umount2(path.encode(), MNT_DETACH))


def unshare(flags):
    return checked(libc.unshare(flags))


def unshare_in_a_child(flags):
    """What a child got, which then tries to use it on what is shown to all."""
    pid = os.fork()
    if pid == 0:
        got = libc.unshare(flags) == 0
        got = got and libc.mount(None, b"/var/task", None, MS_REMOUNT | MS_BIND, None) == 0
        os._exit(got)
    return os.WEXITSTATUS(os.waitpid(pid, 0)[1])


def chroot(path):
    os.chroot(path)
    return True


def make_device(path):
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 1))
    return True


def set_host_name():
    return checked(libc.sethostname(b"mine", 4))


def become_root():
    os.setuid(0)
    return os.getuid()


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=10)
    return {"code": done.returncode, "said": done.stdout + done.stderr}


def join_namespace(path):
    descriptor = os.open(path, os.O_RDONLY)
    return checked(libc.setns(descriptor, 0))


def search_key(description):
    return checked(libc.syscall(KEYCTL, KEYCTL_SEARCH, SESSION_KEYRING, b"user", description.encode(), 0))


def raise_limit(name):
    resource.setrlimit(getattr(resource, name), (1 << 20, 1 << 20))
    return True


# The network


def bind(address, port):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind((address, port))
    server.listen()
    kept.append(server)
    return True


kept = []


def connect_unix(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    return True


def ask(address, method, path):
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request(method, path, headers={"Authorization": "AWS4-HMAC-SHA256 Credential=test"})
    answer = connection.getresponse()
    return answer.status


# What is printed


def print_frames(kind):
    """Beginnings that lie about what follows."""
    pieces = {
        "endless": b"\xa5\x5a\x00\x03\xff\xff\xff\xff" + b"\0" * 8,
        "cut": b"\xa5\x5a\x00\x03\x00\x00\x10\x00" + b"\0" * 8 + b"begun",
        "noise": bytes(range(256)) * 64,
    }
    os.write(62, pieces[kind])
    return True


def flood(megabytes):
    """From several threads and both streams at once."""
    line = b"y" * 4095 + b"\n"

    def pour(descriptor):
        for _ in range(megabytes * 256):
            os.write(descriptor, line)

    threads = [threading.Thread(target=pour, args=(descriptor,)) for descriptor in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return True
