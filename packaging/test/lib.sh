# What the parts of run.sh share: checks, the network, the broker, the machine.
# Sourced; $here is this folder and $top the checkout.

failed=0
checks=0
work=       # scratch folder
id=$$       # in the names of the machines and the network
net=tailrace-$id
machine=loghost-$id
address=    # of the host's end of the network
broker=     # the Kafka's address, host:port
broker_pid=

begin() {
	work=$(mktemp -d)
	trap 'clean $?' EXIT
	trap 'exit 130' INT TERM HUP
}

clean() {
	set +e
	[ "$1" = 0 ] || [ "$failed" -gt 0 ] || { echo "run.sh: stopped by an error"; journal; }
	"$here/machine" down "$machine"
	"$here/machine" down "rpmhost-$id"
	if [ -n "$broker_pid" ]; then
		kill "$broker_pid" 2>/dev/null # it takes the Kafka along
		wait "$broker_pid" 2>/dev/null
	fi
	ip netns del "$net" 2>/dev/null
	ip link del "tr$id" 2>/dev/null
	rm -rf "$work"
}

# journal shows what the agent said last, for whoever looks into a failure.
journal() {
	{ m journalctl -u tailrace --no-pager -o short-precise 2>/dev/null || true; } |
		tail -n 15 | sed 's/^/         : /'
}

finish() {
	step "$checks checks, $failed failed"
	exit $((failed > 99 ? 99 : failed))
}

step() { printf '\n== %4ds  %s\n' "$SECONDS" "$*"; }

# quietly shows what a command said only if it fails.
quietly() { "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; return 1; }; }

# check TEXT CMD… counts and prints one check: CMD has to succeed.
check() {
	local text=$1
	shift
	checks=$((checks + 1))
	if "$@" >"$work/said" 2>&1; then
		echo "   ok    $text"
	else
		failed=$((failed + 1))
		echo "   FAIL  $text"
		echo "         $*"
		tail -n 20 "$work/said" | sed 's/^/         | /'
		journal
	fi
}

# same WANT CMD…: the output of CMD is WANT.
same() {
	local want=$1 got
	shift
	got=$("$@" 2>&1) || true
	[ "$got" = "$want" ] || { printf 'want %q\ngot  %q\n' "$want" "$got"; return 1; }
}

# matches PATTERN CMD…: the output of CMD matches the extended expression.
matches() {
	local pattern=$1 got
	shift
	got=$("$@" 2>&1) || true
	grep -Eq -- "$pattern" <<<"$got" || { printf 'want %s\ngot  %s\n' "$pattern" "$got"; return 1; }
}

not() { ! "$@"; }

# within SECONDS CMD…: CMD succeeds before the time is up, which is when to give up:
# the machine may be a slow one.
within() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >"$work/tried" 2>&1; do
		((SECONDS < end)) || { cat "$work/tried"; return 1; }
		sleep 0.2
	done
}

deps() {
	local missing=() command package
	while read -r command package; do
		command -v "$command" >/dev/null || missing+=("$package")
	done <<-'LIST'
		lintian lintian
		rpm rpm
		kcat kcat
		java default-jre-headless
		mvn maven
	LIST
	if ((${#missing[@]})); then
		quietly apt-get update -q -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300
		DEBIAN_FRONTEND=noninteractive quietly apt-get install -qy -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}"
	fi
	quietly "$here/machine" deps
}

# build_packages builds twice: what is tested, and a later version of the same
# sources for the upgrades.
build_packages() {
	quietly "$top/packaging/build.sh" "$work/dist"
	VERSION=99.0 quietly "$top/packaging/build.sh" "$work/next"
	deb=$(echo "$work"/dist/*.deb)
	rpm=$(echo "$work"/dist/*.rpm)
	next_deb=$(echo "$work"/next/*.deb)
	next_rpm=$(echo "$work"/next/*.rpm)
}

# network makes a namespace for the machine and a cable to it. The addresses
# are of the block for benchmarks, which no network uses; four for each run.
network() {
	local a=$((id / 64 % 256)) b=$((id % 64 * 4))
	address=198.18.$a.$((b + 1))
	ip netns add "$net"
	ip link add "tr$id" type veth peer name eth0 netns "$net"
	ip address add "$address/30" dev "tr$id"
	ip link set "tr$id" up
	ip -n "$net" address add "198.18.$a.$((b + 2))/30" dev eth0
	ip -n "$net" link set lo up
	ip -n "$net" link set eth0 up
}

# broker_start starts a real Kafka on the host's end of the network, with the
# topics that are shipped to, and sets $broker when it answers.
broker_start() {
	quietly go -C "$top" build -o "$work/kafka" ./test/kafka/start
	mkdir "$work/broker"
	"$work/kafka" --host "$address" --dir "$work/broker" --topic logs --topic secret \
		>"$work/broker.address" 2>"$work/broker.errors" &
	broker_pid=$!
	within 330 answers || true
	broker=$(cat "$work/broker.address")
	[ -n "$broker" ] || { cat "$work/broker.errors" >&2; exit 1; }
}

# answers succeeds when the broker is there, and when it cannot come any more.
answers() { [ -s "$work/broker.address" ] || [ ! -d "/proc/$broker_pid" ]; }

# topic NAME FILE prints the values of the records of one file, in the order of
# their offsets. The file's records are all in one partition.
topic() {
	kcat -b "$broker" -C -t "$1" -o beginning -e -q -f '%h\t%s\n' |
		awk -F '\t' -v want="path=$2" '{ n = split($1, h, ","); for (i = 1; i <= n; i++) if (h[i] == want) { print substr($0, length($1) + 2); next } }'
}

m() { "$here/machine" exec "$machine" "$@"; }

# show PROPERTY prints a property of the service.
show() { m systemctl show -P "$1" tailrace; }

# syslog prints every line of the machine's syslog since it was booted first,
# rotated ones first.
syslog() { m sh -c 'for f in $(ls -r /var/log/syslog.* 2>/dev/null) /var/log/syslog; do zcat -f $f; done'; }

# exact compares topic and files: nothing missing, nothing twice, in order.
exact() {
	syslog >"$work/written"
	topic logs /var/log/syslog >"$work/shipped"
	[ -s "$work/written" ] && diff "$work/written" "$work/shipped"
}
