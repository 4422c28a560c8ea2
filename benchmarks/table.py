"""benchmarks/RESULTS.md from what the parts have measured."""

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from stages import params
from stages.core import artifacts
from stages.core.errors import StageError
from tools.readme import markdown

OUTPUT = "benchmarks/RESULTS.md"
PACKAGES = ("keras", "tensorflow", "torch", "scikit-learn", "scikit-image", "numpy")
COLUMNS = ("Task", "Measure", "Ours", "Beside it", "Its figure", "Ours ÷ its", "Ahead", "To know")
POINTS = ("dB", "%")  # in these units a difference says more than a ratio


def write(parts: Mapping[str, Any], *, quick: bool) -> None:
    """Write the table.

    Args:
        parts: name of each part → what `common.result` gave.
        quick: were they quick? Then the table goes to benchmarks/results/, and says that it means nothing.

    Raises:
        StageError: a part has no result.
    """
    if missing := [name for name, content in parts.items() if content is None]:
        raise StageError(
            f"not measured with this code and these params: {', '.join(missing)}; run python -m benchmarks"
        )
    target = "benchmarks/results/QUICK.md" if quick else OUTPUT
    artifacts.write_text(target, page(parts, quick=quick))
    print(f"written: {target}")


def page(parts: Mapping[str, Any], *, quick: bool) -> str:
    """The whole file."""
    results = {name: content["result"] for name, content in parts.items()}
    rows = [line(row) for name in results if name != "scaling" for row in results[name]]
    lead = "**A quick run to see that everything works: no figure here means anything.**\n\n" if quick else ""
    minutes = sum(content["seconds"] for content in parts.values()) / 60
    return (
        f"# Beside other people's tools\n\n{lead}{about(minutes)}\n\n{markdown([COLUMNS, *rows])}\n\n"
        f"## Time and memory of the train stages\n\n{scaling(results['scaling'])}\n"
    )


def about(minutes: float) -> str:
    """Where, when and with what this was measured, and how to read it."""
    versions = ", ".join(f"{package} {installed(package)}" for package in PACKAGES)
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {minutes:.0f} minutes: {processor()}, {os.cpu_count()} cores, "
        f"{memory():.0f} GiB, {platform.system()}, {params.load().threads} threads for every tool; Python "
        f"{platform.python_version()}, {versions}.\n\n"
        "A time below 1 × is faster than the other, an error below 1 × is smaller; for decibels and per cent the "
        "difference stands instead. *Ahead* is who did better: us, them, or *even*, where the 95 % interval of the "
        "difference holds 0. Where an interval is not given, a figure is of one run."
    )


def line(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A row of `common.row` as cells."""
    ours, theirs = row["ours"], row["theirs"]
    note = row["note"]
    if row["interval"]:
        low, high = row["interval"]
        note = "; ".join(filter(None, [f"95 % interval of the difference {low:+.3g} to {high:+.3g}", note]))
    return (
        row["task"],
        row["measure"],
        figure(ours),
        row["peer"],
        figure(theirs),
        compared(row),
        ahead(row),
        note,
    )


def compared(row: Mapping[str, Any]) -> str:
    """Our figure against the other: a difference where the unit is one of `POINTS`, else a ratio."""
    ours, theirs = row["ours"], row["theirs"]
    if ours is None or not theirs:
        return "–"
    if row["measure"].endswith(POINTS):
        return f"{ours - theirs:+.2f}"
    return f"{ours / theirs:.3g} ×"


def ahead(row: Mapping[str, Any]) -> str:
    """Who did better: "us", "them" or "even". A goal that one never reached is the other's."""
    ours, theirs = row["ours"], row["theirs"]
    if row["interval"] and row["interval"][0] <= 0 <= row["interval"][1]:
        return "even"
    if ours is None or theirs is None:
        return "even" if ours is theirs else "**them**" if ours is None else "us"
    if ours == theirs:
        return "even"
    return "us" if (ours < theirs) == (row["better"] == "lower") else "**them**"


def figure(value: float | None) -> str:
    """Four digits, or that there is none."""
    return "not reached" if value is None else f"{value:.4g}"


def scaling(measured: Mapping[str, Any]) -> str:
    """Seconds and memory of each stage by size of the data and threads, as a table."""
    rows = [("Stage", "Data", "Threads", "Seconds", "Against 1 ×", "MiB at most", "Against 1 ×")]
    lines = measured["stages"]
    for one in lines:
        usual = next(
            other for other in lines if other["stage"] == one["stage"] and (other["size"], other["threads"]) == (1, 2)
        )
        rows.append(
            (
                f"`{one['stage']}`",
                f"{one['size']:g} ×",
                f"{one['threads']}",
                f"{one['seconds']:.1f}",
                f"{one['seconds'] / usual['seconds']:.2f}",
                f"{one['memory']:.0f}",
                f"{one['memory'] / usual['memory']:.2f}",
            )
        )
    return (
        f"Each in a process of its own, TensorFlow's start included, with {measured['steps']} optimizer steps in place "
        "of all of them: a training's length is given in steps, whatever the size of the data.\n\n" + markdown(rows)
    )


def processor() -> str:
    """Name of the processor."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def memory() -> float:
    """Memory of the machine, in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def installed(package: str) -> str:
    """Version of a package, or that it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"
