"""Mean and standard deviation over seeds, as a table, a CSV and a chart.

The standard deviation is that of a sample (n − 1 in the denominator), of the numbers that the experiments committed.
"""

import itertools
import json
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from stages.core import artifacts
from stages.core.errors import StageError
from sweeps import git
from sweeps.declaration import Sweep, existing, numbers
from tools.tables import markdown, spread

FOLDER = Path("sweeps/results")
Row = dict[str, Any]


def write(sweep: Sweep) -> list[Path]:
    """Write <name>.md, .csv and .png to sweeps/results/."""
    rows = list(collect(sweep))
    if not rows:
        raise StageError(f"no experiment of {sweep.path} has been run: python -m sweeps run {sweep.path}")
    named = [
        row
        for group in sweep.groups
        for metric in group.metrics
        for row in rows
        if (row["group"], row["metric"]) == (group.name, metric)
    ]
    paths = [FOLDER / f"{sweep.path.stem}{suffix}" for suffix in (".md", ".csv", ".png")]
    artifacts.write_text(paths[0], table(sweep, named))
    artifacts.write_csv(paths[1], [{**row, "params": json.dumps(row["params"])} for row in rows])
    artifacts.write_png(paths[2], chart(sweep, named))
    return paths


def collect(sweep: Sweep) -> Iterator[Row]:
    """A row for every number in the metrics files that a group names, for every setting of its params.

    `std` is None for a single run.
    """
    known = existing()
    for group in sweep.groups:
        files = {metric.split(".")[0] for metric in group.metrics}
        for setting in group.settings():
            done = [experiment for experiment in sweep.experiments(group, setting) if experiment.name in known]
            runs = [_metrics(known[experiment.name], files) for experiment in done]
            for experiment, run in zip(done, runs, strict=True):
                if absent := [metric for metric in group.metrics if metric not in run]:
                    raise StageError(f"{sweep.path}: the experiment {experiment.name} has no number {absent[0]}")
            for metric in runs[0] if runs else ():
                values = [run[metric] for run in runs if metric in run]
                yield {
                    "group": group.name,
                    "params": setting,
                    "metric": metric,
                    "mean": statistics.fmean(values),
                    "std": statistics.stdev(values) if len(values) > 1 else None,
                    "runs": len(values),
                    "seeds": " ".join(str(experiment.seed) for experiment in done),
                    "commit": sweep.commit,
                }


def _metrics(commit: str, files: set[str]) -> dict[str, float]:
    """Every number in the metrics files of an experiment, as `<file>.<key>`."""
    found = {}
    for file in sorted(files):
        metrics = numbers(json.loads(git("show", f"{commit}:metrics/{file}.json")))
        found |= {f"{file}.{key}": float(value) for key, value in metrics.items()}
    return found


def table(sweep: Sweep, rows: list[Row]) -> str:
    """The metrics that the sweep's file names, as Markdown."""
    lines: list[tuple[str, ...]] = [("Group", "Params", "Metric", "Mean ± standard deviation", "Runs")]
    for row in rows:
        mean, params = spread(row["mean"], row["std"]), ", ".join(setting(row["params"]))
        lines.append((row["group"], params, f"`{row['metric']}`", mean, str(row["runs"])))
    name, seeds = sweep.path.stem, dict.fromkeys(f"{row['group']}: {row['seeds']}" for row in rows)
    return (
        f"# The sweep `{name}`\n\n{markdown(lines)}\n\n"
        f"Commit `{sweep.commit[:7]}`. {sweep.path.as_posix()} declares the experiments, {name}.csv has all "
        "metrics. The standard deviation is that of a sample (n − 1), over seeds. The seed also sets the split of "
        "digits and reviews and the noise on the test digits, so the spread includes the choice of the data. "
        f"Seeds: {'; '.join(seeds)}.\n\n![Mean and standard deviation over seeds]({name}.png)\n"
    )


def setting(params: dict[str, Any]) -> list[str]:
    """Params as on the command line."""
    return [f"{key}={value}" for key, value in params.items()] or ["as committed"]


def chart(sweep: Sweep, rows: list[Row]) -> Figure:
    """A panel for each group and metric: mean and standard deviation of each setting."""
    import matplotlib.pyplot as plt

    panels = [list(panel) for _, panel in itertools.groupby(rows, key=lambda row: (row["group"], row["metric"]))]
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    width = max(3.6, 1.1 * max(map(len, panels)))
    figure, axes = plt.subplots(lines, columns, figsize=(width * columns, 0.6 + 2.8 * lines), squeeze=False)
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes.flat, panels, strict=False):
        means, deviations = [row["mean"] for row in panel], [row["std"] or 0.0 for row in panel]
        axis.errorbar(range(len(panel)), means, yerr=deviations, fmt="o", capsize=4)
        axis.set(title=panel[0]["metric"], xticks=range(len(panel)), xlim=(-0.6, len(panel) - 0.4))
        names = [setting({key.rpartition(".")[2]: value for key, value in row["params"].items()}) for row in panel]
        axis.set_xticklabels(
            ["\n".join([*name, f"{row['runs']} runs"]) for name, row in zip(names, panel, strict=True)]
        )
        axis.tick_params("x", labelsize=8)
    figure.suptitle(f"Sweep {sweep.path.stem}: mean and standard deviation over seeds")
    return figure
