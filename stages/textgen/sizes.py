"""What params.yaml leaves open for the text model: chosen by the size of the training text."""

from typing import Any

from stages.params import Textgen


def chosen(settings: Textgen, characters: int) -> Textgen:
    """Settings in which nothing is left open.

    Args:
        settings: `network.units`, `network.dropout` and `training.steps` may be empty; `sizes` says what they are then.
        characters: of the training text.

    Returns:
        A copy with the values of the last row of `sizes` that asks for no more characters than there are.
    """
    row = [row for row in settings.sizes if row.characters <= characters][-1]
    network = {name: getattr(row, name) for name in ("units", "dropout") if getattr(settings.network, name) is None}
    training = {"steps": row.steps} if settings.training.steps is None else {}
    return settings.model_copy(
        update={
            "network": settings.network.model_copy(update=network),
            "training": settings.training.model_copy(update=training),
        }
    )


def of(settings: Textgen, characters: int) -> dict[str, Any]:
    """What `chosen` chose, as the model's file carries it, with how often the training reads the text."""
    network, training = settings.network, settings.training
    return {
        "units": network.units,
        "dropout": network.dropout,
        "steps": training.steps,
        "passes": training.steps * training.batch * training.length / characters,
    }


def sentence(settings: Textgen, characters: int) -> str:
    """What `chosen` chose, and why."""
    found, training = of(settings, characters), settings.training
    return (
        f"{characters:,} characters to train on: units {found['units']}, dropout {found['dropout']:g}, "
        f"{found['steps']:,} steps of {training.batch} × {training.length} characters, "
        f"{found['passes']:.1f} times the text"
    )
