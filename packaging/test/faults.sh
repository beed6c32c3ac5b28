# What goes wrong on a host: each time the topic has to be the files, exactly.

# burst N logs 1000 numbered lines in ten portions.
burst() {
	m sh -c "for i in 0 1 2 3 4 5 6 7 8 9; do seq -f 'burst $1 line %g' \${i}00 \${i}99 | logger -t load; sleep 0.1; done"
}
restarts() { same "$1" show NRestarts; }
agent_kill() { m kill -KILL "$(show MainPID)"; }

step "faults: kill -9 while lines are written and the log is rotated"
for n in 1 2 3; do
	burst $n &
	writer=$!
	sleep 0.5
	agent_kill
	m logrotate -f /etc/logrotate.d/rsyslog
	wait "$writer"
	check "killed $n times, restarted $n times" within 120 restarts $n
	check "nothing missing, nothing twice, in order" within 120 exact
done

step "faults: the network is cut and mended"
ip link set "tr$id" down
for part in 1 2 3 4 5; do burst "4.$part"; done
check "still active" same active m systemctl is-active tailrace
ip link set "tr$id" up
check "nothing missing, nothing twice, in order" within 120 exact

step "faults: the agent hangs"
m mkdir -p /run/systemd/system/tailrace.service.d
m sh -c 'printf "[Service]\nWatchdogSec=5\n" >/run/systemd/system/tailrace.service.d/test.conf'
m systemctl daemon-reload
m systemctl restart tailrace
m kill -STOP "$(show MainPID)"
burst 5
check "the watchdog finds it" within 120 matches "Watchdog timeout" m journalctl -u tailrace -b --no-pager
check "and it is restarted" within 120 restarts 1
check "nothing missing, nothing twice, in order" within 120 exact
m rm -r /run/systemd/system/tailrace.service.d
m systemctl daemon-reload
m systemctl restart tailrace

step "faults: a bad configuration"
m cp -p /etc/tailrace/config.yaml /root/good.yaml
m sh -c 'echo "nonsense: yes" >>/etc/tailrace/config.yaml'
m systemctl restart tailrace || true
check "failed" within 120 same failed m systemctl is-active tailrace
check "exit status 78" same 78 show ExecMainStatus
check "not tried again" same 0 show NRestarts
check "the journal names the line" matches 'config.yaml:[0-9]+:[0-9]+.*nonsense' m journalctl -u tailrace -b --no-pager
m cp -p /root/good.yaml /etc/tailrace/config.yaml
check "mended, it starts" m systemctl restart tailrace
check "nothing missing, nothing twice, in order" within 120 exact

step "faults: the host is rebooted, and crashes"
burst 6
"$here/machine" reboot "$machine"
check "comes up by itself after a reboot" same active m systemctl is-active tailrace
check "nothing missing, nothing twice, in order" within 120 exact
burst 7 2>/dev/null &
writer=$!
sleep 0.5
"$here/machine" kill "$machine"
wait "$writer" || true
"$here/machine" boot "$machine"
check "comes up by itself after a crash" same active m systemctl is-active tailrace
check "nothing missing, nothing twice, in order" within 120 exact
