"""What is generated in README.md and docs/, from dvc.yaml, metrics/, sweeps/results/ and models/.

python -m tools.tables                 write it anew
python -m tools.tables experiments     print the table of `make experiments`
"""

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

from stages.core import artifacts
from stages.core.errors import StageError
from tools import run
from tools.compare import HEADLINES, Headline, figures, flat, numbers, printed

PAGES = (Path("README.md"), *sorted(Path("docs").glob("*.md")))
SWEEP = Path("sweeps/results/default.csv")
SEEDS = SWEEP.with_suffix(".md")


def main(what: str = "pages") -> None:
    """Write every generated part anew, or print the experiments."""
    if what == "experiments":
        print(experiments())
        return
    for page in PAGES:
        artifacts.write_text(page, filled(artifacts.read_text(page)))


def filled(text: str) -> str:
    """`text` with new content between each pair of markers, `<!-- NAME -->` and `<!-- end of NAME -->`."""
    makers = {"results": results, "metrics": metrics, "stages": stages, "graph": graph}
    for name, make in makers.items():
        block = re.compile(rf"(?<=<!-- {name} -->\n).*?(?=<!-- end of {name} -->)", re.DOTALL)
        text = block.sub(lambda _, make=make: f"{make()}\n", text)
    block = re.compile(r"(?<=<!-- examples -->\n).*?(?=<!-- end of examples -->)", re.DOTALL)
    return block.sub(lambda found: examples(found[0]), text)


def results() -> str:
    """Each task's headline, its baselines, the verdict, and means over seeds where the default sweep has been run."""
    rows = [("Task", "Measured on test data", "Result", "Baselines, first the one to beat", "Verdict", "Over seeds")]
    swept = _swept()
    for headline in HEADLINES:
        metrics = artifacts.read_json(f"metrics/{headline.task}.json")
        result, baselines = figures(headline, metrics)
        told = (verdict(headline, metrics), over_seeds(headline, swept))
        rows.append((headline.task, headline.measure, f"**{result}**", baselines, *told))
    commits = ", ".join(f"`{commit[:7]}`" for commit in dict.fromkeys(row["commit"] for row in swept.values()))
    seeds = f"\nOver seeds: mean ± standard deviation, of commit {commits}; see [{SEEDS}]({SEEDS})." if swept else ""
    question = "does the 95 % interval of the difference to that baseline, on the same test items, exclude zero?"
    return f"{markdown(rows)}\n\nVerdict: {question}{seeds}"


def verdict(headline: Headline, metrics: dict) -> str:
    """Better or worse than the baseline to beat, where the 95 % interval of the difference excludes 0."""
    low, high = metrics["minus_baseline"]
    if low <= 0 <= high:
        return "no significant difference"
    return "better" if (low > 0) == headline.more_is_better else "worse"


def _swept() -> dict[str, dict[str, Any]]:
    """Rows of the default sweep by metric, of the settings that params.yaml has."""
    if not SWEEP.exists():
        return {}
    params = flat(artifacts.read_yaml("params.yaml")).items()
    rows = artifacts.read_csv(SWEEP, text=["std", "seeds", "commit"]).to_dict("records")
    rows = [row | {"std": float(row["std"] or "nan")} for row in rows]
    return {row["metric"]: row for row in rows if json.loads(row["params"]).items() <= params}


def over_seeds(headline: Headline, swept: dict[str, dict[str, Any]]) -> str:
    """The result's mean over seeds, and that of the baseline to beat over the same seeds."""
    name, key = next(iter(headline.baselines.items()))
    row, beside = swept.get(f"{headline.task}.{headline.key}"), swept.get(f"{headline.task}.{key}")
    if row is None:
        return ""
    told = f"{spread(row['mean'], row['std'])} ({row['runs']} runs)"
    same = beside is not None and beside["seeds"] == row["seeds"]
    return f"{told}; {name} {spread(beside['mean'], beside['std'])}" if same else told


def spread(mean: float, std: float) -> str:
    """Mean ± standard deviation, to the second significant digit of the deviation; NaN: of a single run."""
    if math.isnan(std) or not std:
        return f"{mean:.4g}" if math.isnan(std) else f"{mean:.4g} ± 0"
    digits = max(0, 1 - math.floor(math.log10(std)))
    return f"{mean:.{digits}f} ± {std:.{digits}f}"


