# The packages as files.

step "packages: contents"
lint() { lintian --tag-display-limit 0 --fail-on error,warning "$1"; }
again() {
	"$top/packaging/build.sh" "$work/again" && cmp "$work/dist/SHA256SUMS" "$work/again/SHA256SUMS"
}
static() { not ldd "$work/dist/tailrace"; }

check "built twice, the same bytes" again
check "SHA256SUMS is right" sh -c "cd '$work/dist' && sha256sum -c SHA256SUMS"
check "the binary needs no shared library" static
check "lintian: no error, no warning" lint "$deb"
check "deb: nothing but what belongs to it" same \
	"/etc/tailrace/ /etc/tailrace/conf.d/ /etc/tailrace/config.yaml /usr/bin/tailrace /usr/lib/systemd/system/tailrace.service /usr/share/bash-completion/completions/tailrace /usr/share/doc/tailrace/ /usr/share/doc/tailrace/NOTICE.gz /usr/share/doc/tailrace/changelog.Debian.gz /usr/share/doc/tailrace/changelog.gz /usr/share/doc/tailrace/configuration.md.gz /usr/share/doc/tailrace/copyright /usr/share/fish/vendor_completions.d/tailrace.fish /usr/share/lintian/overrides/tailrace /usr/share/man/man8/tailrace.8.gz /usr/share/zsh/vendor-completions/_tailrace /var/lib/tailrace/" \
	sh -c "dpkg -c '$deb' | awk '{print substr(\$6, 2)}' | grep -e tailrace | sort | paste -sd ' '"
check "rpm: nothing but what belongs to it" same \
	"/etc/tailrace /etc/tailrace/conf.d /etc/tailrace/config.yaml /usr/bin/tailrace /usr/lib/systemd/system/tailrace.service /usr/share/bash-completion/completions/tailrace /usr/share/doc/tailrace/CHANGELOG.md /usr/share/doc/tailrace/configuration.md /usr/share/fish/vendor_completions.d/tailrace.fish /usr/share/licenses/tailrace/LICENSE /usr/share/licenses/tailrace/NOTICE /usr/share/man/man8/tailrace.8.gz /usr/share/zsh/site-functions/_tailrace /var/lib/tailrace" \
	sh -c "rpm -qpl '$rpm' | sort | paste -sd ' '"
check "rpm: config.yaml is kept when edited" matches '^/etc/tailrace/config.yaml$' rpm -qp --configfiles "$rpm"
check "rpm: no name of the building machine" same localhost rpm -qp --qf '%{BUILDHOST}' "$rpm"
check "rpm: digests are right" rpm -K --nosignature "$rpm"
for phase in preinstall postinstall preuninstall postuninstall; do
	check "rpm: has a $phase script" matches "^$phase scriptlet" rpm -qp --scripts "$rpm"
done
