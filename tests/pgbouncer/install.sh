#!/usr/bin/env bash
# Puts PgBouncer where it is missing: Debian's package, by root or by sudo without a password.
set -euo pipefail

# Debian has it where only root's PATH leads.
PATH="$PATH:/usr/sbin:/sbin"
command -v pgbouncer >/dev/null && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "PgBouncer is not installed. Install the package 'pgbouncer' and run this again." >&2
  exit 1
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer
