"""Mean and standard deviation over seeds, as a table, a CSV and a chart.

The standard deviation is that of a sample (n − 1 in the denominator), of the numbers that the experiments committed.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from stages.core import artifacts
from stages.core.errors import StageError
from sweeps.declaration import Sweep, existing
from tools.compare import metrics
from tools.tables import markdown, spread

FOLDER = Path("sweeps/results")


def write(sweep: Sweep) -> list[Path]:
    """Write <name>.md, .csv and .png to sweeps/results/."""
    rows = collect(sweep)
    wanted = [(group.name, metric) for group in sweep.groups for metric in group.metrics]
    panels = [rows[(rows["group"] == group) & (rows["metric"] == metric)] for group, metric in wanted]
    panels = [panel for panel in panels if len(panel)]
    paths = [FOLDER / f"{sweep.path.stem}{suffix}" for suffix in (".md", ".csv", ".png")]
    artifacts.write_text(paths[0], table(sweep, panels))
    artifacts.write_csv(paths[1], rows.to_dict("records"))
    artifacts.write_png(paths[2], chart(sweep, panels))
    return paths


def collect(sweep: Sweep) -> pd.DataFrame:
    """A row for every number in the metrics files that a group names, for every setting of its params."""
    known, found = existing(), []
    tasks = {group.name: sorted({metric.split(".")[0] for metric in group.metrics}) for group in sweep.groups}
    files = {group: [f"metrics/{task}.json" for task in names] for group, names in tasks.items()}
    for name, group, params, seed, _ in sweep.experiments:
        shared = {"group": group, "params": json.dumps(params), "seed": str(seed)}
        for metric, value in metrics(files[group], known[name]).items() if name in known else ():
            found.append({**shared, "metric": metric, "value": value})
    if not found:
        raise StageError(f"no experiment of {sweep.path} has been run: python -m sweeps run {sweep.path}")
    grouped = pd.DataFrame(found).groupby(["group", "params", "metric"], sort=False)
    rows = grouped.agg(mean=("value", "mean"), std=("value", "std"), runs=("value", "size"), seeds=("seed", " ".join))
    return rows.reset_index().assign(commit=sweep.commit)


def table(sweep: Sweep, panels: Sequence[pd.DataFrame]) -> str:
    """The metrics that the sweep's file names, as Markdown."""
    lines: list[tuple[str, ...]] = [("Group", "Params", "Metric", "Mean ± standard deviation", "Runs")]
    rows = pd.concat(panels).to_dict("records")
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


def setting(params: str) -> list[str]:
    """Params, which are JSON, as on the command line."""
    return [f"{key}={value}" for key, value in json.loads(params).items()] or ["as committed"]


def chart(sweep: Sweep, panels: Sequence[pd.DataFrame]) -> Figure:
    """A panel for each group and metric: mean and standard deviation of each setting."""
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    size = 4 * columns, 0.6 + 2.8 * lines
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    for axis in axes.flat[len(panels) :]:
        axis.set_axis_off()
    for axis, panel in zip(axes.flat, panels, strict=False):
        names = ["\n".join([*setting(row.params), f"{row.runs} runs"]).replace("=", "\n") for row in panel.itertuples()]
        axis.errorbar(range(len(panel)), panel["mean"], yerr=panel["std"].fillna(0), fmt="o", capsize=4)
        axis.set(title=panel["metric"].iloc[0], xticks=range(len(panel)), xlim=(-0.6, len(panel) - 0.4))
        axis.set_xticklabels(names, fontsize=7)
    figure.suptitle(f"Sweep {sweep.path.stem}: mean and standard deviation over seeds")
    return figure
