"""evaluate-denoiser: every denoiser on the same noisy digits, and on weaker and stronger noise than it was made for."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import SIDE, scaled
from stages.core.rng import rng
from stages.core.split import PARTS, every
from stages.denoiser import baselines, recognition
from stages.denoiser.preprocess import DATA, MODELS, add_noise
from stages.evaluation import charts, measures
from stages.evaluation.charts import Classes, first_of_each
from stages.params import Params
from stages.training import layers

AUTOENCODER = "models/autoencoder.keras"
METRICS = "metrics/denoiser.json"
EVALUATION = "data/denoiser/evaluation.json"  # all that is measured
INVENTED = "data/denoiser/invented.json"

TUNED_ON = 100  # validation digits: enough to place a filter's setting, and quick
TAUGHT = 20_000  # training digits that the classifier learns from at most
SUBSET = 500  # test digits, evenly spread over all, for what takes long: filters, and what is compared with them
SHOWN = 10
LABELS = {
    "clean": "clean",
    "noisy": "noisy",
    "median": "3×3 median",
    "classical": "non-local means",
    "autoencoder": "basic autoencoder",
    "dense": "dense denoiser",
    "conv": "conv denoiser",
}

Denoiser = Callable[[np.ndarray, float], np.ndarray]


class Test(NamedTuple):
    """The test digits, shape (n, 28, 28), and what they are."""

    clean: np.ndarray
    noisy: np.ndarray
    labels: np.ndarray
    classes: Classes


def main(params: Params) -> None:
    data, std = artifacts.read_npz(DATA), params.denoiser.noise_std
    test = Test(scaled(data["test"]), data["test_noisy"], data["test_labels"], Classes(data))
    held_out, held_out_noisy = scaled(data["validation"]), data["validation_noisy"]
    rows = every(len(held_out), TUNED_ON)
    tuned = {name: baselines.tune(name, held_out[rows], held_out_noisy[rows], std) for name in baselines.METHODS}
    networks = {name: model_files.read(path) for name, path in {"autoencoder": AUTOENCODER, **MODELS}.items()}
    methods = denoisers(networks, tuned["non_local_means"])
    taught = every(len(data["train"]), TAUGHT)
    classifier = recognition.Classifier(scaled(data["train"][taught]), data["train_labels"][taught])

    restored = {name: methods[name](test.noisy, std) for name in ("noisy", *networks)}
    evaluation = {
        "noise_std": std,
        "digits": {**{part: len(data[part]) for part in PARTS}, "some": min(SUBSET, len(test.clean))},
        "parameters": {name: networks[name].count_params() for name in MODELS},
        **compare(test, restored, tuned, classifier, params),
    }
    names = ("noisy", "classical", "best_filter", "dense", "conv")
    headlines = {name: {"psnr": evaluation[name]["psnr"]} for name in names}
    headlines["minus_baseline"] = evaluation["conv_minus_best_filter"]["psnr_interval"]
    artifacts.write_json(EVALUATION, evaluation)
    artifacts.write_json(METRICS, headlines)
    artifacts.write_csv("plots/denoiser/levels.csv", levels(test.clean, methods, params))
    plan = [{"group": name, **row} for name in MODELS for row in measures.layers(networks[name])]
    artifacts.write_csv("plots/denoiser/layers.csv", plan)
    examine(test, lambda images: apply(networks["conv"], images), classifier, params)
    hardest = np.argsort(image_quality.psnr(test.clean, restored["conv"]), kind="stable")[:SHOWN]
    title = f"Test digits with noise {std:g}, by every method"
    draw("methods", title, test, first_of_each(test.labels), methods, std)
    draw("worst", f"The test digits that the conv denoiser restores worst, noise {std:g}", test, hardest, methods, std)
    conv, dense, best = (evaluation[name]["psnr"] for name in ("conv", "dense", "best_filter"))
    print(f"PSNR on {len(test.clean)} test digits: conv {conv:.2f} dB, dense {dense:.2f} dB;")
    print(f"the best filter, on {evaluation['digits']['some']} of them: {best:.2f} dB")


apply = partial(layers.apply, batch=250)  # half of what is usual: a tenth less memory for all of the stage


def denoisers(networks: dict[str, Any], settings: dict[str, float]) -> dict[str, Denoiser]:
    """All that are compared: name → (noisy images, standard deviation of the noise) → images.

    The networks do not get the strength of the noise; the filters do. `settings` are of non-local means, as tuned.
    """
    return {
        "noisy": lambda images, std: images,
        "median": lambda images, std: baselines.median(images),
        "classical": partial(baselines.non_local_means, **settings),
        **{name: lambda images, std, model=model: apply(model, images) for name, model in networks.items()},
    }


def compare(
    test: Test,
    restored: dict[str, np.ndarray],
    tuned: dict[str, dict[str, float]],
    classifier: recognition.Classifier,
    params: Params,
) -> dict[str, Any]:
    """Quality of all test digits as networks restore them; of the filters, and recognition, of `SUBSET` of them."""
    std, seed = params.denoiser.noise_std, params.seed
    subset = every(len(test.clean), SUBSET)
    clean, noisy, labels = test.clean[subset], test.noisy[subset], test.labels[subset]
    filtered = {name: method(noisy, std, **tuned[name]) for name, method in baselines.METHODS.items()}
    filter_psnr = {name: image_quality.psnr(clean, images) for name, images in filtered.items()}
    best = max(filter_psnr, key=lambda name: filter_psnr[name].mean())
    conv, dense = (image_quality.psnr(test.clean, restored[name]) for name in ("conv", "dense"))
    by_filters = {"median": baselines.median(noisy), "classical": filtered["non_local_means"]}
    read = {"clean": clean, **by_filters, **{name: images[subset] for name, images in restored.items()}}
    return {
        "recognition": {name: np.mean(classifier.read(images)[0] == labels) for name, images in read.items()},
        **{name: quality(test.clean, images, seed=seed) for name, images in restored.items()},
        **{name: quality(clean, images, seed=seed) for name, images in by_filters.items()},
        "best_filter": {"name": best, "psnr": filter_psnr[best].mean()},
        "filters": {name: {"psnr": filter_psnr[name].mean(), **tuned[name]} for name in filtered},
        "conv_on_some": {"psnr": conv[subset].mean()},
        "conv_minus_classical": gain(conv[subset] - filter_psnr["non_local_means"], seed=seed),
        "conv_minus_best_filter": gain(conv[subset] - filter_psnr[best], seed=seed),
        "conv_minus_dense": gain(conv - dense, seed=seed),
    }


def quality(clean: np.ndarray, images: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Mean MSE, PSNR (dB, peak 1, the mean over images of each one's) and SSIM; the 95 % interval of the PSNR."""
    interval = measures.interval(image_quality.psnr(clean, images), seed=seed)
    return {**image_quality.means(clean, images), "psnr_interval": interval}