def metrics(task: str = "sentiment") -> str:
    """What `dvc metrics show` prints of one task."""
    command = ("metrics", "show", "--precision", "3", f"metrics/{task}.json")
    return f"```console\n$ dvc {' '.join(command)}\n{dvc(*command).strip()}\n```"


def stages() -> str:
    """Every stage of dvc.yaml: its `desc`, and the parameters that re-run it."""
    rows = [("Stage", "What it does", "Parameters")]
    for name, stage in artifacts.read_yaml("dvc.yaml")["stages"].items():
        keys = [f"`{key}`" if isinstance(key, str) else "all of params.yaml" for key in stage.get("params", [])]
        rows.append((f"`{name}`", stage["desc"], ", ".join(keys)))
    return markdown(rows)


def graph() -> str:
    """The stages and what each needs, as Mermaid."""
    return f"```mermaid\n{dvc('dag', '--mermaid').strip().expandtabs(2)}\n```"


def examples(written: str) -> str:
    """What the models say, headed by the hashes of their files; where these are not there, what is written of them."""
    paths = ("models/sentiment.keras", "models/textgen.keras")
    outs = [out for stage in artifacts.read_yaml("dvc.lock")["stages"].values() for out in stage["outs"]]
    md5 = {out["path"]: out["md5"] for out in outs if out["path"] in paths}
    models = f"<!-- of {', '.join(f'{path} {md5[path][:8]}' for path in paths)} -->"
    if not all(Path(path).exists() for path in paths):
        if written.startswith(models):
            return written
        raise StageError(f"the examples are not {models}: `dvc pull {' '.join(paths)}`, then `python -m tools.tables`")
    from reprise.__main__ import import_keras

    import_keras()  # without what TensorFlow writes about itself
    from reprise.reviews import EXAMPLES, Classifier
    from reprise.text import Writer

    classifier, text = Classifier(), Writer().write("ROMEO:", [0.8], length=200, seed=1)[0]
    threshold = classifier.tuned_threshold()
    rows = [("Review", "It is", "Probability that it is positive", f"Verdict at {threshold:.3f}")]
    for (review, actual), (probability, _) in zip(EXAMPLES.items(), classifier.judge(list(EXAMPLES)), strict=True):
        label = "positive" if probability >= threshold else "negative"
        rows.append((review, actual, f"{probability:.3f}", label if label == actual else f"{label}: **wrong**"))
    generated = f'```console\n$ reprise generate --prompt "ROMEO:" --length 200 --seed 1\nROMEO:{text}\n```'
    return f"{models}\n{markdown(rows)}\n\n{generated}\n"


def experiments() -> str:
    """Every commit and experiment that `dvc exp show` lists: its headlines, and the parameters that differ."""
    states = json.loads(dvc("exp", "show", "--json"))[1:]
    states = [each for one in states for each in (one, *(more["revs"][0] for more in one["experiments"] or []))]
    states = [state for state in states if state.get("data") and state["data"]["params"]]
    params = [flat(state["data"]["params"]["params.yaml"]["data"]) for state in states]
    keys = [key for key, value in params[0].items() if not isinstance(value, dict)]
    differing = [key for key in keys if any(found.get(key) != params[0][key] for found in params)]
    rows = [("Experiment", *(headline.key for headline in HEADLINES), *differing)]
    for state, found in zip(states, params, strict=True):
        metrics = {Path(path).stem: one.get("data", {}) for path, one in state["data"]["metrics"].items()}
        values = [numbers(metrics.get(headline.task, {})).get(headline.key) for headline in HEADLINES]
        told = ["" if value is None else f"{value:.4g}" for value in values]
        rows.append(
            (state["name"] or state["rev"][:7], *told, *(str(found.get(key)).rpartition("/")[2] for key in differing))
        )
    return markdown(rows)


def dvc(*arguments: str) -> str:
    """What a dvc command prints."""
    return printed(Path(sys.executable).with_name("dvc"), *arguments)


def markdown(rows: list[tuple[str, ...]]) -> str:
    """Rows as a Markdown table, the first one its head."""
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


if __name__ == "__main__":
    run(main)
