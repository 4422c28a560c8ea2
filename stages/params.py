"""params.yaml as typed objects. Bounds are here, values are in params.yaml: nothing has a default in code."""

import difflib
import itertools
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from stages.core import artifacts
from stages.core.errors import StageError, shortened

PATH = Path("params.yaml")
Model = TypeVar("Model", bound=BaseModel)


Whole = Annotated[int, Field(strict=True)]
Count = Annotated[Whole, Field(ge=1, le=100_000_000)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(gt=0, lt=0.5)]
Dropout = Annotated[Number, Field(ge=0, lt=1)]
Rate = Annotated[Number, Field(gt=0, le=1)]
Noise = Annotated[Number, Field(gt=0, le=10)]
Titles = Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
Width = Annotated[Whole, Field(ge=1, le=4096)]
Batch = Annotated[Whole, Field(ge=1, le=65_536)]
Optimizer = Literal["adam", "muon"]
Sharpness = Annotated[Number, Field(gt=0, le=2)]
TextUnits = Annotated[list[Width], Field(min_length=1)]


class Section(BaseModel):
    """A part of params.yaml: unknown keys are refused, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Data(Section):
    """Where each dataset comes from."""

    digits: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(min_length=1)]
    reviews: Annotated[str, Field(min_length=1)]
    limit: Annotated[Whole, Field(ge=100)] | None


class Shares(Section):
    """Shares of the rows held out, for a dataset whose source has no official test part."""

    validation: Share
    test: Share


class Split(Section):
    """The held-out shares of each labelled dataset."""

    digits: Shares
    reviews: Shares


class Training(Section):
    """How long and how fast a network is trained; after each epoch, a part of the steps, it is validated."""

    steps: Count
    epochs: Annotated[Whole, Field(ge=1, le=10_000)]
    batch: Batch
    learning_rate: Rate

    @model_validator(mode="after")
    def _no_empty_epoch(self) -> "Training":
        if self.steps is not None and self.steps < self.epochs:
            raise ValueError("it should have at least as many steps as epochs")
        return self


class DigitTraining(Training):
    """Training on digits, some of them moved a little."""

    shifted: Annotated[Number, Field(ge=0, le=1)]


class Autoencoder(Section):
    """The basic autoencoder, besides the size of its code, which is `latent`."""

    compare_latents: Annotated[list[Annotated[Whole, Field(ge=1, le=784)]], Field(min_length=1)]
    hidden: list[Width]
    training: DigitTraining


class DenseDenoiser(Section):
    """The fully connected denoiser, besides the size of its code, which is `latent`."""

    hidden: list[Width]
    training: DigitTraining


class ConvDenoiser(Section):
    """The convolutional denoiser."""

    channels: Annotated[list[Width], Field(min_length=2, max_length=2)]
    units: Width
    training: DigitTraining


class Denoiser(Section):
    """Noise, the networks trained on it, and what they are measured on."""

    noise_std: Noise
    dense: DenseDenoiser
    conv: ConvDenoiser
    noise_levels: Annotated[list[Noise], Field(min_length=1)]
    level_digits: Count


class Documents(Section):
    """Titles of the documents held out whole."""

    validation: Titles
    test: Titles

    @model_validator(mode="after")
    def _apart(self) -> "Documents":
        if both := sorted(set(self.validation) & set(self.test)):
            raise ValueError(f"it should not name a document under validation and under test: {', '.join(both)}")
        return self


class TextNetwork(Section):
    """Shape of the LSTM that the text model has."""

    embedding: Width | None
    units: TextUnits | None
    dropout: Dropout | None
    sharpness: Sharpness | None


class TextNgrams(Section):
    """The n-gram model, which is a baseline and the text model's second part."""

    order: Annotated[Whole, Field(ge=2, le=12)]
    contexts: Annotated[Whole, Field(ge=0, le=4_000_000)]


class TextTraining(Training):
    """Training on contiguous text, the network's memory carried from step to step."""

    optimizer: Optimizer | None
    steps: Count | None
    batch: Batch | None
    length: Annotated[Whole, Field(ge=1, le=4096)]
    passage: Count | None
    learning_rate: Rate | None
    clip: Annotated[Number, Field(gt=0)]


