"""Is the last commit reproducible here? The whole pipeline again, from nothing, compared with the committed results.

python -m tools.verify [stage ...]
"""

import os
import signal
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from stages.core import artifacts
from stages.core.errors import StageError
from tools.comparison import changed, differences, hashes, numbers
from tools.locks import BASE, pins


def main(targets: list[str]) -> int:
    """Run the last commit in a scratch clone with a cache of its own, print what is equal, clean up.

    Args:
        targets: stages to verify, with all that they need; none: the whole pipeline.

    Returns:
        Exit status: 0 if every output has the committed bytes, or every metric is within its tolerance; otherwise 1.

    Raises:
        StageError: this is not a Git checkout, nothing was committed, or the pipeline failed.
    """
    commit = git("rev-parse", "--verify", "--quiet", "HEAD").strip()
    top = git("rev-parse", "--show-toplevel").rstrip("\n")
    print(f"verifying commit {commit[:7]} in a scratch clone: nothing is restored from a cache", flush=True)
    if git("status", "--porcelain"):
        print("the working tree has changes that are not committed; they are not looked at", flush=True)
    with tempfile.TemporaryDirectory(prefix="reprise-verify-") as folder:
        scratch = Path(folder, "clone")
        git("clone", "--quiet", "--no-checkout", top, str(scratch))
        git("-C", str(scratch), "checkout", "--quiet", "--detach", commit)
        artifacts.write_text(scratch / ".dvc" / "config.local", "[cache]\n    dir = cache\n")
        committed = hashes(lock_of(scratch))
        before = metrics(scratch)
        (scratch / "dvc.lock").unlink()  # every stage counts as never run
        repro(scratch, *targets)
        now = hashes(lock_of(scratch))
        differing = tell_hashes(committed, now, changed(*(path for _, path in now), folder=scratch))
        if not differing:
            print("verified by bytes: every output is the committed one")
            return 0
        print(f"\n{reason(scratch, now, differing)}")
        return tell_metrics(before, metrics(scratch), [path for _, path in now])


def git(*arguments: str) -> str:
    """What a git command prints.

    Raises:
        StageError: it failed; with the last line of its error.
    """
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise StageError("git is not installed; verify runs the last commit in a clone") from error
    except subprocess.CalledProcessError as error:
        told = (error.stderr.strip().splitlines() or ["nothing is committed"])[-1].removeprefix("fatal: ")
        raise StageError(f"verify runs the last commit in a clone, and git says: {told}") from error


def repro(scratch: Path, *arguments: str) -> None:
    """`dvc repro` in the scratch clone, its output shown. If this process ends before it, it ends too, stages and all.

    Raises:
        StageError: it failed.
    """
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


def lock_of(folder: Path) -> str:
    """The dvc.lock in a folder.

    Raises:
        StageError: there is none.
    """
    return artifacts.read_text(folder / "dvc.lock")


def metrics(folder: Path) -> dict[str, dict[str, float]]:
    """Every number of metrics/*.json, by file and dotted key."""
    files = sorted((folder / "metrics").glob("*.json"))
    return {path.relative_to(folder).as_posix(): dict(numbers(artifacts.read_json(path))) for path in files}


def tell_hashes(
    committed: dict[tuple[str, str], str], now: dict[tuple[str, str], str], edited: list[str]
) -> list[tuple[str, str]]:
    """Print a line per output of the stages that ran; return those that are not the committed ones.

    Args:
        committed: hashes in the committed dvc.lock.
        now: hashes after the run.
        edited: files that Git does not ignore and finds changed by the run, whatever dvc.lock says of them.
    """
    differing = []
    print(f"\n{'stage':<23} {'output':<39} dvc.lock  now       verdict")
    for stage, path in now:
        old, new = committed.get((stage, path), "-"), now[stage, path]
        equal = old == new and not any(file == path or file.startswith(f"{path}/") for file in edited)
        verdict = "equal" if equal else "different" if old != new else "different from the committed file"
        print(f"{stage:<23} {path:<39} {old[:8]:<8}  {new[:8]:<8}  {verdict}")
        if not equal:
            differing.append((stage, path))
    print(f"{len(now) - len(differing)} of {len(now)} outputs equal", flush=True)
    return differing


def reason(scratch: Path, now: dict[tuple[str, str], str], differing: list[tuple[str, str]]) -> str:
    """Why bytes differ, as far as it can be told: other packages, an unsteady stage, or another kind of processor.

    The first stage that differs is run a second time; all before it is equal to what was committed.
    """
    if others := other_packages():
        return f"bytes differ, and so do packages: {', '.join(others)}; `make setup` installs the pinned ones"
    stage = differing[0][0]
    print(f"\n{stage} is the first that differs; once more, to see whether it repeats itself", flush=True)
    repro(scratch, "--force", "--single-item", stage)
    if hashes(lock_of(scratch)) != now:
        raise StageError(f"{stage} gave two results in two runs on this machine: it is not reproducible; report this")
    return (
        f"bytes differ, packages do not, and {stage} repeats itself to the bit: this processor rounds in another way\n"
        "than the one of the committed run, or the committed results are not of the committed code"
    )


def other_packages() -> list[str]:
    """Installed packages whose version is not the one in requirements.txt."""
    others = []
    for name, pinned in pins(artifacts.read_text(BASE)).items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            continue  # of another platform, by its marker
        if installed != pinned:
            others.append(f"{name} {installed} (pinned: {pinned})")
    return others


def tell_metrics(committed: dict[str, dict[str, float]], now: dict[str, dict[str, float]], ran: list[str]) -> int:
    """Print every metric that differs and its tolerance; return the exit status."""
    off = compared = 0
    print("\nso the metrics are compared:")
    print(f"{'metric':<55} {'committed':>10} {'now':>10} {'differ by':>10} {'allowed':>9}")
    for file in (file for file in now if file in ran):
        old, new = committed.get(file, {}), now[file]
        compared += len(old.keys() | new.keys())
        for found in differences(old, new, Path(file).stem):
            off += found.beyond
            told = ["none" if value is None else f"{value:.6g}" for value in (found.committed, found.now)]
            figures = f"{told[0]:>10} {told[1]:>10} {found.size:>10.3g} {found.allowed:>9.3g}"
            print(f"{found.name:<55} {figures}{'  OFF' if found.beyond else ''}")
    if off:
        print(f"not verified: {off} of {compared} metrics differ by more than rounding explains")
        return 1
    print(f"verified by metrics, not by bytes: all {compared} are within their tolerance")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the scratch clone is removed
    try:
        sys.exit(main(sys.argv[1:]))
    except StageError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("\nstopped; the scratch clone is removed")
