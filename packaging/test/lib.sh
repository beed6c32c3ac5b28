# What the parts of run.sh share: checks, the network, the broker, the machine.
# Sourced; $here is this folder and $top the checkout.

failed=0
checks=0
work=       # scratch folder
id=$$       # in the names of the machines and the network
net=tailrace-$id
machine=loghost-$id
address=    # of the broker, on the host's end of the network
broker_pid=

begin() {
	work=$(mktemp -d)
	trap 'clean $?' EXIT
	trap 'exit 130' INT TERM HUP
}

clean() {
	set +e
	[ "$1" = 0 ] || journal
	"$here/machine" down "$machine"
	"$here/machine" down "rpmhost-$id"
	if [ -n "$broker_pid" ]; then
		kill -KILL "$broker_pid" 2>/dev/null
		wait "$broker_pid" 2>/dev/null
	fi
	ip netns del "$net" 2>/dev/null
	ip link del "tr$id" 2>/dev/null
	rm -rf "$work"
}

# journal shows what the agent said last, for whoever looks into a failure.
journal() {
	echo "== the agent's last words"
	m journalctl -u tailrace --no-pager -o short-precise 2>/dev/null | tail -n 40
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
		tail -n 30 "$work/said" | sed 's/^/         | /'
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

# within SECONDS CMD…: CMD succeeds before the time is up.
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
		quietly apt-get update -q
		DEBIAN_FRONTEND=noninteractive quietly apt-get install -qy --no-install-recommends "${missing[@]}"
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

kafka_version=4.2.0
jars=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/tailrace/kafka-broker-$kafka_version

# broker_jars downloads Apache Kafka as Maven artifacts into the cache, once.
broker_jars() {
	[ -d "$jars" ] && return
	mkdir -p "${jars%/*}"
	local new
	new=$(mktemp -d "$jars.XXXXXX")
	cat >"$work/pom.xml" <<-POM
		<project>
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>tailrace</groupId><artifactId>broker</artifactId><version>1</version><packaging>pom</packaging>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka_version</version></dependency>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$kafka_version</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-core</artifactId><version>2.24.3</version></dependency>
		    <dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.24.3</version></dependency>
		  </dependencies>
		</project>
	POM
	quietly mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$new"
	# Another run may have been faster.
	mv -T "$new" "$jars" 2>/dev/null || rm -rf "$new"
}

# broker_start starts one Kafka node, broker and controller in one, and returns
# when it answers. Topics are made when they are first asked for.
broker_start() {
	local dir=$work/broker
	mkdir -p "$dir"
	cat >"$dir/server.properties" <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.bootstrap.servers=$address:9093
		listeners=PLAINTEXT://$address:9092,CONTROLLER://$address:9093
		controller.listener.names=CONTROLLER
		log.dirs=$dir/data
		num.partitions=3
		offsets.topic.replication.factor=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
	END
	if [ ! -d "$dir/data" ]; then
		quietly java -cp "$jars/*" kafka.tools.StorageTool format --standalone \
			-t "$(java -cp "$jars/*" kafka.tools.StorageTool random-uuid)" -c "$dir/server.properties"
	fi
	java -Xmx384m -cp "$jars/*" kafka.Kafka "$dir/server.properties" >>"$dir/log" 2>&1 &
	broker_pid=$!
	within 60 kcat -b "$address:9092" -L || { cat "$dir/log" >&2; exit 1; }
}

broker_kill() {
	kill -KILL "$broker_pid"
	wait "$broker_pid" 2>/dev/null || true
	broker_pid=
}

# topic NAME FILE prints the values of the records of one file, in the order of
# their offsets. The file's records are all in one partition.
topic() {
	kcat -b "$address:9092" -C -t "$1" -o beginning -e -q -f '%h\t%s\n' |
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
