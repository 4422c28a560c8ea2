"""Four optimizer steps of each of the five networks, by the train stages themselves.

And what evaluation does with digits. The data are made here.

python -m tests.training.short FOLDER [--ops]

Prints, as JSON, the SHA-256 of every file that the stages have written, and with --ops the kinds of TensorFlow's ops
that have run, in graphs as they were after optimization and one by one. The networks are small.
"""

import argparse
import gc
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import stages  # noqa: F401  (pins the environment before numpy and TensorFlow are imported)
from stages.core import artifacts, digits, model_files
from stages.params import Params, load

NETWORKS = ("autoencoder", "dense", "conv", "textgen", "sentiment")
SMALL = {
    "textgen": {"embedding": 8, "units": [12], "dropout": 0.2},
    "sentiment": {"embedding": 6, "filters": 8, "units": 6, "length": 24},
}


def main(folder: Path, *, ops: bool) -> dict[str, Any]:
    """Train in a folder, which is made; return what is printed."""
    gc.disable()  # under an emulator it takes a minute, and there is little to collect
    params = changed(load())
    folder.mkdir(parents=True)
    os.chdir(folder)
    write_data()
    told: dict[str, Any] = {}
    for name in NETWORKS:
        if ops:
            told[name] = sorted(ops_of(lambda name=name: train(name, params)))
        else:
            train(name, params)
    measure_digits()
    files = sorted(path for part in ("data", "models", "plots") for path in Path(part).rglob("*") if path.is_file())
    return {"files": {path.as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}, "ops": told}


def changed(params: Params) -> Params:
    """The committed params with `SMALL` networks."""
    content = params.model_dump()
    text = content["textgen"]
    denoiser = content["denoiser"]
    content["autoencoder"]["compare_latents"] = [6]
    for section, values in SMALL.items():
        content[section]["network"] |= values
    denoiser["dense"]["hidden"] = [24]
    denoiser["conv"] |= {"channels": [4, 8], "units": 16}
    text["training"]["length"] = 12
    content["sentiment"]["training"] |= {"others": 8, "negations": 8}
    steps = {"steps": 4, "epochs": 1, "batch": 16}
    for section in (content["autoencoder"], denoiser["dense"], denoiser["conv"], text, content["sentiment"]):
        section["training"] |= steps
    return Params.model_validate(content)


