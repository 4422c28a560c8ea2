"""A dataset of the pipeline: where its path in params.yaml leads to, and the neutral raw file that it becomes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from stages.core import artifacts
from stages.datasets import own
from stages.params import Params


def test_half(count: int) -> str:
    """For `Dataset.sizes`: how many rows the source itself sets apart for testing."""
    return f"{count:,} of them set apart for testing" if count else "none set apart for testing"


class Dataset(NamedTuple):
    """What the three datasets share; each of the first three functions raises a StageError about its source.

    Args:
        name: of its key in params.yaml: `data.<name>`.
        output: the raw file.
        packaged, keras, own: a path → content, for packaged.txt, for keras.txt, and for the user's own data. The
            content has a `provenance`; that of the user's own data has a `format`: what the data was taken for.
        write: writes the raw file, given its path and the content.
        sizes: a content in a few words, such as "70,000 images".
    """

    name: str
    output: str
    packaged: Callable[[Path], Any]
    keras: Callable[[Path], Any]
    own: Callable[[Path], Any]
    write: Callable[[str, Any], None]
    sizes: Callable[[Any], str]

    @property
    def provenance(self) -> str:
        """Path of the JSON file that says where the data came from."""
        return str(Path(self.output).with_suffix(".json"))

    def load(self, source: Path) -> Any:
        """The data of a source.

        Args:
            source: as `data.<name>` in params.yaml.

        Raises:
            StageError: it cannot be had or is not what it should be.
        """
        if source.name == "packaged.txt":
            return self.packaged(source)
        if source.name == "keras.txt":
            return self.keras(source)
        content = self.own(source)
        read_as = content.provenance["format"]
        print(f"data.{self.name}: {own.printable(source)} is read as {read_as}: {self.sizes(content)}")
        return content

    def main(self, params: Params) -> None:
        """The stage: the source that params.yaml names → the raw file and its provenance."""
        content = self.load(Path(getattr(params.data, self.name)))
        self.write(self.output, content)
        artifacts.write_json(self.provenance, content.provenance)
        print(f"{self.name}: {self.sizes(content)} → {self.output}")
