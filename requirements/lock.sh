#!/usr/bin/env bash
# Pin every requirement with the hashes of its files, for every platform. No URL is recorded.
# `make lock` keeps what is pinned and adds what is new; `make lock UPGRADE=--upgrade` takes the newest.
set -euo pipefail
cd "$(dirname "$0")"

compile() {
  ../.venv/bin/uv pip compile --quiet --universal --python-version "$1" --generate-hashes --no-header --no-annotate \
    --no-strip-extras --no-emit-index-url --no-emit-find-links ${UPGRADE:-} "${@:4}" "$2" --output-file "$3"
}

compile 3.11 production.in production.txt
compile 3.11 demo.in demo.txt --constraints production.txt
compile 3.11 development.in development.txt --constraints demo.txt
compile 3.12 next.in next.txt --override next-overrides.txt
