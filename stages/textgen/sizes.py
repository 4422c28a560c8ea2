"""What params.yaml leaves open for the text model: chosen by the size of the training text."""

from typing import Any

from stages.params import Textgen

NETWORK = ("units", "dropout", "sharpness")
TRAINING = ("optimizer", "steps", "batch", "passage", "learning_rate")


def chosen(settings: Textgen, characters: int) -> Textgen:
    """Settings in which nothing is left open.

    What is empty in `network` and `training` is that of the last row of `sizes` that asks for no more characters than
    the training text has.
    """
    row = [row for row in settings.sizes if row.characters <= characters][-1]

    def filled(section: Any, names: tuple[str, ...]) -> Any:
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
