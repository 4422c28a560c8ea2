"""Made-up series, as the stages write them."""

import itertools
from typing import Any


def tables() -> dict[str, list[dict[str, Any]]]:
    """Series as the stages write them, by their path in plots/ without the ending."""
    return {
        **_histories_and_layers(),
        **_autoencoder_tables(),
        **_denoiser_tables(),
        **_textgen_tables(),
        **_sentiment_tables(),
    }


def _histories_and_layers() -> dict[str, list[dict[str, Any]]]:
    losses = [{"epoch": epoch, "loss": 1 / epoch, "val_loss": 1.1 / epoch} for epoch in (1, 2, 3)]
    layers = [
        {"layer": "image", "kind": "Input", "output": "28 × 28", "values": 784, "parameters": 0},
        {"layer": "code", "kind": "Dense", "output": "32", "values": 32, "parameters": 25120},
    ]
    return {
        **{f"{task}/history": losses for task in ("autoencoder", "textgen", "sentiment")},
        **{f"denoiser/history-{name}": losses for name in ("dense", "conv")},
        **{f"{task}/layers": layers for task in ("autoencoder", "textgen", "sentiment")},
        "denoiser/layers": [{"network": name, **row} for name in ("dense", "conv") for row in layers],
    }


def _autoencoder_tables() -> dict[str, list[dict[str, Any]]]:
    sizes = [(16, 0.021, 0.0258), (32, 0.0103, 0.0157), (64, 0.0039, 0.008)]
    return {
        "autoencoder/sizes": [
            {"latent": latent, "method": method, "mse": mse, "psnr": 20.0, "ssim": 0.8}
            for latent, ours, pca in sizes
            for method, mse in (("autoencoder", ours), ("PCA", pca))
        ],
        "autoencoder/classes": [
            {"latent": latent, "method": f"{method}, {latent}", "digit": digit, "mse": mse * (0.4 + digit / 9)}
            for latent, ours, pca in sizes
            for method, mse in (("autoencoder", ours), ("PCA", pca))
            for digit in range(10)
        ],
    }


def _denoiser_tables() -> dict[str, list[dict[str, Any]]]:
    methods = ("noisy", "3×3 median", "non-local means", "conv denoiser")
    cases = [
        ("test digits", "clean", 0, 0.0, -0.01, 0.01),
        ("test digits", "noise", 0.5, 0.33, 0.29, 0.37),
        ("test digits", "blur", 1.5, 0.05, 0.02, 0.08),
        ("test digits", "faded", 0.3, -0.48, -0.52, -0.44),
        ("test digits", "scratches", 2, -0.01, -0.03, 0.01),
        ("other digits", "clean", 0, 0.1, 0.07, 0.14),
        ("other digits", "noise", 0.5, 0.3, 0.28, 0.36),
    ]
    return {
        "denoiser/levels": [
            {"noise_std": std, "method": method, "psnr": 10.0 + i * std * 4}
            for std in (0.1, 0.5, 1.0)
            for i, method in enumerate(methods)
        ],
        "denoiser/recognition": [
            {
                **{"digits": digits, "kind": kind, "strength": strength, "unit": "", "count": 500},
                **{"situation": f"{kind} {strength:g}", "before": 0.6, "after": 0.6 + difference},
                **{"difference": difference, "low": low, "high": high, "corrected": 20, "broken": 7},
            }
            for digits, kind, strength, difference, low, high in cases
        ],
    }


def _textgen_tables() -> dict[str, list[dict[str, Any]]]:
    heat = [(0.2, 0.36, 0.37, 1.0, 40), (0.8, 1.12, 0.67, 0.95, 31), (1.4, 1.99, 0.87, 0.65, 21)]
    return {
        "textgen/orders": [
            {"order": order, "method": f"{name}, test", "nats": 3.0 / order}
            for name in ("Kneser-Ney", "text model")
            for order in (1, 2, 3)
        ],
        "textgen/temperature": [
            {
                **{"temperature": t, "entropy": entropy, "distinct_1": distinct, "distinct_2": 0.9, "distinct_3": 0.95},
                **{"known_words": known, "longest_copy": copy, "copied": 0.01},
            }
            for t, entropy, distinct, known, copy in heat
        ],
        "textgen/words": [
            {"temperature": row[0], "method": method, "share": share}
            for row in heat
            for method, share in (("known from training", row[3]), ("known, test text", 0.95))
        ],
        "benchmarks/learning_curve": [
            {"characters": 30_000 * n, "seed": seed, "nats": 2.1 - n / 9 + seed / 99, "lstm": 2.3 - n / 8}
            | {"ngram": 2.2 - n / 9, "bzip2": 2.4 - n / 9, "xz": 2.5 - n / 9, "longest_copy": 20 + n, "seconds": 9 * n}
            | ({"longer": 1.5, "longer_seconds": 720} if (n, seed) == (3, 7) else {})
            for n, seed in itertools.product((1, 3), (7, 8))
        ],
        "textgen/next": [
            {"temperature": t, "character": character, "probability": share}
            for t, (character, share) in itertools.product(
                (0.2, 0.5, 1, 1.5), (("e", 0.6), ("<", 0.3), ("all others", 0.1))
            )
        ],
    }


def _sentiment_tables() -> dict[str, list[dict[str, Any]]]:
    return {
        "sentiment/precision_recall": [
            {"recall": i / 100, "precision": 1 - i / 300, "method": name}
            for name, i in itertools.product(("network", "TF-IDF"), range(101))
        ],
        "sentiment/thresholds": [
            {"threshold": at, "value": at, "method": name} for name in ("precision", "recall") for at in (0.1, 0.9)
        ],
        "sentiment/calibration": [
            {"predicted": at, "observed": at, "reviews": 9, "method": name}
            for name, at in itertools.product(("network", "perfect"), (0.1, 0.9))
        ],
        "benchmarks/review_sizes": [
            {"reviews": reviews, "seed": seed, "network": 0.8 + seed / 99, "nb": 0.79, "tfidf": 0.77, "threshold": 0.5}
            | {"minus_better_baseline": 0.01, "low": -0.01, "high": 0.03 if seed == 7 else -0.001}
            for reviews, seed in itertools.product((500, 2_000), (7, 8))
        ],
        "sentiment/slices": [
            {"group": group, "slice": name, "reviews": 600}
            | {"accuracy": accuracy, "low": accuracy - 0.01, "high": accuracy + 0.01}
            for group, name, accuracy in (
                ("length", "1 to 99 words", 0.93),
                ("length", "100 to 900 words", 0.9),
                ("negation", "without a negation", 0.94),
                ("negation", "with negations", 0.93),
                ("label", "positive reviews", 0.93),
            )
        ],
    }
