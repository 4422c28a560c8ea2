"""What params.yaml leaves open for the text model: chosen by the size of the training text."""

from collections.abc import Sequence
from typing import Any

from stages.params import Textgen

NETWORK = ("units", "dropout")
TRAINING = ("optimizer", "steps", "batch", "passage", "learning_rate")


def chosen(settings: Textgen, characters: int) -> Textgen:
    """Settings in which nothing is left open.

    Args:
        settings: of its `network` and `training`, `NETWORK` and `TRAINING` may be empty; `sizes` has them then.
        characters: of the training text.

    Returns:
        A copy with the values of the last row of `sizes` that asks for no more characters than there are.
    """
    row = [row for row in settings.sizes if row.characters <= characters][-1]

    def filled(section: Any, names: Sequence[str]) -> Any:
        return section.model_copy(update={name: getattr(row, name) for name in names if getattr(section, name) is None})

    return settings.model_copy(
        update={"network": filled(settings.network, NETWORK), "training": filled(settings.training, TRAINING)}
    )


def of(settings: Textgen, characters: int) -> dict[str, Any]:
    """What `chosen` chose, as the model's file carries it, with how often the training reads the text."""
    network, training = settings.network, settings.training
    return {
        **{name: getattr(network, name) for name in NETWORK},
        **{name: getattr(training, name) for name in TRAINING},
        "passes": training.steps * training.batch * training.length / characters,
    }


def sentence(settings: Textgen, characters: int) -> str:
    """What `chosen` chose, and why."""
    found, training = of(settings, characters), settings.training
    return (
        f"{characters:,} characters to train on: units {found['units']}, dropout {found['dropout']:g}, "
        f"{found['steps']:,} steps of {training.batch} × {training.length} characters, "
        f"{found['passes']:.1f} times the text, with {training.optimizer}, a learning rate of "
        f"{training.learning_rate:g} and passages of {training.passage} steps"
    )
