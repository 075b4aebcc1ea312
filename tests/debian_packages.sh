#!/bin/sh
# Installs the Debian packages that the tests need, where that is allowed; otherwise prints the one command to run.
set -eu
packages="apache2 chromium fonts-dejavu-core libapache2-mod-auth-mellon libapache2-mod-auth-openidc"
packages="$packages nginx-light postgresql postgresql-client softhsm2 xmlsec1"
# Node may have come from elsewhere, with npm in the same package.
command -v node >/dev/null || packages="$packages nodejs"
command -v npm >/dev/null || packages="$packages npm"
missing=""
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif sudo -n true 2>/dev/null; then
    as_root="sudo"
else
    echo "The tests need Debian packages that are not installed. Run this once, then try again:" >&2
    echo "    sudo apt-get update && sudo apt-get install --yes --no-install-recommends$missing" >&2
    exit 1
fi
# No service is started by the installation: the tests start their own, on their own files.
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update --quiet=2
# shellcheck disable=SC2086 # one word for each package
$as_root env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends $missing >/dev/null
