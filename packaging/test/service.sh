# The service ships the machine's syslog.

step "service: Kafka on the other side of the network"
broker_start

step "service: one path added, enabled, a line logged"
# The two edits that a newcomer makes.
m sed -i -e 's|^\( *- paths: \[\)|\1/var/log/syslog, |' -e "s|localhost:9092|$broker|" /etc/tailrace/config.yaml
check "the path and the broker are in config.yaml" m grep -q "/var/log/syslog, " /etc/tailrace/config.yaml
check "tailrace check" m tailrace check
check "tailrace check --connect: broker and topic" m tailrace check --connect
check "enable --now returns when it is ready" m systemctl enable --now tailrace
check "active" same active m systemctl is-active tailrace
m logger -t newcomer "hello, Kafka"
arrived() { matches "newcomer: hello, Kafka$" topic logs /var/log/syslog; }
check "the line is in Kafka" within 120 arrived
check "the key is the host's name" same "$machine" sh -c \
	"kcat -b $broker -C -t logs -o beginning -e -q -f '%k\n' | sort -u"
check "topic and files are the same" within 120 exact

step "service: what systemd knows of it"
status_of() { m sed -n "s/^$1:[[:space:]]*//p" "/proc/$(show MainPID)/status"; }
uid() { matches "^$(m id -u tailrace)[[:space:]]" status_of Uid; }
watchdog_fed() {
	local before
	before=$(show WatchdogTimestampMonotonic)
	within 120 not same "$before" show WatchdogTimestampMonotonic
}
check "a status text with the files" within 120 matches "following [1-9]" show StatusText
echo "         $(show StatusText)"
check "the watchdog is armed: 60 s" same 1min show WatchdogUSec
check "the watchdog is fed" watchdog_fed
check "runs as the user tailrace" uid
check "one capability: CAP_DAC_READ_SEARCH" same 0000000000000004 status_of CapEff
check "no other can be had" same 0000000000000004 status_of CapBnd
check "no new privileges" same 1 status_of NoNewPrivs
check "system calls are filtered" same 2 status_of Seccomp
# Which one is not to be told here: a unit has a /proc of its own, where the id
# is the kernel's, and nspawn gives the machine another.
check "the journal knows its boot" m grep -rqE '"boot":"[0-9a-f-]{36}"' /var/lib/tailrace

step "service: asked over its socket"
check "the socket is for its owner" same "600 tailrace:tailrace" mode /var/lib/tailrace/tailrace.sock
check "tailrace status" matches "^tailrace .*: following [1-9]" m tailrace status
check "tailrace explain" matches "^/var/log/syslog is followed: its lines go to topic logs$" m tailrace explain /var/log/syslog

step "service: a log that only root may read"
m sh -c 'umask 077; mkdir /var/log/secret; echo "for root alone" >/var/log/secret/app.log'
m sh -c 'umask 027; printf "inputs:\n  - paths: [/var/log/secret/*.log]\n    topic: secret\n" >/etc/tailrace/conf.d/secret.yaml; chgrp tailrace /etc/tailrace/conf.d/secret.yaml'
m systemctl restart tailrace
check "0600 in a 0700 directory is shipped" within 120 same "for root alone" topic secret /var/log/secret/app.log

step "service: a password by LoadCredential="
m sh -c 'umask 077; echo "not for everyone" >/etc/tailrace/kafka-password; echo >/etc/tailrace/no-password'
m install -d -o tailrace /var/tmp/check
m sh -c 'printf "inputs: [{paths: [/var/log/syslog], topic: logs}]\nstate_dir: /var/tmp/check\noutputs:\n  kafka:\n    brokers: [localhost]\n    sasl: {mechanism: plain, username: u, password_file: kafka-password}\n" >/var/tmp/check/config.yaml'
# as_service NAME: what check says where systemd gives that file as the password.
as_service() {
	m systemd-run --quiet --wait --pipe -p User=tailrace -p AmbientCapabilities=CAP_DAC_READ_SEARCH \
		-p LoadCredential=kafka-password:/etc/tailrace/"$1" tailrace check --config /var/tmp/check/config.yaml
}
check "it is read" as_service kafka-password
check "an empty one is found out" matches "password_file: kafka-password is empty" as_service no-password

step "service: a clean stop"
began=$SECONDS
check "systemctl stop" m systemctl stop tailrace
check "not only when systemd gives up" test $((SECONDS - began)) -lt 60
check "the result is success" same "success 0" sh -c "echo \$('$here/machine' exec $machine systemctl show -P Result -P ExecMainStatus tailrace)"
m logger -t newcomer "written while stopped"
check "systemctl start" m systemctl start tailrace
check "nothing missing, nothing twice" within 120 exact
