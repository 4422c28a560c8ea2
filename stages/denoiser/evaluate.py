"""evaluate-denoiser: every denoiser on the same noisy digits, and on weaker and stronger noise than it was made for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from stages.core import artifacts, image_quality, model_files
from stages.core.command import run
from stages.core.digits import SIDE, scaled
from stages.core.split import PARTS, every
from stages.denoiser import baselines, recognition
from stages.denoiser.preprocess import LEVELS, TEST, add_noise
from stages.denoiser.preprocess import OUTPUT as DATA
from stages.denoiser.train import MODELS
from stages.evaluation import charts, measures
from stages.evaluation.classes import Classes, first_of_each
from stages.params import Params
from stages.training import networks

AUTOENCODER = "models/autoencoder.keras"
METRICS = "metrics/denoiser.json"
PICTURE = "plots/denoiser/methods.png"
WORST = "plots/denoiser/worst.png"
LEVELS_CURVE = "plots/denoiser/levels.csv"
RECOGNITION = "plots/denoiser/recognition.csv"
KINDS_PICTURE = "plots/denoiser/kinds.png"
INVENTED = "data/denoiser/invented.json"
INVENTED_PICTURE = "plots/denoiser/invented.png"
LAYERS = "plots/denoiser/layers.csv"

TUNED_ON = 100  # validation digits: enough to place a filter's setting, and quick
TAUGHT = 10_000  # training digits that the recogniser learns from at most: its time grows with their square
SOME = (
    1000  # test digits, evenly spread over all, for what takes long: filters, reading, and what is compared with them
)
SLOW = ("classical",)  # of the methods
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


# Threads of OpenBLAS wait for each other in a busy loop: for the small matrices here, one takes less time than two.
@threadpool_limits.wrap(limits=1, user_api="blas")
def main(params: Params) -> None:
    std = params.denoiser.noise_std
    data = artifacts.read_npz(DATA)
    clean, noisy, labels = scaled(data["test"]), data["test_noisy"], data["test_labels"]
    held_out, held_out_noisy = scaled(data["validation"]), data["validation_noisy"]
    part = every(len(held_out), TUNED_ON)
    tuned = {name: baselines.tune(name, held_out[part], held_out_noisy[part], std) for name in baselines.METHODS}
    networks_of = {name: model_files.read(path) for name, path in {"autoencoder": AUTOENCODER, **MODELS}.items()}
    methods = denoisers(networks_of, tuned["non_local_means"])
    some = every(len(clean), SOME)
    rows = {name: some if name in SLOW else np.arange(len(clean)) for name in methods}
    results = {name: method(noisy[rows[name]], std) for name, method in methods.items()}
    filters = {name: method(noisy[some], std, **tuned[name]) for name, method in baselines.METHODS.items()}

    psnr = {name: image_quality.psnr(clean[rows[name]], images) for name, images in results.items()}
    filters_psnr = {name: image_quality.psnr(clean[some], images) for name, images in filters.items()}
    best = max(filters, key=lambda name: filters_psnr[name].mean())
    conv = psnr["conv"][some]
    taught = every(len(data["train"]), TAUGHT)
    machine = baselines.recogniser(scaled(data["train"][taught]), data["train_labels"][taught])
    read = {"clean": clean[some]} | {name: of if name in SLOW else of[some] for name, of in results.items()}
    metrics = {
        "noise_std": std,
        "digits": {**{part: len(data[part]) for part in PARTS}, "some": len(some)},
        "parameters": {name: networks_of[name].count_params() for name in MODELS},
        "recognition": {name: baselines.recognised(machine, images, labels[some]) for name, images in read.items()},
        **{name: quality(clean[rows[name]], images, seed=params.seed) for name, images in results.items()},
        "filters": {name: {"psnr": filters_psnr[name].mean(), **tuned[name]} for name in filters},
        "conv_on_some": {"psnr": conv.mean()},
        "conv_minus_classical": gain(conv - psnr["classical"], seed=params.seed),
        "conv_minus_best_filter": gain(conv - filters_psnr[best], seed=params.seed),
        "conv_minus_dense": gain(psnr["conv"] - psnr["dense"], seed=params.seed),
    }
    artifacts.write_json(METRICS, metrics)
    artifacts.write_csv(LEVELS_CURVE, levels(clean, methods, params))
    artifacts.write_csv(
        LAYERS, [{"network": name, **row} for name in MODELS for row in measures.layers(networks_of[name])]
    )
    reader = recognition.Reader(machine, held_out, data["validation_labels"])
    classes = Classes(data)
    examine(params, clean, labels, classes, reader, lambda images: methods["conv"](images, std))
    draw(
        {"clean": clean, **results}, psnr["conv"], lambda at: methods["classical"](noisy[at], std), labels, classes, std
    )
    print(f"PSNR on {len(clean)} test digits: conv {psnr['conv'].mean():.2f} dB, dense {psnr['dense'].mean():.2f} dB;")
    print(f"the best filter, on {len(some)} of them, is {best.replace('_', ' ')}: {filters_psnr[best].mean():.2f} dB")


def examine(
    params: Params,
    clean: np.ndarray,
    labels: np.ndarray,
    classes: Classes,
    reader: recognition.Reader,
    denoise: Callable[[np.ndarray], np.ndarray],
) -> None:
    """What a denoiser is worth to a reader of test digits, `recognition.examine`, as files."""
    cases = list(
        recognition.situations(
            clean,
            labels,
            noise_std=params.denoiser.noise_std,
            noise_levels=params.denoiser.noise_levels,
            other_classes=reader.machine.classes_ if classes.are_digits else (),
            seed=params.seed,
        )
    )
    rows, broken = recognition.examine(cases, denoise, reader, seed=params.seed)
    artifacts.write_csv(RECOGNITION, rows)
    worst = recognition.surest_of_each_kind(broken, SHOWN)
    readings = [one["reading"] for one in worst]
    told = [one | {key: classes.name(one[key]) for key in ("digit", "read_as")} for one in readings]
    artifacts.write_json(INVENTED, told)
    draw_cases(cases, worst, classes, denoise)


def measure(path: str | Path, model: Any, images: np.ndarray, *, noise_std: float | None = None) -> dict[str, Any]:
    """The measures that need only a model, with its file, and digits from anywhere, uint8, shape (n, 28, 28).

    They get noise of their own, of standard deviation `noise_std`, where none is given that of the training.
    """
    trained = model_files.attachments(path, {"seed": int, "noise_std": float})
    seed, std = trained["seed"], noise_std or trained["noise_std"]
    clean = scaled(images)
    noisy = add_noise(clean, std, np.random.default_rng([seed, TEST]))
    denoised = networks.apply(model, noisy)
    return {
        "digits": len(clean),
        "noise_std": std,
        "noisy": quality(clean, noisy, seed=seed),
        "denoised": quality(clean, denoised, seed=seed),
        "gain": gain(image_quality.psnr(clean, denoised) - image_quality.psnr(clean, noisy), seed=seed),
    }


def denoisers(networks_of: dict[str, Any], settings: dict[str, float]) -> dict[str, Denoiser]:
    """All that are compared: name → (noisy images, standard deviation of the noise) → images.

    The networks do not get the strength of the noise; the filters do.

    Args:
        networks_of: name → Keras model.
        settings: of non-local means, as tuned.
    """

    def network(name: str) -> Denoiser:
        return lambda images, std: networks.apply(networks_of[name], images)

    return {
        "noisy": lambda images, std: images,
        "median": lambda images, std: baselines.median(images),
        "classical": lambda images, std: baselines.non_local_means(images, std, **settings),
        **{name: network(name) for name in networks_of},
    }


def levels(clean: np.ndarray, methods: dict[str, Denoiser], params: Params) -> list[dict[str, float | str]]:
    """Mean PSNR of each method at each of `denoiser.noise_levels`, on some of the test digits with noise of its own.

    Returns:
        Rows of `noise_std`, `method`, `psnr` (dB).
    """
    some = clean[every(len(clean), params.denoiser.level_digits)]
    rows = []
    for number, std in enumerate(params.denoiser.noise_levels):
        noisy = add_noise(some, std, np.random.default_rng([params.seed, LEVELS, number]))
        for name, method in methods.items():
            psnr = image_quality.psnr(some, method(noisy, std)).mean()
            rows.append({"noise_std": std, "method": LABELS[name], "psnr": psnr})
    return rows


def draw(
    images: dict[str, np.ndarray],
    conv_psnr: np.ndarray,
    classical: Callable[[np.ndarray], np.ndarray],
    labels: np.ndarray,
    classes: Classes,
    std: float,
) -> None:
    """Every method on the same digits: the first of each class, and those that are hardest for the conv denoiser.

    Args:
        images: of each method but `SLOW`, of all test digits.
        conv_psnr: of the conv denoiser, shape (n,).
        classical: row numbers → images of these test digits by `SLOW`.
        labels: shape (n,).
        classes: what they are called.
        std: of the noise.
    """
    hardest = np.argsort(conv_psnr, kind="stable")[:SHOWN]
    for path, rows, title in (
        (PICTURE, first_of_each(labels), f"Test digits with noise {std:g}, by every method"),
        (WORST, hardest, f"The test digits that the conv denoiser restores worst, noise {std:g}"),
    ):
        drawn = {name: classical(rows) if name in SLOW else images[name][rows] for name in LABELS}
        grid = {LABELS[name]: pictures for name, pictures in drawn.items()}
        columns = classes.captions(labels[rows])
        artifacts.write_png(path, charts.image_grid(grid, title=title, columns=columns))


def draw_cases(
    cases: list[recognition.Situation],
    worst: list[dict[str, Any]],
    classes: Classes,
    denoise: Callable[[np.ndarray], np.ndarray],
) -> None:
    """The strongest of each kind of degradation before and after a denoiser, and the surest of what it made wrong."""
    strongest = {case.kind: case for case in cases if case.digits == "test digits"}
    others = [case for case in cases if case.digits == "other digits"]
    strongest |= {"other digits": others[0]} if others else {}
    grid = {}
    for kind, case in strongest.items():
        first = first_of_each(case.labels)
        seen = case.images[first[:: 2 if len(first) > SHOWN // 2 else 1]]
        told = f"{kind} {case.strength:g}" if case.strength else kind
        grid[told] = np.stack([seen, denoise(seen)], axis=1).reshape(-1, SIDE, SIDE)
    title = "Each in two: as it is seen, and by the conv denoiser"
    artifacts.write_png(KINDS_PICTURE, charts.image_grid(grid, title=title))
    if not worst:
        artifacts.write_png(INVENTED_PICTURE, charts.text_page({"none": "no digit"}, title="Read wrong once denoised"))
        return
    grid = {
        "clean": np.stack([one["images"]["clean"] for one in worst]),
        "as it is seen": np.stack([one["images"]["seen"] for one in worst]),
        "conv denoiser": np.stack([one["images"]["denoised"] for one in worst]),
    }
    told = [one["reading"] for one in worst]
    columns = [
        ("other digits\n" if one["digits"] == "other digits" else "") + f"{one['kind']}\n"
        f"{classes.change(one['digit'], one['read_as'])}\n{one['confidence']:.0%}"
        for one in told
    ]
    title = "Read right as seen, read wrong once denoised: the surest of each kind"
    artifacts.write_png(INVENTED_PICTURE, charts.image_grid(grid, title=title, columns=columns))


def quality(clean: np.ndarray, images: np.ndarray, *, seed: int) -> dict[str, float | list[float]]:
    """Mean PSNR (dB, peak 1, the mean over images of each one's), its 95 % interval, mean SSIM and MSE."""
    psnr = image_quality.psnr(clean, images)
    return {
        "psnr": psnr.mean(),
        "psnr_interval": measures.interval(psnr, seed=seed),
        "ssim": image_quality.ssim(clean, images).mean(),
        "mse": image_quality.mse(clean, images).mean(),
    }


def gain(differences: np.ndarray, *, seed: int) -> dict[str, float | list[float]]:
    """Mean of the differences in PSNR between two methods on the same digits, in dB, and its 95 % interval."""
    return {"psnr": differences.mean(), "psnr_interval": measures.interval(differences, seed=seed)}


if __name__ == "__main__":
    run(main)
