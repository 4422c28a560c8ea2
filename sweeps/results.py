"""The results of a sweep: mean and standard deviation over seeds, as a table, a CSV and a chart.

The standard deviation is that of a sample (n − 1 in the denominator), of the numbers that the experiments committed.
"""

import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.core import artifacts
from stages.core.errors import StageError
from sweeps import git
from sweeps.declaration import Sweep, existing
from tools.compare import numbers
from tools.tables import markdown, spread

FOLDER = Path("sweeps/results")


def write(sweep: Sweep) -> list[Path]:
    """Write <name>.md, .csv and .png to sweeps/results/.

    Raises:
        StageError: no experiment of the sweep has been run, or one lacks a metric that the sweep's file names.
    """
    rows = collect(sweep)
    paths = [FOLDER / f"{sweep.name}{suffix}" for suffix in (".md", ".csv", ".png")]
    artifacts.write_text(paths[0], table(sweep, rows))
    artifacts.write_csv(paths[1], [{**row, "params": json.dumps(row["params"])} for row in rows])
    artifacts.write_png(paths[2], chart(sweep, rows))
    return paths


def collect(sweep: Sweep) -> list[dict[str, Any]]:
    """A row for every number in the metrics files that a group names, for every setting of its params.

    Returns:
        Rows of `group`, `params`, `metric`, `mean`, `std` (None for a single run), `runs`, `seeds` and `commit`.
    """
    known = existing()
    rows = []
    for group in sweep.groups:
        files = list(dict.fromkeys(metric.split(".")[0] for metric in group.metrics))
        for setting in group.settings():
            runs = {
                experiment.seed: _metrics(known[experiment.name], files)
                for experiment in sweep.experiments
                if (experiment.params, list(experiment.targets)) == (setting, group.targets)
                and experiment.name in known
            }
            if not runs:
                continue
            if absent := [metric for metric in group.metrics if any(metric not in found for found in runs.values())]:
                raise StageError(f"{sweep.path}: group {group.name}: an experiment has no metric {absent[0]}")
            common = [name for name in next(iter(runs.values())) if all(name in found for found in runs.values())]
            for metric in common:
                values = [found[metric] for found in runs.values()]
                rows.append(
                    {
                        "group": group.name,
                        "params": setting,
                        "metric": metric,
                        "mean": statistics.fmean(values),
                        "std": statistics.stdev(values) if len(values) > 1 else None,
                        "runs": len(values),
                        "seeds": " ".join(map(str, runs)),
                        "commit": sweep.commit,
                    }
                )
    if not rows:
        raise StageError(f"no experiment of {sweep.path} has been run: python -m sweeps run {sweep.path}")
    return rows


def _metrics(commit: str, files: list[str]) -> dict[str, float]:
    """Every number in the metrics files of an experiment, as `<file>.<key>`."""
    return {
        f"{file}.{key}": float(value)
        for file in files
        for key, value in numbers(json.loads(git("show", f"{commit}:metrics/{file}.json")))
    }


def table(sweep: Sweep, rows: list[dict[str, Any]]) -> str:
    """The metrics that the sweep's file names, as Markdown."""
    lines: list[tuple[str, ...]] = [("Group", "Params", "Metric", "Mean ± standard deviation", "Runs")]
    for row in _named(sweep, rows):
        mean = spread(row["mean"], row["std"])
        lines.append((row["group"], setting(row["params"]), f"`{row['metric']}`", mean, str(row["runs"])))
    seeds = dict.fromkeys(f"{row['group']}: {row['seeds']}" for row in rows)
    return (
        f"# The sweep `{sweep.name}`\n\n{markdown(lines)}\n\n"
        f"Commit `{sweep.commit[:7]}`. {sweep.path.as_posix()} declares the experiments, {sweep.name}.csv has all "
        "metrics. The standard deviation is that of a sample (n − 1), over seeds. The seed also sets the split of "
        "digits and reviews and the noise on the test digits, so the spread includes the choice of the data. "
        f"Seeds: {'; '.join(seeds)}.\n\n![Mean and standard deviation over seeds]({sweep.name}.png)\n"
    )


def setting(params: dict[str, Any]) -> str:
    """Params as on the command line."""
    return ", ".join(f"{key}={value}" for key, value in params.items()) or "as committed"


def chart(sweep: Sweep, rows: list[dict[str, Any]]) -> Figure:
    """A panel for each group and named metric: mean and standard deviation of each setting."""
    import matplotlib.pyplot as plt

    from stages.evaluation import charts

    panels: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _named(sweep, rows):
        panels.setdefault((row["group"], row["metric"]), []).append(row)
    columns = min(3, len(panels))
    height = math.ceil(len(panels) / columns)
    width = max(3.6, 1.1 * max(map(len, panels.values())))
    figure, axes = plt.subplots(height, columns, figsize=(width * columns, 0.6 + 2.8 * height), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, ((_, metric), shown) in zip(axes.flat, panels.items(), strict=False):
        places = range(len(shown))
        axis.errorbar(
            *(places, [row["mean"] for row in shown]),
            yerr=[row["std"] or 0.0 for row in shown],
            **{"fmt": "o", "capsize": 4, "color": charts.COLOURS[0]},
        )
        axis.set(title=metric, xticks=places, xlim=(-0.6, len(shown) - 0.4))
        axis.set_xticklabels([below(row) for row in shown], fontsize=8)
    figure.suptitle(f"Sweep {sweep.name}: mean and standard deviation over seeds")
    return figure


def below(row: dict[str, Any]) -> str:
    """The label of a point: its params without their sections, for lack of space, and the number of runs."""
    lines = [setting({key.rpartition(".")[2]: value}) for key, value in row["params"].items()] or [setting({})]
    return "\n".join([*lines, f"{row['runs']} runs"])


def _named(sweep: Sweep, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of metrics that the sweep's file names, in its order."""
    for group in sweep.groups:
        for metric in group.metrics:
            yield from (row for row in rows if (row["group"], row["metric"]) == (group.name, metric))
