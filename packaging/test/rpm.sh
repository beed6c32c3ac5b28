# The rpm, by Debian's rpm on Debian's systemd: the scripts run for real, with
# the preset of Red Hat. Not shown: dnf's solving, SELinux, rpm 4.19's sysusers.

step "rpm: a fresh machine with rpm and the preset 'disable *'"
machine=rpmhost-$id
"$here/machine" up "$machine"
"$here/machine" put "$machine" "$rpm" "$next_rpm"
m mkdir -p /etc/systemd/system-preset
m sh -c 'echo "disable *" >/etc/systemd/system-preset/99-default.preset'
install_rpm() { local file=${!#}; m rpm --nodeps "${@:1:$#-1}" "/root/${file##*/}"; }

check "rpm -i" install_rpm -i "$rpm"
check "not enabled" same disabled m systemctl is-enabled tailrace
check "not started" same inactive m systemctl is-active tailrace
check "account in adm and systemd-journal" matches '\(adm\).*\(systemd-journal\)|\(systemd-journal\).*\(adm\)' m id tailrace
check "/etc/tailrace/config.yaml" same "640 root:tailrace" mode /etc/tailrace/config.yaml
check "/var/lib/tailrace" same "750 tailrace:tailrace" mode /var/lib/tailrace
check "rpm -V finds nothing changed" same "" m rpm -V --nodeps tailrace

m sh -c 'echo "# edited" >>/etc/tailrace/config.yaml'
check "enable --now, without a broker" m systemctl enable --now tailrace
before=$(show MainPID)
check "rpm -U" install_rpm -U "$next_rpm"
check "restarted" not same "$before" show MainPID
check "active" same active m systemctl is-active tailrace
check "enabled" same enabled m systemctl is-enabled tailrace
check "the edit is kept" m grep -q '# edited' /etc/tailrace/config.yaml
m systemctl stop tailrace
check "rpm -U --oldpackage while stopped" install_rpm -U --oldpackage "$rpm"
check "still stopped" same inactive m systemctl is-active tailrace
m systemctl start tailrace
check "rpm -e" m rpm -e tailrace
check "stopped" not m pgrep -x tailrace
check "the edited configuration is kept" m test -e /etc/tailrace/config.yaml.rpmsave
"$here/machine" down "$machine"
