#!/usr/bin/env bash
# Installs Debian's packages where one of some programs is missing, by root or by sudo without a password:
#   install_packages.sh "PROGRAM ..." "PACKAGE ..."
set -euo pipefail

read -ra programs <<< "$1"
read -ra packages <<< "$2"
find_missing() {
  local program
  # One at a time: `command -v` with several names is content with one of them.
  for program in "${programs[@]}"; do
    command -v "$program" >/dev/null || echo "$program"
  done
}

# Debian has some of them where only root's PATH leads.
PATH="$PATH:/usr/sbin:/sbin"
[ -z "$(find_missing)" ] && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Missing:" $(find_missing)". Install the packages '${packages[*]}' and run this again." >&2
  exit 1
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
missing=$(find_missing)
[ -z "$missing" ] || { echo "Still missing after their packages were installed:" $missing >&2; exit 1; }
