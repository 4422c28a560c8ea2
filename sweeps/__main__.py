"""The command line: python -m sweeps run|table FILE

Exit status: 0 success, 1 a failed experiment or invalid input, 2 an invalid command line, 130 Ctrl-C.
"""

import argparse
import os
import sys
from pathlib import Path

import tools
from stages.core import artifacts
from stages.params import load as load_params
from sweeps.declaration import Sweep, existing, load

LOGS = Path(".dvc/tmp/sweeps")  # ignored by Git


def main(*arguments: str) -> int:
    """Run the command line; return the exit status."""
    options = parser().parse_args(arguments)
    sweep = load(options.file)
    status = run(sweep, options.ray, options.jobs) if options.command == "run" else 0
    if status == 0 or {experiment.name for experiment in sweep.experiments} & existing().keys():
        from sweeps import results

        print(*results.write(sweep), sep="\n")
    return status


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(prog="python -m sweeps", description="Many experiments, declared in one file.")
    commands = "run the missing experiments and write the table, or write the table of the finished ones"
    top.add_argument("command", choices=("run", "table"), help=commands)
    top.add_argument("file", help="such as sweeps/default.yaml")
    jobs = "experiments at a time on this machine (default: processors / threads)"
    top.add_argument("--jobs", "-j", type=int, help=jobs)
    ray = "run on a Ray cluster: auto for the one of this machine, or host:port"
    top.add_argument("--ray", metavar="ADDRESS", help=ray)
    return top


def run(sweep: Sweep, address: str | None, jobs: int | None) -> int:
    """Run the missing experiments; report each failed one with the end of its log."""
    from sweeps import driver

    known, wanted = existing(), {experiment.name: experiment for experiment in sweep.experiments}
    missing = [experiment for name, experiment in wanted.items() if name not in known]
    already = len(wanted) - len(missing)
    print(f"{sweep.path}: {len(wanted)} experiments, {already} of them already finished", file=sys.stderr)
    threads = load_params().threads
    jobs = max(1, jobs or (os.cpu_count() or 1) // threads)
    failed = driver.run(missing, address, jobs, threads) if missing else {}
    for name, log in failed.items():
        artifacts.write_text(LOGS / f"{name}.log", log)
        print(f"\nfailed: {name}; full log: {LOGS / name}.log", file=sys.stderr)
        print("\n".join(f"  {line}" for line in log.splitlines()[-10:]), file=sys.stderr)
    if failed:
        print(f"\n{len(failed)} failed; run the sweep again to retry them", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    tools.run(main)