def write_data() -> None:
    """Digits, a text and reviews where the preprocess stages look for them: in shapes and words, random."""
    import numpy as np

    generator = np.random.default_rng(0)
    labels = np.arange(240, dtype=np.uint8) % 10
    images = generator.integers(0, 30, (240, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[2 * label : 2 * label + 8, 4:20] = generator.integers(150, 256)
    artifacts.write_npz(digits.RAW, images=images, labels=labels, test=np.arange(240) >= 200)
    words = np.array([f"word{number}" for number in range(80)])
    lines = [" ".join(generator.choice(words, 12)) for _ in range(300)]
    artifacts.write_text("data/raw/text.txt", "\n".join(lines) + "\n")
    rows = []
    for number in range(160):
        felt = generator.choice(["superb", "lovely"] if number % 2 else ["awful", "boring"], 2)
        text = " ".join(generator.permutation([*generator.choice(words, 15), *felt]))
        rows.append({"text": text, "label": number % 2, "split": "train", "source": "reviews"})
    artifacts.write_csv("data/raw/reviews.csv", rows)


def train(name: str, params: Params) -> None:
    """Preprocess and train one network; read its model back and use it."""
    import numpy as np

    from stages.autoencoder import preprocess as autoencoder
    from stages.denoiser import preprocess as denoiser
    from stages.sentiment import preprocess as sentiment
    from stages.textgen import preprocess as textgen

    images = np.random.default_rng(1).random((20, 28, 28), dtype=np.float32)
    if name == "autoencoder":
        from stages.autoencoder import model
        from stages.autoencoder import train as stage

        autoencoder.main(params)
        stage.main(params, "sizes")
        trained = model_files.read(autoencoder.SIZES / f"latent-{params.autoencoder.compare_latents[0]}.keras")
        artifacts.write_npz("data/used/autoencoder.npz", codes=model.encode(trained, images))
        artifacts.write_npz("data/used/reconstructed.npz", images=model.reconstruct(trained, images))
    elif name in ("dense", "conv"):
        from stages.denoiser import train as stage
        from stages.training import layers

        denoiser.main(params)
        stage.main(params, name)
        restored = layers.apply(model_files.read(denoiser.MODELS[name]), images)
        artifacts.write_npz(f"data/used/{name}.npz", images=restored)
    elif name == "textgen":
        from stages.textgen import model as network
        from stages.textgen import train as stage

        textgen.main(params)
        stage.main(params)
        model = network.load(stage.MODEL)
        reader = network.reader(model.network, model.shape, 4)
        nats, _ = network.costs(reader, artifacts.read_npz(textgen.OUTPUT)["test"], 0)
        artifacts.write_npz("data/used/textgen.npz", nats=nats)
    else:
        from stages.sentiment import train as stage

        sentiment.main(params)
        stage.main(params)
        classify(artifacts.read_npz(sentiment.OUTPUT), params)


def classify(data: dict[str, Any], params: Params) -> None:
    """Use the trained classifier and its branches, all in one graph: each takes an emulated processor seconds."""
    import keras

    from stages.sentiment import encoding
    from stages.sentiment import model as network
    from stages.sentiment.train import MODEL

    sizes = params.sentiment.network
    reviews = network.reviews(data, "test", sizes)
    trained = model_files.read(MODEL)
    outputs = {"branches": network.branches(trained).output, "whole": trained.output}
    inputs = encoding.batch(reviews.words, reviews.ngrams, sizes.pool)
    artifacts.write_npz("data/used/sentiment.npz", **keras.Model(trained.input, outputs).predict_on_batch(inputs))


def measure_digits() -> None:
    """What the evaluate stages of digits do with numpy, scipy, scikit-learn and scikit-image, on a few digits."""
    import numpy as np

    from stages.autoencoder.baselines import PrincipalComponents, cross_entropy, probe
    from stages.core import image_quality
    from stages.denoiser import baselines, recognition
    from stages.denoiser.preprocess import add_noise
    from stages.evaluation import measures

    raw = artifacts.read_npz(digits.RAW)
    clean, labels = digits.scaled(raw["images"]), raw["labels"]
    noisy = add_noise(clean, 0.5, np.random.default_rng(1))
    # Every second pixel: emulated, the eigenvectors of all 784 take minutes.
    smaller, damaged = clean[:, ::2, ::2], noisy[:, ::2, ::2]
    pca = PrincipalComponents(smaller, 6)
    psnr = image_quality.psnr(clean, noisy)
    filters = {
        "non_local_means": {"patch": 5, "distance": 4, "strength": 0.5},
        "gaussian": {"sigma": 1.0},
        "total_variation": {"weight": 0.5},
        "median_gaussian": {"sigma": 0.7},
    }
    found = {
        "pca": pca.reconstruct(damaged),
        "probe": probe(pca.encode(smaller), labels, pca.encode(damaged), labels),
        "cross_entropy": np.array(cross_entropy(clean, noisy)),
        "psnr": psnr,
        "ssim": image_quality.ssim(clean, noisy),
        "interval": np.array(measures.interval(psnr, seed=7)),
        "read": np.stack(recognition.Classifier(smaller, labels).read(damaged)),
        "other_digits": recognition.other_digits()[0],
    }
    for name, settings in filters.items():
        found[name] = baselines.METHODS[name](noisy[:20], 0.5, **settings)
    for name, (_, degrade, strengths) in recognition.DEGRADATIONS.items():
        found[name] = degrade(clean[:20], strengths[0], np.random.default_rng(2))
    for name, array in found.items():
        artifacts.write_npz(f"data/used/{name}.npz", values=array)


def ops_of(act: Callable[[], None]) -> set[str]:
    """The kinds of TensorFlow's ops that run while `act` does: in optimized graphs, and one by one without a graph."""
    from tensorflow.python.eager import context
    from tensorflow.python.framework import op_callbacks

    found: set[str] = set()

    def seen(kind: str | bytes, *_: Any, **__: Any) -> None:
        found.add(kind.decode() if isinstance(kind, bytes) else kind)

    def eager(kind: Any, inputs: Any, attrs: Any, outputs: Any, op_name: Any = None, graph: Any = None) -> None:
        if graph is None:
            seen(kind)

    context.enable_graph_collection()
    with_callbacks = op_callbacks.add_op_callback
    with_callbacks(eager)
    try:
        act()
        graphs = context.context().export_run_metadata().partition_graphs
    finally:
        op_callbacks.remove_op_callback(eager)
        context.disable_graph_collection()
    for graph in graphs:
        found |= {node.op for node in graph.node}
        found |= {node.op for function in graph.library.function for node in function.node_def}
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ops", action="store_true")
    arguments = parser.parse_args()
    stdout, sys.stdout = sys.stdout, sys.stderr  # where the stages may print what they like
    print(json.dumps(main(arguments.folder, ops=arguments.ops)), file=stdout)
