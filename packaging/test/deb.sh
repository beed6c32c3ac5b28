# Installing the deb for the first time.

step "deb: a fresh machine"
network
MACHINE_NETNS=/run/netns/$net "$here/machine" up "$machine"
export MACHINE_NETNS=/run/netns/$net # for its reboots
"$here/machine" put "$machine" "$deb" "$next_deb"
mode() { m stat -c '%a %U:%G' "$1"; }

check "dpkg -i" m dpkg -i "/root/${deb##*/}"
check "not enabled" same disabled m systemctl is-enabled tailrace
check "not started" same inactive m systemctl is-active tailrace
check "account in adm and systemd-journal" matches '\(adm\).*\(systemd-journal\)|\(systemd-journal\).*\(adm\)' m id tailrace
check "account cannot log in" matches ':/usr/sbin/nologin$' m getent passwd tailrace
check "/etc/tailrace" same "750 root:tailrace" mode /etc/tailrace
check "/etc/tailrace/config.yaml" same "640 root:tailrace" mode /etc/tailrace/config.yaml
check "/var/lib/tailrace" same "750 tailrace:tailrace" mode /var/lib/tailrace
check "the unit is not executable" same "644 root:root" mode /usr/lib/systemd/system/tailrace.service
check "tailrace version" matches "$(dpkg-deb -f "$deb" Version | sed 's/-1$//; s/[+.]/\\&/g')" m tailrace version
check "systemd-analyze verify says nothing" same "" m systemd-analyze verify --man=no tailrace.service
check "its man page is there" m test -e /usr/share/man/man8/tailrace.8.gz
check "systemd-analyze security is at most 1.6" m systemd-analyze security --offline=true --threshold=16 /usr/lib/systemd/system/tailrace.service
check "the shipped configuration is valid" m tailrace check --config /etc/tailrace/config.yaml
