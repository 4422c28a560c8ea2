"""The command line: python -m sweeps run|plan|table FILE

Exit status: 0 success, 1 a failed experiment or invalid input, 2 an invalid command line, 130 Ctrl-C.
"""

import argparse
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

from stages.core import artifacts
from stages.core.errors import StageError
from stages.params import load as load_params
from sweeps import environment
from sweeps.declaration import Experiment, Sweep, existing, load

LOGS = Path(".dvc/tmp/sweeps")  # ignored by Git


def main() -> int:
    """Run the command line; return the exit status."""
    signal.signal(signal.SIGTERM, _interrupted)
    options = parser().parse_args()
    os.environ.update(environment())
    sweep = load(options.file)
    if options.command == "plan":
        return plan(sweep)
    status = run(sweep, options) if options.command == "run" else 0
    if status == 0 or any(experiment.name in existing() for experiment in sweep.experiments):
        from sweeps import results

        for path in results.write(sweep):
            print(path)
    return status


def parser() -> argparse.ArgumentParser:
    """Every command and option."""
    top = argparse.ArgumentParser(prog="python -m sweeps", description="Many experiments, declared in one file.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in {
        "run": "run the missing experiments of a sweep, then write its table",
        "plan": "list the experiments of a sweep without running any",
        "table": "write the table of the finished experiments",
    }.items():
        command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        command.add_argument("file", help="such as sweeps/default.yaml")
        if name == "run":
            command.add_argument(
                *("--jobs", "-j"),
                type=_jobs,
                default=max(1, (os.cpu_count() or 1) // load_params().threads),
                help="experiments at a time on this machine (default: processors / threads, here %(default)s)",
            )
            command.add_argument(
                "--ray", metavar="ADDRESS", help="run on a Ray cluster: auto for the one of this machine, or host:port"
            )
            command.add_argument("--git-remote", default="origin", metavar="NAME", help="with --ray (default: origin)")
            command.add_argument("--dvc-remote", metavar="NAME", help="with --ray (default: DVC's default remote)")
    return top


def _jobs(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d{0,3}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 9999")
    return int(text)


def plan(sweep: Sweep) -> int:
    """List the experiments, each marked as done or missing."""
    known = existing()
    for experiment in sweep.experiments:
        print("done   " if experiment.name in known else "missing", experiment.name)
    return 0


def run(sweep: Sweep, options: argparse.Namespace) -> int:
    """Run the missing experiments; report each failed one with the end of its log."""
    if options.ray is None:
        from sweeps import local

        missing = _missing(sweep, existing())
        failed = local.run(missing, options.jobs) if missing else {}
    else:
        from sweeps import cluster

        remotes = cluster.checked_remotes(options.git_remote, options.dvc_remote)
        missing = _missing(sweep, existing() | cluster.pushed(remotes))
        failed = cluster.run(missing, remotes, options.ray) if missing else {}
        cluster.fetch(remotes, [experiment.name for experiment in sweep.experiments])
    for name, log in failed.items():
        artifacts.write_text(LOGS / f"{name}.log", log)
        print(f"\nfailed: {name}; full log: {LOGS / name}.log", file=sys.stderr)
        print("\n".join(f"  {line}" for line in log.splitlines()[-10:]), file=sys.stderr)
    if failed:
        print(f"\n{len(failed)} failed; run the sweep again to retry them", file=sys.stderr)
    return 1 if failed else 0


def _missing(sweep: Sweep, known: dict[str, str]) -> list[Experiment]:
    missing = [experiment for experiment in sweep.experiments if experiment.name not in known]
    already = len(sweep.experiments) - len(missing)
    print(f"{sweep.path}: {len(sweep.experiments)} experiments, {already} of them already finished", file=sys.stderr)
    return missing


def _interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        print("\nstopped; run the sweep again to continue", file=sys.stderr)
        sys.exit(130)
