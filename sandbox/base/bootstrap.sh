#!/bin/sh
# Makes a minimal Debian root file system, to be turned into an image by `docker import OUT.tar NAME`.
#
#   bootstrap.sh OUT.tar [SUITE]        SUITE is bookworm unless told otherwise
#
# Needs mmdebstrap and a Debian mirror; no container registry. Works as root, and as another user who can make a user
# namespace, for which mmdebstrap wants the package `uidmap` and a range in /etc/subuid: its `auto` mode picks what
# it can. The tools that a shell wants come later, in the Dockerfile beside this file, so that this layer changes
# rarely.

set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 OUT.tar [SUITE]" >&2
    exit 2
fi
out=$1
suite=${2:-bookworm}

if ! command -v mmdebstrap >/dev/null; then
    echo "mmdebstrap is missing" >&2
    echo "hint: apt-get install mmdebstrap" >&2
    exit 1
fi

# A half-written tar must never be taken for a whole one: write beside it, then rename. The name has to end in
# `.tar`, from which mmdebstrap takes the format.
partial="$out.partial.tar"
trap 'rm -f "$partial"' EXIT
trap 'exit 1' HUP INT TERM

# The dpkg and apt options stay in the image, so packages that are installed later leave the same things out.
# Copyright files are kept: the licences ask for it. `force-unsafe-io` spares an fsync per file: a build that loses
# power is built again.
mmdebstrap \
    --mode=auto \
    --variant=minbase \
    --components=main \
    --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-include=/usr/share/locale/locale.alias' \
    --dpkgopt='path-exclude=/usr/share/lintian/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --aptopt='Acquire::Languages "none"' \
    --customize-hook='rm -f "$1/etc/hostname" "$1/etc/resolv.conf"' \
    "$suite" "$partial"

mv "$partial" "$out"
