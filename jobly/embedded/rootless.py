"""Run PostgreSQL, which refuses root, when we are root: no useradd, no chmod of anybody's home."""

import contextlib
import ctypes
import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jobly.embedded.processes import LIBC, ServerFailed

CLONE_NEWUSER = 0x10000000
NOBODY = 65534
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
LINUX_CAPABILITY_VERSION_3 = 0x20080522


@dataclass(frozen=True, slots=True)
class Disguise:
    """How the server's process stops being root, and who then owns its files."""

    owner: int
    put_on: Callable[[], None] | None


def disguise_for(data: Path) -> Disguise:
    """Choose how to run a server on `data`: as ourselves, in a user namespace, or as another user.

    A directory made one way is not readable the other way, so its owner decides.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise ServerFailed(f"{data} belongs to user {owner}: run as that user or move it away")
        return Disguise(os.geteuid(), None)
    if owner in (None, 0) and namespaces_work():
        return Disguise(0, enter_namespace)
    user = _unprivileged(owner)
    group = _group_of(user)
    return Disguise(user, lambda: _become(user, group))


def namespaces_work() -> bool:
    """Say if this root may open a private user namespace (a container's filter may refuse it)."""
    if os.environ.get("JOBLY_NO_USERNS") or sys.platform != "linux":
        return False
    try:
        subprocess.run(["/bin/true"], preexec_fn=enter_namespace, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def enter_namespace() -> None:
    """Be user 65534 inside a private namespace while files stay ours outside."""
    if LIBC.unshare(CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")
    for name, value in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} 0 1"),
        ("gid_map", f"{NOBODY} 0 1"),
    ):
        with Path("/proc/self", name).open("w") as file:
            file.write(value)


def give(path: Path, owner: int) -> None:
    """Make `owner` own a directory tree, which may have been made under another disguise."""
    if os.geteuid() != 0 or path.stat().st_uid == owner:
        return
    group = _group_of(owner)
    for folder, _, names in os.walk(path):
        for name in (".", *names):
            os.chown(Path(folder, name), owner, group, follow_symlinks=False)


def _unprivileged(owner: int | None) -> int:
    if owner:
        return owner
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    return NOBODY


def _group_of(user: int) -> int:
    try:
        return pwd.getpwuid(user).pw_gid
    except KeyError:
        return user


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def _become(user: int, group: int) -> None:
    """Change to `user` but keep the right to walk through closed directories.

    The checkout and the data may lie below a 0700 home that this user could not enter.
    """
    if sys.platform != "linux":
        os.setgid(group)
        os.setuid(user)
        return
    # Rights outlive the change of user, and access(2), which initdb asks, counts them too.
    LIBC.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    bit = 1 << CAP_DAC_OVERRIDE
    header = _CapHeader(LINUX_CAPABILITY_VERSION_3, 0)
    data = (_CapData * 2)(_CapData(bit, bit, bit), _CapData(0, 0, 0))
    # Without this right the server may still find its files readable, so a refusal is not fatal.
    if LIBC.capset(ctypes.byref(header), data) == 0:
        LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)
