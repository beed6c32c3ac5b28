# Another version of the deb over the first, and away with it.

step "upgrade: running, with an edited configuration"
before=$(show MainPID)
m gpasswd -d tailrace adm >/dev/null
check "dpkg -i" m dpkg -i "/root/${next_deb##*/}"
check "restarted" not same "$before" show MainPID
check "active" same active m systemctl is-active tailrace
check "enabled" same enabled m systemctl is-enabled tailrace
check "the new version" matches 99 m tailrace version
check "the edit is kept" m grep -q /var/log/syslog /etc/tailrace/config.yaml
check "the account stays out of adm" not matches '\(adm\)' m id tailrace
m logger -t newcomer "after the upgrade"
check "nothing missing, nothing twice, in order" within 120 exact

step "upgrade: stopped and disabled"
m systemctl disable --now tailrace
check "dpkg -i" m dpkg -i --force-downgrade "/root/${deb##*/}"
check "still stopped" same inactive m systemctl is-active tailrace
check "still disabled" same disabled m systemctl is-enabled tailrace

step "remove, install again, purge"
m systemctl enable --now tailrace
check "remove" m dpkg -r tailrace
check "stopped" not m pgrep -x tailrace
check "configuration and state are kept" m test -e /etc/tailrace/config.yaml -a -n "$(m ls /var/lib/tailrace)"
check "install again" m dpkg -i "/root/${deb##*/}"
check "enabled as before" same enabled m systemctl is-enabled tailrace
check "not started" same inactive m systemctl is-active tailrace
check "it goes on where it was" m systemctl start tailrace
check "nothing missing, nothing twice, in order" within 120 exact
check "purge" m dpkg --purge tailrace
check "nothing is left" same "" m find / -xdev -path /proc -prune -o -path /sys -prune -o \
	-path '/var/lib/dpkg/*' -prune -o -name '*tailrace*' ! -path '/root/*' -print
"$here/machine" down "$machine"
