import subprocess
import sys

from reprise.completion import script
from reprise.options import COMMANDS
from tests.conftest import REPOSITORY


def completed(words: list[str], workdir) -> list[str]:
    """What bash offers for the last of these words."""
    (workdir / "reprise.bash").write_text(script("bash"), encoding="utf-8")
    code = f"""
        source reprise.bash
        function_of() {{ [[ $(complete -p reprise) =~ -F\\ ([^ ]+) ]]; echo "${{BASH_REMATCH[1]}}"; }}
        COMP_WORDS=("$@"); COMP_CWORD={len(words) - 1}
        "$(function_of)" reprise "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", code, "bash", *words], cwd=workdir, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return sorted(filter(None, result.stdout.splitlines()))


def test_bash_completes_commands_options_values_and_files(workdir):
    (workdir / "picture.png").touch()
    (workdir / "review.keras").touch()
    assert completed(["reprise", ""], workdir) == sorted(COMMANDS)
    assert completed(["reprise", "sen"], workdir) == ["sentiment"]
    assert completed(["reprise", "generate", "--te"], workdir) == ["--temperature"]
    assert completed(["reprise", "export", "denoiser-"], workdir) == ["denoiser-conv", "denoiser-dense"]
    assert completed(["reprise", "denoise", "pic"], workdir) == ["picture.png"]
    assert completed(["reprise", "sentiment", "--model", "rev"], workdir) == ["review.keras"]


def test_the_command_needs_no_tensorflow():
    code = "import sys; sys.argv[1:] = ['completion', 'zsh']; from reprise.__main__ import main; main(); "
    code += "sys.exit('tensorflow' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("#compdef reprise")
