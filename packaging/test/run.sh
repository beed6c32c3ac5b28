#!/bin/bash
# Tests the packages on a real systemd: builds them, installs the deb into a
# booted machine, follows its syslog into a real Kafka on the other side of a
# network, breaks things, and compares topic and files byte for byte.
#
#   packaging/test/run.sh
#
# Root on Debian 12. Installs what it needs, takes about three minutes the first
# time (root file system and Kafka's jars are then cached, see machine), and
# leaves no mount, process, cgroup or network behind, whatever happens. The
# exit status is the number of failed checks, at most 99.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
export LC_ALL=C
. "$here/lib.sh"

[ "$(id -u)" = 0 ] || { echo "run.sh: needs root" >&2; exit 1; }
begin

step "install what the test needs"
deps
step "root file system of the machine"
quietly "$here/machine" build
step "build the packages"
build_packages

for part in packages deb service faults upgrade rpm; do
	. "$here/$part.sh"
done
finish
