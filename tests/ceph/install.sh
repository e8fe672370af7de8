#!/usr/bin/env bash
# Puts Ceph's object gateway, and rclone for a drill, where they are missing: Debian's packages, by root or by sudo without a password.
set -euo pipefail

packages=(ceph-mon ceph-osd radosgw ceph-common openssl rclone)
is_installed() {
  local program
  # One at a time: `command -v` with several names is content with one of them.
  for program in ceph-mon ceph-osd radosgw radosgw-admin monmaptool ceph openssl rclone; do
    command -v "$program" >/dev/null || return 1
  done
}

# Debian has some of them where only root's PATH leads.
PATH="$PATH:/usr/sbin:/sbin"
is_installed && exit 0
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
  echo "Ceph is not installed. Install the packages '${packages[*]}' and run this again." >&2
  exit 1
fi
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
is_installed || { echo "Ceph is not complete after its packages were installed." >&2; exit 1; }
