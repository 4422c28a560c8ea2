#!/bin/sh
# The environment that make sets up. The Makefile calls it from the top of the repository:
#   check FOLDER ...               remove each environment that cannot be used, and say why; print which one is being made
#   python [PYTHON]                print the interpreter to use
#   create FOLDER [PYTHON]         make an environment, unless there is one
#   install FOLDER STAMP ARGS ...  install ARGS into it, with uv or pip, then write FOLDER/STAMP
#
# FOLDER/installing, with the id of this process, is there from before the first file is written until pip has ended: a
# killed pip leaves it, and the environment is made again.

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
needed='Python 3.11, 3.12 or 3.13'

fail() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}

# A zombie, which stays where a container has no init, has ended.
alive() {
  kill -0 "$1" 2>/dev/null || return 1
  case $(cat "/proc/$1/stat" 2>/dev/null) in *') Z '*) return 1 ;; esac
}

check() {
  [ -w . ] || return 0 # the recipes say so
  for folder; do
    [ -d "$folder" ] || [ -L "$folder" ] || continue
    made=$(cat "$folder/installed" 2>/dev/null)
    if [ -e "$folder/installing" ]; then
      process=$(cat "$folder/installing")
      if [ -n "$process" ] && alive "$process"; then
        echo "$folder is being set up by process $process; wait for it (or, if that is another program, remove $folder)"
        exit
      fi
      why='its installation was interrupted'
    elif [ -e "$folder/installed" ] && ! "$folder/bin/python" -E -c 'import pip' >/dev/null 2>&1; then
      why='its Python has been removed or upgraded'
    elif [ -n "$made" ] && [ "$made" != "$(cd "$folder" && pwd -P)" ]; then
      why="it was made in $made, and its commands name that folder"
    else
      continue
    fi
    echo "making $folder again: $why" >&2
    rm -rf "$folder"
  done
}

version() {
  "$1" -c 'import sys; print("Python %d.%d" % sys.version_info[:2])' 2>/dev/null || echo 'no Python that starts'
}

# python3 first: it is what an activated environment, pyenv or a continuous integration has chosen.
python() {
  if [ -n "$1" ]; then
    "$1" -c "$supported" 2>/dev/null || fail "Reprise needs $needed, and $1 is $(version "$1")"
    candidates=$1
  else
    candidates='python3 python3.13 python3.12 python3.11'
  fi
  without_venv=
  for candidate in $candidates; do
    if "$candidate" -c "$supported" 2>/dev/null; then
      "$candidate" -c 'import ensurepip, venv' 2>/dev/null && echo "$candidate" && return
      without_venv=${without_venv:-$candidate}
    fi
  done
  [ -z "$1" ] && command -v uv >/dev/null && echo uv && return
  if [ -n "$without_venv" ]; then
    package=$("$without_venv" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    fail "$without_venv cannot make environments: a package is missing; on Debian and Ubuntu: sudo apt install $package"
  fi
  fail "Reprise needs $needed, and python3 is $(version python3); install one, then type make again:
  Debian, Ubuntu   sudo apt install python3.12 python3.12-venv
  Fedora           sudo dnf install python3.13
  macOS            brew install python@3.13
  any system       pyenv install 3.13, or install uv, with which make fetches Python itself"
}

create() {
  folder=$1
  "$folder/bin/python" -E -c "import pip; $supported" >/dev/null 2>&1 && return
  found=$(python "$2") || exit 1
  rm -rf "$folder"
  mkdir "$folder" && echo $$ >"$folder/installing" || exit 1
  if [ "$found" = uv ]; then
    uv venv --quiet --seed --allow-existing --python 3.13 "$folder"
  else
    "$found" -m venv "$folder"
  fi
}

# uv takes a third of pip's time, but does not read pip's settings, such as another index: where it fails, pip installs.
# No bytecode for what is never imported; Python writes that of a module when it is first imported.
packages() {
  if command -v uv >/dev/null; then
    uv pip install --python "$folder/bin/python" --require-hashes "$@" && return
    status=$?
    [ "$status" -le 128 ] || return "$status"
    echo "uv could not install the packages: pip does" >&2
  fi
  "$folder/bin/python" -m pip install --no-compile --require-hashes "$@"
}

install() {
  folder=$1 stamp=$2
  shift 2
  trap 'exit 130' HUP INT TERM # after pip has ended, with the mark left
  echo $$ >"$folder/installing" || exit 1
  packages "$@"
  status=$?
  # An error that pip reports is undone by pip: the packages that are there are whole.
  [ "$status" -gt 128 ] || rm -f "$folder/installing"
  [ "$status" -eq 0 ] || exit "$status"
  (cd "$folder" && pwd -P) >"$folder/$stamp"
}

command=$1
shift
case $command in
  check | python | create | install) "$command" "$@" ;;
  *) fail "no such command: $command" ;;
esac