class TextSize(Section):
    """What is chosen for a training text of so many characters or more."""

    characters: Annotated[Whole, Field(ge=0)]
    units: TextUnits
    dropout: Dropout
    sharpness: Sharpness
    optimizer: Optimizer
    steps: Count
    batch: Batch
    passage: Count
    learning_rate: Rate


class Sampling(Section):
    """What the text model writes to be looked at and measured."""

    prompt: Annotated[str, Field(min_length=1, max_length=10_000)]
    length: Annotated[Whole, Field(ge=1, le=100_000)]
    samples: Annotated[Whole, Field(ge=1, le=256)]


class Textgen(Section):
    """The text model: its text, network, training and samples."""

    documents: Documents
    holdout: Shares
    network: TextNetwork
    ngrams: TextNgrams
    training: TextTraining
    sizes: Annotated[list[TextSize], Field(min_length=1)]
    temperatures: Annotated[list[Annotated[Number, Field(gt=0, le=100)]], Field(min_length=1, max_length=16)]
    sampling: Sampling

    @model_validator(mode="after")
    def _rising(self) -> "Textgen":
        least = [row.characters for row in self.sizes]
        if least[0] != 0 or any(a >= b for a, b in itertools.pairwise(least)):
            raise ValueError(f"it should have sizes whose characters begin with 0 and rise; they are {least}")
        if self.training.steps is None and min(row.steps for row in self.sizes) < self.training.epochs:
            raise ValueError("it should have sizes with at least as many steps as training.epochs")
        return self


class SentimentNetwork(Section):
    """What the classifier of reviews reads, and the sizes of its layers."""

    vocabulary: Annotated[Whole, Field(ge=1, le=1_000_000)]
    ngrams: Annotated[Whole, Field(ge=1, le=10_000_000)]
    length: Annotated[Whole, Field(ge=1, le=10_000)]
    head: Annotated[Number, Field(ge=0, le=1)]
    embedding: Width
    filters: Width
    pool: Annotated[Whole, Field(ge=1, le=64)]
    units: Width
    dropout: Dropout
    word_dropout: Dropout
    sentence_scale: Annotated[Number, Field(gt=0, le=10_000)]
    clause_scale: Annotated[Number, Field(gt=0, le=10_000)]
    ngram_dropout: Dropout
    ngram_penalty: Annotated[Number, Field(gt=0, le=1_000_000)]


class SentimentTraining(Training):
    """How the classifier is trained: each step also reads texts of further sources, and negated clauses."""

    others: Annotated[Whole, Field(ge=0, le=10_000)]
    negations: Annotated[Whole, Field(ge=0, le=10_000)]


class Sentiment(Section):
    """The classifier of reviews."""

    network: SentimentNetwork
    training: SentimentTraining


class Params(Section):
    """The whole of params.yaml."""

    seed: Annotated[Whole, Field(ge=0, le=2**31 - 1)]
    threads: Annotated[Whole, Field(ge=1, le=256)]
    latent: Annotated[Whole, Field(ge=1, le=784)]
    data: Data
    split: Split
    autoencoder: Autoencoder
    denoiser: Denoiser
    textgen: Textgen
    sentiment: Sentiment


def validated(model: type[Model], content: Any, path: Path) -> Model:
    """A file's content as a typed object, or a StageError: for each wrong key its name, its value, what is allowed."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise StageError(*(f"{path}: {_explain(model, problem)}" for problem in error.errors())) from error


def _explain(section: Any, problem: dict[str, Any]) -> str:
    """One problem that pydantic found in a section, in a line."""
    key = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"{key} is missing"
    if problem["type"] == "extra_forbidden":
        for part in problem["loc"][:-1]:  # a number is a place in a list
            section = section.model_fields[part].annotation if isinstance(part, str) else get_args(section)[0]
        known = list(section.model_fields)
        close = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        return f"unknown key {key}; " + (f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}")
    allowed = problem["msg"].removeprefix("Value error, ").replace("Input should", "it should")
    return f"{key or 'the file'} is {shortened(repr(problem['input']))}; {allowed}"


def load(path: Path = PATH) -> Params:
    """Read and validate the whole of params.yaml."""
    return validated(Params, artifacts.read_yaml(path), path)
