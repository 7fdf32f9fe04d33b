"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from handgrad.errors import DataError


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside the path and rename over it, so that a failure or an interrupt leaves no half-written file."""
    check_writable(path)
    temporary = ""
    try:
        with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # what open() would give; a temporary file is private
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}", remedy="choose another -o") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def check_writable(path: Path) -> None:
    """A DataError where a file cannot be made: better before the training than after it."""
    if path.is_dir():
        raise DataError(f"{path} is a directory", remedy="name a file in it")
    if not path.parent.is_dir():
        raise DataError(f"there is no directory {path.parent}", remedy="make it, or choose another path")
    if not os.access(path.parent, os.W_OK):
        raise DataError(f"{path.parent} is not writable", remedy="choose another path")