def gain(differences: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Mean of the differences in PSNR between two methods on the same digits, in dB, and its 95 % interval."""
    return {"psnr": differences.mean(), "psnr_interval": measures.interval(differences, seed=seed)}


def levels(clean: np.ndarray, methods: dict[str, Denoiser], params: Params) -> list[dict[str, float | str]]:
    """Mean PSNR (dB) of each method at each of `denoiser.noise_levels`, on some test digits with noise of its own."""
    clean = clean[every(len(clean), params.denoiser.level_digits)]
    rows = []
    for number, std in enumerate(params.denoiser.noise_levels):
        noisy = add_noise(clean, std, rng(params.seed, "denoiser/noise levels", number))
        for name, method in methods.items():
            psnr = image_quality.psnr(clean, method(noisy, std)).mean()
            rows.append({"noise_std": std, "method": LABELS[name], "psnr": psnr})
    return rows


def draw(name: str, title: str, test: Test, rows: np.ndarray, methods: dict[str, Denoiser], std: float) -> None:
    """A picture of some test digits, with noise and by every method."""
    images = {"clean": test.clean[rows]} | {key: method(test.noisy[rows], std) for key, method in methods.items()}
    grid = {LABELS[key]: some for key, some in images.items()}
    columns = test.classes.captions(test.labels[rows])
    artifacts.write_png(f"plots/denoiser/{name}.png", charts.image_grid(grid, title=title, columns=columns))


def examine(
    test: Test, denoise: Callable[[np.ndarray], np.ndarray], classifier: recognition.Classifier, params: Params
) -> None:
    """What a denoiser is worth to a reader of test digits, and the surest of what it made wrong."""
    others = classifier.classes if test.classes.are_digits else ()
    cases = list(recognition.situations(test.clean, test.labels, params, others))
    rows, broken = recognition.examine(cases, denoise, classifier, seed=params.seed)
    artifacts.write_csv("plots/denoiser/recognition.csv", rows)
    artifacts.write_png("plots/denoiser/kinds.png", kinds(cases, denoise))
    worst = recognition.surest_of_each_kind(broken, SHOWN)
    named = [{key: test.classes.name(one.reading[key]) for key in ("digit", "read_as")} for one in worst]
    artifacts.write_json(INVENTED, [one.reading | names for one, names in zip(worst, named, strict=True)])
    artifacts.write_png("plots/denoiser/invented.png", invented(worst, test.classes))


def kinds(cases: list[recognition.Situation], denoise: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """A picture of digits in the strongest situation of each kind, each before and after a denoiser."""
    strongest = {case.kind: case for case in cases if case.digits == "test digits"}
    strongest |= {case.digits: case for case in cases if case.digits == "other digits" and case.kind == "clean"}
    grid = {}
    for kind, case in strongest.items():
        first = first_of_each(case.labels)
        seen = case.images[first[:: 2 if len(first) > SHOWN // 2 else 1]]
        name = f"{kind} {case.strength:g}" if case.strength else kind
        grid[name] = np.stack([seen, denoise(seen)], axis=1).reshape(-1, SIDE, SIDE)
    return charts.image_grid(grid, title="Each pair: before and after the conv denoiser")


def invented(worst: list[recognition.Broken], classes: Classes) -> Figure:
    """A picture of digits that were read right as they are seen, and wrong once denoised."""
    if not worst:
        return charts.text_page({"none": "no digit"}, title="Read wrong once denoised")
    rows = {"clean": "clean", "as it is seen": "seen", "conv denoiser": "denoised"}
    grid = {label: np.stack([getattr(one, name) for one in worst]) for label, name in rows.items()}
    columns = [
        ("other digits\n" if one["digits"] == "other digits" else "") + f"{one['kind']}\n"
        f"{classes.change(one['digit'], one['read_as'])}\n{one['confidence']:.0%}"
        for one in (broken.reading for broken in worst)
    ]
    title = "Read right as seen, read wrong once denoised: the surest of each kind"
    return charts.image_grid(grid, title=title, columns=columns)


def measure(
    model: Any, carried: Mapping[str, Any], images: np.ndarray, *, noise_std: float | None = None
) -> dict[str, Any]:
    """The measures that need only a model, with what its file carries, and uint8 digits, shape (n, 28, 28).

    They get noise of their own, of standard deviation `noise_std`, where none is given that of the training.
    """
    seed, std = carried["seed"], noise_std or carried["noise_std"]
    clean = scaled(images)
    noisy = add_noise(clean, std, rng(seed, "denoiser/test noise"))
    denoised = layers.apply(model, noisy)
    return {
        "digits": len(clean),
        "noise_std": std,
        "noisy": quality(clean, noisy, seed=seed),
        "denoised": quality(clean, denoised, seed=seed),
        "gain": gain(image_quality.psnr(clean, denoised) - image_quality.psnr(clean, noisy), seed=seed),
    }


if __name__ == "__main__":
    run(main)
