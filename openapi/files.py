"""Files that are written completely or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path


def replace_file(path: Path, content: bytes) -> None:
    """Write a file beside its place and rename it, so that an error leaves the old file whole.

    A symbolic link stays, and so do the permissions and the owner of an old file. The content is
    written in place if `path` is a device or a pipe, or if its folder accepts no other file.

    Raises OSError.
    """
    if _is_special(path):
        path.write_bytes(content)
        return
    place = Path(os.path.realpath(path))
    old = place.stat() if place.exists() else None
    if old:
        place.open("r+b").close()  # a rename would replace a read-only file, too
    new = place.with_name(f".aisa-testkit-{secrets.token_hex(8)}")
    try:
        with new.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if old:
            _copy_permissions(old, new)
        new.replace(place)
    except OSError as error:
        # EBUSY: the file is a mount of its own, as in a container.
        if not old or error.errno not in (errno.EACCES, errno.EPERM, errno.EBUSY):
            raise
        place.write_bytes(content)
    finally:
        new.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    """Return True for a device or a pipe, and for an open file such as /dev/stdout."""
    if Path(os.path.abspath(path)).parts[:2] in (("/", "dev"), ("/", "proc")):
        return True
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


def _copy_permissions(old: os.stat_result, path: Path) -> None:
    if hasattr(os, "chown"):
        with suppress(OSError):  # only an administrator may give a file away
            os.chown(path, old.st_uid, old.st_gid)
    path.chmod(stat.S_IMODE(old.st_mode))
