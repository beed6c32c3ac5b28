#!/bin/bash
# Builds the binary, a deb and an rpm of this checkout:
#
#   packaging/build.sh [OUT]
#
# into OUT (default: dist/), with a SHA256SUMS. The same commit gives the same
# bytes, wherever and whenever it is built. Needs Go and git.
#
# Environment: VERSION (default: from git's tags), SOURCE_DATE_EPOCH (default:
# time of the commit), GOARCH (default: this machine's), MAINTAINER (whoever
# publishes the packages: Name <address>).
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022

# version prints 1.2.3 at the tag v1.2.3, 1.2.3+4.gabc1234 four commits later,
# and 0.0.0+N.gabc1234 as long as there is no tag. A tag v1.2.3-rc.1 becomes
# 1.2.3~rc.1, which dpkg and rpm sort before 1.2.3. Ends in +dirty where the
# checkout differs from the commit.
version() {
	local tag commit dirty=
	commit=$(git rev-parse --short=7 HEAD)
	[ -z "$(git status --porcelain)" ] || dirty=+dirty
	if ! tag=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null); then
		echo "0.0.0+$(git rev-list --count HEAD).g$commit$dirty"
		return
	fi
	local after base=${tag#v}
	after=$(git rev-list --count "$tag..HEAD")
	((after == 0)) || dirty=+$after.g$commit$dirty
	echo "${base/-/\~}$dirty"
}

# notice prints the licences of everything that is linked into the binary: of
# each package the nearest licence files up to the root of its module, and Go's.
notice() {
	local version dir root file
	echo "tailrace contains the following software."
	go list -deps -f '{{with .Module}}{{if .Version}}{{.Path}} {{.Version}} {{$.Dir}} {{.Dir}}{{end}}{{end}}' ./cmd/tailrace |
		sort | while read -r module version dir root; do
		while :; do
			for file in "$dir"/{LICEN[CS]E,COPYING,NOTICE,PATENTS}*; do
				[ -f "$file" ] && echo "$module $version ${file#"$root"/} $file"
			done
			[ "$dir" = "$root" ] && break
			dir=${dir%/*}
		done
	done | sort -u | while read -r module version dir file; do
		printf '\n\n==== %s %s: %s\n\n' "$module" "$version" "$dir"
		cat "$file"
	done
	printf '\n\n==== the Go standard library: LICENSE\n\n'
	cat "$(go env GOROOT)/LICENSE"
}

# changelog prints the changelogs of deb and rpm in the form that nfpm reads:
# one entry, which leads to the changes themselves.
changelog() {
	cat <<-END
		- semver: "$VERSION"
		  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
		  packager: $MAINTAINER
		  deb: {urgency: medium, distributions: [stable]}
		  changes:
		    - note: What is new is in /usr/share/doc/tailrace.
	END
}

export VERSION=${VERSION:-$(version)}
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export CGO_ENABLED=0 GOOS=linux GOARCH=${GOARCH:-$(go env GOHOSTARCH)}
export ARCH=$GOARCH
export MAINTAINER=${MAINTAINER:-tailrace maintainers <maintainers@localhost>}
out=${1:-dist}
mkdir -p "$out"
out=$(cd "$out" && pwd)
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

echo "tailrace $VERSION, linux/$GOARCH"
go build -trimpath -buildvcs=auto -ldflags "-s -w -buildid= -X main.version=$VERSION" -o "$build/tailrace" ./cmd/tailrace

# Completions come from a binary that runs here; for another machine's, from a
# second one for this machine.
runs=$build/tailrace
if [ "$GOARCH" != "$(go env GOHOSTARCH)" ]; then
	runs=$build/host
	GOARCH=$(go env GOHOSTARCH) go build -o "$runs" ./cmd/tailrace
fi
"$runs" completion bash >"$build/tailrace.bash"
"$runs" completion zsh >"$build/_tailrace"
"$runs" completion fish >"$build/tailrace.fish"

gzip -9nc packaging/tailrace.8 >"$build/tailrace.8.gz"
notice >"$build/NOTICE"
gzip -9nc "$build/NOTICE" >"$build/NOTICE.gz"
gzip -9nc CHANGELOG.md >"$build/changelog.gz"
gzip -9nc docs/configuration.md >"$build/configuration.md.gz"
changelog >"$build/changelog.yaml"

# nfpm itself runs here, whatever the packages are for.
GOARCH='' go -C packaging/tools build -o "$build/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm
cp -r config.yaml docs/configuration.md CHANGELOG.md LICENSE packaging systemd "$build"
rm -f "$out"/tailrace "$out"/tailrace_* "$out"/tailrace-*.rpm "$out"/SHA256SUMS
for packager in deb rpm; do
	(cd "$build" && ./nfpm package --config packaging/nfpm.yaml --packager "$packager" --target "$out" >/dev/null)
done
cp "$build/tailrace" "$out/tailrace"
(cd "$out" && sha256sum tailrace tailrace[_-]* >SHA256SUMS && cat SHA256SUMS)
