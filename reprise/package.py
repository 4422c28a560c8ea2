"""An exported network as a folder that works alone: what else it needs, an example, its card, what goes in and out."""

import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import keras

from stages.autoencoder import model as autoencoders
from stages.core import artifacts
from stages.sentiment import attached, thresholds
from stages.textgen import characters
from stages.textgen import model as textgen

EXAMPLES = Path(__file__).parent / "examples"
CARDS = "report/cards"
IMAGE = "grey values, black 0 and white 1, light on dark"
Content = dict[str, bytes | memoryview]


class Form(NamedTuple):
    """A format of exported networks: name of the file or folder, the module that runs it, the packages it needs."""

    network: str
    runner: str
    packages: tuple[str, ...]


FORMS = {
    "onnx": Form("model.onnx", "network_onnx.py", ("onnxruntime", "numpy")),
    "tf_saved_model": Form("model", "network_tensorflow.py", ("tensorflow", "numpy")),
}


class Kind(NamedTuple):
    """A kind of model: what its folder holds beside the network, and the words of its README."""

    example: str
    what: str
    command: str
    usage: str
    told: str
    meanings: dict[str, str]  # of the inputs by name, and of the "output"
    files: dict[str, str]  # name → what it is
    content: Callable[[Path, keras.Model], Content]


def _autoencoder(path: Path, model: keras.Model) -> Content:
    return {"settings.json": _json({"latent": autoencoders.latent_of(model)})}


def _textgen(path: Path, model: keras.Model) -> Content:
    _, _, vocabulary, seed = textgen.attached(path, model)
    return {
        "settings.json": _json({"vocabulary": vocabulary, "seed": seed}),
        "characters.py": artifacts.read_bytes(Path(characters.__file__)),
    }


def _sentiment(path: Path, model: keras.Model) -> Content:
    carried = attached.read(path, model)
    sizes = {name: getattr(carried.network, name) for name in ("vocabulary", "length", "head", "pool")}
    return {
        "settings.json": _json({"threshold": thresholds.most_accurate(carried.thresholds), **sizes}),
        "thresholds.json": _json(carried.thresholds),
        "vocabulary.txt": "".join(f"{word}\n" for word in carried.vocabulary).encode(),
        "ngrams.npy": artifacts.npy(carried.ngrams),
    }


def _json(content: Any) -> bytes:
    return artifacts.json_text(content).encode()


DENOISER = Kind(
    "denoiser.py",
    "a clean digit from a noisy one",
    "denoise",
    "noisy.pgm clean.pgm",
    "It writes the second picture. One larger than 28 × 28 pixels is cut into tiles that overlap and are blended.",
    {"image": IMAGE, "noisy_image": IMAGE, "output": "the same without noise"},
    {},
    lambda path, model: {},
)
KINDS = {
    "autoencoder": Kind(
        "autoencoder.py",
        "a digit through a small code and back",
        "reconstruct",
        "digit.pgm copy.pgm",
        "It writes the copy, and prints the size of the code and the error. The digit has to have 28 × 28 pixels.",
        {"image": IMAGE, "output": "the copy, decoded from the code"},
        {"settings.json": "`latent`, the size of the code"},
        _autoencoder,
    ),
    "denoiser-conv": DENOISER,
    "denoiser-dense": DENOISER,
    "sentiment": Kind(
        "sentiment.py",
        "is a film review positive?",
        "sentiment",
        '"A film I will not forget" "Dull and slow."',
        "It prints a line for each review: the verdict, the probability that it is positive, the threshold.",
        {
            "words": "numbers of the words: 0 padding, 1 an unknown word, 2 the first one of vocabulary.txt; their "
            "number is a multiple of `pool`",
            "ngrams": "numbers of the different n-grams in it: 0 padding, 1 the first one of ngrams.npy",
            "output": "probability that the review is positive",
        },
        {
            "settings.json": "`threshold` of a positive verdict, the most accurate on validation reviews; "
            "`vocabulary`, words that have a vector, later ones are unknown to `words`; `length` and `head`: of a "
            "longer review, a share `head` of `length` words is read from its beginning, the rest from its end",
            "thresholds.json": "accuracy, precision and recall on validation reviews at each threshold",
            "vocabulary.txt": "a word a line, most frequent first",
            "ngrams.npy": "key of each n-gram, int64: the numbers of its words, in base words + 2",
        },
        _sentiment,
    ),
    "textgen": Kind(
        "textgen.py",
        "a text, character by character",
        "generate --prompt",
        '"ROMEO:" 200',
        "It goes on with the text; after the prompt stand the number of characters, the temperature and the seed. All "
        "of the text is read again for each character, so it grows slower as the text grows.",
        {
            "characters": "numbers of characters: their places in `vocabulary`, 0 for one that it lacks",
            "output": "logits of the next character after each one; softmax makes them probabilities",
        },
        {
            "settings.json": "`vocabulary`, the character of each number; `seed`, that of the training",
            "characters.py": "from text to numbers and back, and the choice of each next character",
        },
        _textgen,
    ),
}


def contents(name: str, form: str, path: Path, model: keras.Model, repository: Path) -> Content:
    """All files of the folder but the network: name → content.

    Args:
        name: of the model, in `KINDS`.
        form: in `FORMS`.
        path: of the model's file, which carries what is needed beside the network.
        model: loaded from it.
        repository: where the model's card is.

    Raises:
        StageError: the file carries something else; the card is missing.
    """
    kind, used = KINDS[name], FORMS[form]
    versions = (f"{package}=={importlib.metadata.version(package)}\n" for package in used.packages)
    return {
        "README.md": _readme(name, form, model).encode(),
        "MODEL_CARD.md": artifacts.read_bytes(repository / CARDS / f"{name}.md"),
        "requirements.txt": "".join(versions).encode(),
        "example.py": artifacts.read_bytes(EXAMPLES / kind.example),
        "network.py": artifacts.read_bytes(EXAMPLES / used.runner),
        **kind.content(path, model),
    }


def _readme(name: str, form: str, model: keras.Model) -> str:
    kind, used = KINDS[name], FORMS[form]
    signature = [
        {
            "kind": "input" if tensor in model.inputs else "output",
            "name": tensor.name if tensor in model.inputs else "output",
            "shape": f"({', '.join(map(str, ['n', *(size or 'length' for size in tensor.shape[1:])]))})",
            "type": tensor.dtype,
        }
        for tensor in [*model.inputs, *model.outputs]
    ]
    files = {
        "example.py": "how to use it, from the input to the result",
        "network.py": "loads the network",
        used.network: "the network, " + ("ONNX" if form == "onnx" else "TensorFlow's SavedModel"),
        **kind.files,
        "MODEL_CARD.md": "data, results, limits",
    }
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(EXAMPLES), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("README.md.j2").render(
        kind._asdict()
        | {
            "name": name,
            "needs": used.packages[0],
            "network": used.network,
            "pictures": "image" in kind.meanings,
            "signature": [one | {"meaning": kind.meanings[one["name"]]} for one in signature],
            "files": files,
        }
    )
