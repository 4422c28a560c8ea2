"""Is the last commit reproducible here? The whole pipeline again, from nothing, compared with the committed results.

python -m tools.verify [stage ...]
"""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from stages.core import artifacts
from stages.core.errors import StageError
from tools import run
from tools.compare import changed, clone, differences, git, hashes, numbers

Hashes = dict[tuple[str, str], str]  # of an output, by stage and path


def main(*targets: str) -> int:
    """Run the last commit in a scratch clone with a cache of its own, print what is equal, clean up.

    Returns 0 if every output of the target stages (none: of all) and of those before them has the committed bytes, or
    every metric is within its tolerance; otherwise 1.
    """
    commit = git("rev-parse", "--verify", "--quiet", "HEAD").strip()
    print(f"verifying commit {commit[:7]} in a scratch clone: nothing is restored from a cache", flush=True)
    if git("status", "--porcelain"):
        print("the working tree has changes that are not committed; they are not looked at", flush=True)
    with tempfile.TemporaryDirectory(prefix="reprise-verify-") as folder:
        scratch = Path(folder, "clone")
        clone(commit, scratch)
        committed, before = hashes(git("show", f"{commit}:dvc.lock", folder=scratch)), metrics(scratch)
        repro(scratch, *targets)
        now = hashes(artifacts.read_text(scratch / "dvc.lock"))
        if tell_hashes(committed, now, changed(*(path for _, path in now), folder=scratch)):
            print("verified by bytes: every output is the committed one")
            return 0
        ran = {Path(path).stem for _, path in now if path.startswith("metrics/")}
        return tell_metrics(before, {task: new for task, new in metrics(scratch).items() if task in ran})


def repro(scratch: Path, *arguments: str) -> None:
    """`dvc repro` in the scratch clone, its output shown. If this process ends first, it ends too, stages and all."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_SITE_CACHE_DIR": str(scratch.parent / "site"),
    }
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    with subprocess.Popen(command, cwd=scratch, env=environment, start_new_session=True) as process:
        try:
            status = process.wait()
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    if status:
        raise StageError("the pipeline failed in the scratch clone, as told above; your own files are untouched")


def metrics(folder: Path) -> dict[str, dict]:
    """The content of every metrics/<task>.json, by task."""
    return {path.stem: artifacts.read_json(path) for path in sorted((folder / "metrics").glob("*.json"))}


def tell_hashes(committed: Hashes, now: Hashes, edited: list[str]) -> bool:
    """Print a line per output of the stages that ran; are all of them the committed ones?

    `edited` are files that Git does not ignore and finds changed by the run, whatever dvc.lock says of them.
    """
    equal = 0
    print(f"\n{'stage':<23} {'output':<39} dvc.lock  now       verdict")
    for (stage, path), new in now.items():
        old = committed.get((stage, path), "-")
        verdict = "equal" if old == new else "different"
        if old == new and any(file == path or file.startswith(f"{path}/") for file in edited):
            verdict = "different from the committed file"
        equal += verdict == "equal"
        print(f"{stage:<23} {path:<39} {old[:8]:<8}  {new[:8]:<8}  {verdict}")
    print(f"{equal} of {len(now)} outputs equal", flush=True)
    return equal == len(now)


def tell_metrics(committed: dict[str, dict], now: dict[str, dict]) -> int:
    """Print every metric that differs and its tolerance; return the exit status."""
    print(
        "\nbytes differ: other packages (`make setup` installs the pinned ones), a processor that rounds differently,"
    )
    print("or committed results that are not of the committed code; so the metrics are compared:")
    print(f"{'metric':<55} {'committed':>10} {'now':>10} {'allowed':>9}")
    off = 0
    for task, new in now.items():
        for found in differences(committed.get(task, {}), new, task):
            off += found.beyond
            old_and_new = " ".join(f"{'none' if x is None else f'{x:.6g}':>10}" for x in found[1:3])
            print(f"{found.name:<55} {old_and_new} {found.allowed:>9.3g}{'  OFF' if found.beyond else ''}")
    compared = sum(len(numbers(new)) for new in now.values())
    if off:
        print(f"not verified: {off} of {compared} metrics differ by more than rounding explains")
        return 1
    print(f"verified by metrics, not by bytes: all {compared} are within their tolerance")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the scratch clone is removed
    run(main)
