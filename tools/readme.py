"""The generated tables of README.md and docs/, from params.yaml, dvc.yaml, metrics/ and sweeps/results/.

python -m tools.readme
"""

import csv
import json
import math
import re
from pathlib import Path

from stages.core import artifacts, yaml_reader
from stages.core.command import run
from stages.params import Params
from tools.summary import HEADLINES, headlines, look_up

PAGES = (Path("README.md"), *sorted(Path("docs").glob("*.md")))
SWEEP = Path("sweeps/results/default.csv")


def main(params: Params) -> None:
    """Write every table anew."""
    for page in PAGES:
        artifacts.write_text(page, filled(artifacts.read_text(page)))


def filled(text: str) -> str:
    """`text` with a new table between each pair of markers, `<!-- NAME -->` and `<!-- end of NAME -->`."""
    for name, table in {"results": results, "params": params_table, "stages": stages_table}.items():
        start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        if start in text:
            before, rest = text.split(start)
            _, after = rest.split(end)
            text = f"{before}{start}\n{table()}\n{end}{after}"
    return text


def results() -> str:
    """Each task's headline with its baselines, and its mean over seeds where the default sweep has been run."""
    rows = [("Task", "Measured on test data", "Result", "Baselines")]
    rows += [(task, measure, f"**{result}**", others) for task, measure, result, others in headlines()]
    if not SWEEP.exists():
        return markdown(rows)
    params = yaml_reader.read("params.yaml")
    swept = {
        row["metric"]: row
        for row in csv.DictReader(artifacts.read_text(SWEEP).splitlines())
        if all(look_up(params, key) == value for key, value in json.loads(row["params"]).items())
    }
    column = ["Over seeds"]
    for task, _, key, _ in HEADLINES:
        row = swept.get(f"{task}.{key}")
        told = row and spread(float(row["mean"]), float(row["std"]) if row["std"] else None)
        column.append(f"{told} ({row['runs']} runs)" if row else "")
    commits = ", ".join(dict.fromkeys(f"`{row['commit'][:7]}`" for row in swept.values()))
    table = SWEEP.with_suffix(".md").as_posix()
    return (
        f"{markdown([(*row, told) for row, told in zip(rows, column, strict=True)])}\n\n"
        f"Over seeds: mean ± standard deviation, of commit {commits}; see [{table}]({table})."
    )


def spread(mean: float, std: float | None) -> str:
    """Mean ± standard deviation, both to the second significant digit of the deviation; None: of a single run."""
    if not std:
        return f"{mean:.4g}" if std is None else f"{mean:.4g} ± 0"
    digits = max(0, 1 - math.floor(math.log10(std)))
    return f"{mean:.{digits}f} ± {std:.{digits}f}"


_INSIDE = object()


def params_table() -> str:
    """Every key of params.yaml with its value and its comment."""
    text = artifacts.read_text("params.yaml")
    content = yaml_reader.parse(text.encode(), "params.yaml")
    rows, path = [("Key", "Value", "What it does")], []
    for line in text.splitlines():
        match = re.match(r"( *)(\w+):[^#]*(?:# (.*))?$", line)
        if match is None:
            continue
        indent, key, comment = match.groups()
        path = [*path[: len(indent) // 2], key]
        value = content
        for part in path:
            value = value[part] if isinstance(value, dict) else _INSIDE
        if value is _INSIDE:  # a row of a list, which has a line of its own
            continue
        rows_in_it = isinstance(value, list) and value and isinstance(value[0], dict)
        told = "" if isinstance(value, dict) or value is None else f"`{json.dumps(value)}`"
        told = f"{len(value)} rows" if rows_in_it else told
        if told or comment:  # a section without a comment is told by its keys
            rows.append((f"`{'.'.join(path)}`", told, comment or ""))
    return markdown(rows)


def stages_table() -> str:
    """Every stage of dvc.yaml: its `desc`, and the parameters that re-run it."""
    rows = [("Stage", "What it does", "Parameters")]
    for name, stage in yaml_reader.read("dvc.yaml")["stages"].items():
        params = [f"`{key}`" if isinstance(key, str) else "all of params.yaml" for key in stage.get("params", [])]
        rows.append((f"`{name}`", stage["desc"], ", ".join(params)))
    return markdown(rows)


def markdown(rows: list[tuple[str, ...]]) -> str:
    """Rows as a Markdown table, the first one its head."""
    head, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


if __name__ == "__main__":
    run(main)
