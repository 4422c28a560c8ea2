"""check: params.yaml is valid, known before any output of an earlier run is touched."""

from stages import artifacts, run
from stages.params import Params

CHECKED = "data/checked.txt"


def main(params: Params) -> None:
    # Constant: a valid edit of params.yaml runs this stage and none that does not read the edited key.
    artifacts.write_text(CHECKED, "params.yaml is valid\n")


if __name__ == "__main__":
    run(main)
