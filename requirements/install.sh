#!/usr/bin/env bash
# Make the virtual environment $VENV and install exactly what $REQUIREMENTS pins: hashed wheels only. Without these
# variables it is what a deployment needs, in .venv.
# Takes uv where it is installed, else pip. Needs a Python >= $MINIMUM with the venv module.
set -euo pipefail
VENV=${VENV:-.venv}
REQUIREMENTS=${REQUIREMENTS:-requirements/production.txt}
MINIMUM=${MINIMUM:-3.11}

say() { printf '%s\n' "$*" >&2; }

new_enough() {
  "$1" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$MINIMUM'.split('.'))))" 2>/dev/null
}

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3 python3.11 python3.12 python3.13 python3.14; do
    if new_enough "$name"; then command -v "$name"; return; fi
  done
  if command -v uv >/dev/null; then uv python find --no-python-downloads ">=$MINIMUM" 2>/dev/null && return; fi
  for name in "$HOME"/.pyenv/versions/*/bin/python3; do
    if new_enough "$name"; then printf '%s\n' "$name"; return; fi
  done
  say "No Python >= $MINIMUM found. Install one (Debian: apt install python3 python3-venv) or set PYTHON=/path/to/python3."
  return 1
}

if ! [ -w . ]; then
  say "$PWD cannot be written: clone the project into a folder of yours."
  exit 1
fi

if ! [ -x "$VENV/bin/python" ] || ! new_enough "$VENV/bin/python"; then
  python=$(find_python)
  say "Making $VENV with $python …"
  rm -rf "$VENV"
  if ! "$python" -m venv "$VENV" >/dev/null 2>"${TMPDIR:-/tmp}/venv.$$"; then
    if command -v uv >/dev/null; then
      uv venv --quiet --python "$python" "$VENV"
    else
      rm -rf "$VENV"
      say "$python cannot make a virtual environment: its venv module is missing. Install it (Debian: apt install python3-venv)."
      rm -f "${TMPDIR:-/tmp}/venv.$$"
      exit 1
    fi
  fi
  rm -f "${TMPDIR:-/tmp}/venv.$$"
fi

# On a terminal, one line that counts what pip says of each package.
show_progress() {
  if ! [ -t 2 ]; then cat >/dev/null; return; fi
  awk -v all="$(grep -c '==' "$REQUIREMENTS")" '
    /^Collecting / { printf "\r\033[K  %d of %d: %s", ++count, all, $2; fflush() }
    /^Installing / { printf "\r\033[K  Unpacking %d packages …", count; fflush() }
    END { printf "\r\033[K" }' >&2
}

say "Installing $REQUIREMENTS …"
if command -v uv >/dev/null; then
  uv pip sync --quiet --require-hashes --only-binary :all: --python "$VENV/bin/python" "$REQUIREMENTS"
else
  "$VENV/bin/python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes --only-binary :all: \
    --requirement "$REQUIREMENTS" | show_progress
fi
