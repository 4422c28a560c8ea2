"""Keras models as files: the same bytes for the same model, with all that is needed to use them."""

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import ConfigDict, Field

from stages.core import artifacts
from stages.core.errors import StageError, shortened
from stages.params import Section, Whole, validated

ATTACHED = "reprise"  # folder in a .keras archive
DIGEST = f"{ATTACHED}/digest.txt"


class Carried(Section):
    """What a model file carries beside the network, as far as the commands need it; each task has a class of its own.

    `names` are those that its networks have, `what` says what they are.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)
    names: ClassVar[tuple[str, ...]]
    what: ClassVar[str]

    seed: Annotated[Whole, Field(ge=0)]


def write(path: str | Path, model: Any, attached: Mapping[str, Any] | None = None) -> None:
    """Write a Keras model, without its optimizer, as a .keras file whose bytes depend on the model alone.

    Keras stores the date, the ids of objects in memory and the time of the zip's members; none of them is needed to
    load the model, so the archive is written again without them. `keras.models.load_model` reads the result.

    `attached` is what else is needed to use the model, such as its vocabulary: arrays, and what JSON can hold. It
    stands in the archive as `ATTACHED`/<name>.npy and .json, where Keras does not look; `load` reads it. A digest ties
    it to the network: weights with another model's vocabulary would give other answers, and no error.
    """
    import keras

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = artifacts.temporary_name(path, ".tmp.keras")
    try:
        keras.Model(model.input, model.output, name=model.name).save(temporary)
        with zipfile.ZipFile(temporary) as archive:
            members = {name: archive.read(name) for name in sorted(archive.namelist())}
    except OSError as error:
        raise StageError(f"cannot write {path}: {shortened(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)
    metadata = json.loads(members["metadata.json"])
    metadata.pop("date_saved", None)
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = _renumber_shared_objects(members["config.json"].decode()).encode()
    for name, value in sorted((attached or {}).items()):
        if isinstance(value, np.ndarray):
            members[f"{ATTACHED}/{name}.npy"] = artifacts.npy(value)
        else:
            members[f"{ATTACHED}/{name}.json"] = json.dumps(value, ensure_ascii=False).encode()
    members[DIGEST] = digest({name: zlib.crc32(content) for name, content in members.items()})
    artifacts.write_zip(path, members)


def digest(checksums: Mapping[str, int]) -> bytes:
    """The member `DIGEST` of an archive, from the CRC-32 of each other member."""
    others = sorted(item for item in checksums.items() if item[0] != DIGEST)
    return hashlib.sha256(repr(others).encode()).hexdigest().encode()


def _renumber_shared_objects(config: str) -> str:
    """Replace each `shared_object_id`, an address in memory, by the order in which it first appears."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'("shared_object_id": )(\d+)',
        lambda match: match[1] + str(numbers.setdefault(match[2], len(numbers))),
        config,
    )


def load(path: str | Path, kind: type[Carried]) -> tuple[Any, dict[str, Any]]:
    """A network for inference and what its file carries, by name, all of it of one `kind`."""
    network = read(path)
    if network.name not in kind.names:
        raise StageError(f"{path} is not {kind.what}: its name is {network.name!r}")
    carried: dict[str, Any] = {}
    try:
        # np.load makes arrays of .npy members, bytes of all others.
        with np.load(path, allow_pickle=False) as archive:
            checksums = {member.filename: member.CRC for member in archive.zip.infolist()}
            if DIGEST not in checksums or archive[DIGEST] != digest(checksums):
                raise StageError(f"{path} is not as its training wrote it; `dvc repro` trains it anew")
            for name in kind.model_fields:
                if f"{ATTACHED}/{name}" in archive.files:
                    carried[name] = archive[f"{ATTACHED}/{name}"]
                elif f"{ATTACHED}/{name}.json" in archive.files:
                    carried[name] = json.loads(archive[f"{ATTACHED}/{name}.json"])
    except artifacts.DAMAGED as error:
        raise StageError(f"{path} is not a whole Keras model: {shortened(error)}") from error
    return network, validated(kind, carried, Path(path)).model_dump()


def read(path: str | Path) -> Any:
    """Load a .keras file for inference (not compiled, no code from the file is run); its weights are numbers."""
    import keras

    artifacts.check_file(path, made=True)
    try:
        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged or hostile configuration can make Keras raise anything
        raise StageError(f"{path} is not a whole Keras model: {shortened(error)}") from error
    for weight in network.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
            raise StageError(f"{path} is not a trained model: {weight.path} has values that are not finite numbers")
    return network
