"""check: params.yaml is valid and the data it names is there, known before any output of an earlier run is touched."""

from stages.core import artifacts
from stages.core.command import run
from stages.core.errors import StageError
from stages.params import Params

CHECKED = "data/checked.txt"


def main(params: Params) -> None:
    for name in ("digits", "text", "reviews"):
        try:
            artifacts.is_folder(getattr(params.data, name))
        except StageError as error:
            raise StageError(
                f"params.yaml: data.{name}: {error}; a path is relative to here, and ~ is no path"
            ) from error
    # Constant: a valid edit of params.yaml runs this stage and none that does not read the edited key.
    artifacts.write_text(CHECKED, "params.yaml is valid\n")


if __name__ == "__main__":
    run(main)
