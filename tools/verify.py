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
from tools.compare import changed, clone, differences, git, hashes, metrics

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
        repro(scratch, *targets)
        now = hashes(artifacts.read_text(scratch / "dvc.lock"))
        if tell_hashes(hashes(git("show", "HEAD:./dvc.lock", folder=scratch)), now, changed(".", folder=scratch)):
            print("verified by bytes: every output is the committed one")
            return 0
        ran = [path for _, path in now if path.startswith("metrics/")]
        return tell_metrics(metrics(ran, "HEAD", scratch), metrics(ran, folder=scratch))


def repro(scratch: Path, *arguments: str) -> None:
    """`dvc repro` in the scratch clone, its output shown. If this process ends first, dvc and its stage do, too."""
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_SITE_CACHE_DIR": str(scratch.parent / "site"),
    }
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    if subprocess.run(command, cwd=scratch, env=environment, check=False).returncode:
        raise StageError("the pipeline failed in the scratch clone, as told above; your own files are untouched")


def tell_hashes(committed: Hashes, now: Hashes, edited: list[str]) -> bool:
    """Print a line per output of the stages that ran; are all of them the committed ones?

    `edited` are files that Git does not ignore and finds changed by the run, whatever dvc.lock says of them.
    """
    equal = 0
    print(f"\n{'stage':<23} {'output':<39} dvc.lock  now       verdict")
    for (stage, path), new in now.items():
        old = committed.get((stage, path), "-")
        verdict = "equal" if old == new else "different"
        if old == new and any(f"{file}/".startswith(f"{path}/") for file in edited):
            verdict = "different from the committed file"
        equal += verdict == "equal"
        print(f"{stage:<23} {path:<39} {old[:8]:<8}  {new[:8]:<8}  {verdict}")
    print(f"{equal} of {len(now)} outputs equal", flush=True)
    return equal == len(now)


def tell_metrics(committed: dict[str, float], now: dict[str, float]) -> int:
    """Print every metric that differs and its tolerance; return the exit status."""
    print(
        "\nbytes differ: other packages (`make setup` installs the pinned ones), a processor that rounds differently,\n"
        "or committed results that are not of the committed code; so the metrics are compared:\n"
        f"{'metric':<55} {'committed':>10} {'now':>10} {'allowed':>9}"
    )
    found = differences(committed, now)
    for one in found:
        old, new = ("none" if value is None else f"{value:.6g}" for value in (one.committed, one.now))
        print(f"{one.name:<55} {old:>10} {new:>10} {one.allowed:>9.3g}{'  OFF' if one.beyond else ''}")
    if off := sum(one.beyond for one in found):
        print(f"not verified: {off} of {len(now)} metrics differ by more than rounding explains")
        return 1
    print(f"verified by metrics, not by bytes: all {len(now)} are within their tolerance")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the scratch clone is removed
    run(main)
