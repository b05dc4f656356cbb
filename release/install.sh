#!/bin/sh
#
# Installs hfm on OpenBSD or FreeBSD, or into a folder from which a package is made; see usage().

set -eu
umask 022

usage() {
	cat <<-EOF
	usage: [VARIABLE=value ...] sh install.sh [--uninstall | --help]

	Installs hfm from the folder of this script, or updates an older version. An existing
	configuration stays as it is.

	  PREFIX       where to install (/usr/local)
	  NODE         the node that runs hfmd, 20.20 or newer (the one in PATH)
	  DESTDIR      for packages: install below this folder, and make no user
	  HFM_SYSTEM   with DESTDIR: install for OpenBSD or FreeBSD (the system of this machine)
	  --uninstall  remove what was installed; configuration, state and user stay
	EOF
}

# hfmd runs for long and allocates many short-lived objects, for which V8 would use tens of megabytes.
# V8 would also start four threads that compile and collect garbage. On two cores they take time from
# hfmd when it has the most to do.
node_options='--max-semi-space-size=4 --v8-pool-size=1'

main() {
	case ${1-} in
	-h | --help) usage && exit 0 ;;
	--uninstall | '') ;;
	*) usage >&2 && exit 64 ;;
	esac
	here=$(cd "$(dirname "$0")" && pwd)
	read_settings
	if [ "${1-}" = --uninstall ]; then
		uninstall
	else
		install_all
	fi
}

read_settings() {
	DESTDIR=${DESTDIR-}
	DESTDIR=${DESTDIR%/}
	PREFIX=${PREFIX:-/usr/local}
	must_be_plain PREFIX "$PREFIX"
	# The list of installed files compares paths as text.
	PREFIX=$(echo "$PREFIX" | sed 's|//*|/|g; :dot
		s|/\./|/|; t dot
		s|/\.$||; s|/$||')
	[ -n "$PREFIX" ] || die 'PREFIX: found "/", expected a folder below it'
	system=$(uname -s)
	[ -z "$DESTDIR" ] || system=${HFM_SYSTEM:-$system}
	case $system in
	OpenBSD)
		man=$PREFIX/man rc=/etc/rc.d config=/etc/hfm.toml rc_source=rc.d/openbsd/hfmd
		;;
	FreeBSD)
		man=$PREFIX/share/man rc=$PREFIX/etc/rc.d config=$PREFIX/etc/hfm.toml
		rc_source=rc.d/freebsd/hfmd
		;;
	*) die "this is $system, expected OpenBSD or FreeBSD (for a DESTDIR, HFM_SYSTEM says which)" ;;
	esac
	libexec=$PREFIX/libexec/hfm
	doc=$PREFIX/share/doc/hfm
	# The list of installed files, a path a line.
	list=$doc/installed-files
	[ -n "$DESTDIR" ] || [ "$(id -u)" -eq 0 ] || die 'must be run by root'
}

install_all() {
	find_node
	was_here=no
	[ ! -e "$DESTDIR$list" ] || was_here=yes
	mkdir -p "$DESTDIR$doc"
	: >"$DESTDIR$list.new"
	# The kernel passes only one argument of an interpreter line, so sh starts node. Node reads the line
	# for sh as a string and a comment.
	put 0755 launcher "$PREFIX/sbin/hfmd" "1c\\
#!/bin/sh\\
\":\" //; exec $node $node_options \"\$0\" \"\$@\""
	put 0444 sbin/hfmd "$libexec/hfmd.js" ''
	keep_compiled
	put 0755 sbin/hfmctl "$PREFIX/sbin/hfmctl" "1s|^#!.*|#!$node|"
	put 0555 "$rc_source" "$rc/hfmd" "s|/usr/local/bin/node|$node|; $with_prefix"
	for page in "$here"/man/*; do
		put 0644 "man/${page##*/}" "$man/man${page##*.}/${page##*/}" ''
	done
	put_folder checks "$libexec/checks"
	put_folder actions "$libexec/actions"
	put_folder libexec "$libexec"
	put 0644 hfm.toml.example "$PREFIX/share/examples/hfm/hfm.toml" "$with_prefix"
	for document in LICENSE LICENSES README.md; do
		put 0644 "$document" "$doc/$document" ''
	done
	put_folder docs "$doc/docs"
	remove_old_files
	[ -n "$DESTDIR" ] || make_user
	put_config
	put_state_folder
	[ -n "$DESTDIR" ] || say_what_next
}

# Sets node, and with_prefix: the sed script that replaces the default prefix in texts.
find_node() {
	with_prefix="s|/usr/local/sbin/hfm|$PREFIX/sbin/hfm|g; s|/usr/local/libexec/hfm/|$libexec/|g
		s|/usr/local/etc/hfm|$PREFIX/etc/hfm|g"
	node=${NODE:-$(command -v node || true)}
	[ -n "$node" ] || die 'no node in PATH: install it, or say NODE=/path/to/node'
	must_be_plain NODE "$node"
	# A package may be made on a machine that does not have the node of the target.
	[ -n "$DESTDIR" ] && [ ! -e "$node" ] && return
	version=$("$node" -p process.versions.node) || die "NODE: $node does not run"
	minor=${version#*.}
	minor=${minor%%.*}
	[ "${version%%.*}" -gt 20 ] || { [ "${version%%.*}" -eq 20 ] && [ "$minor" -ge 20 ]; } ||
		die "NODE: $node is $version, expected 20.20 or newer"
}

# Saves the code that node compiles at a start of hfmd, which makes later starts faster. hfmd also
# starts without it, and after an update of node.
keep_compiled() {
	[ -x "$node" ] || return 0
	echo "$libexec/hfmd.js.cache" >>"$DESTDIR$list.new"
	# The memory driver keeps hfmd from running pfctl and doas.
	sed 's/^#driver .*/driver = "memory"/' "$here/hfm.toml.example" |
		HFM_CODE_CACHE=keep "$DESTDIR$PREFIX/sbin/hfmd" -n -f /dev/stdin >/dev/null 2>&1 || true
}

# put MODE SOURCE TARGET SCRIPT: installs a file, edited by a sed script, in one step.
put() {
	mkdir -p "$DESTDIR${3%/*}"
	sed "$4" "$here/$2" >"$DESTDIR$3.new"
	chmod "$1" "$DESTDIR$3.new"
	mv -f "$DESTDIR$3.new" "$DESTDIR$3"
	echo "$3" >>"$DESTDIR$list.new"
}

# put_folder SOURCE TARGET: installs the programs of a folder to TARGET, and its texts as documents. The
# folder may be missing.
put_folder() {
	for file in "$here/$1"/*; do
		name=${file##*/}
		case $name in
		'*') ;;
		*.*) put 0644 "$1/$name" "$doc/$1/$name" '' ;;
		*) put 0555 "$1/$name" "$2/$name" "$with_prefix" ;;
		esac
	done
}

# Removes the files of an older version that this one does not have. By a link, an old path may lead to
# a file that was installed just now.
remove_old_files() {
	if [ "$was_here" = yes ]; then
		while read -r path; do real_path "$path"; done <"$DESTDIR$list.new" >"$DESTDIR$list.real"
		while read -r path; do
			grep -qxF "$(real_path "$path")" "$DESTDIR$list.real" || rm -f "$DESTDIR$path"
		done <"$DESTDIR$list"
		rm -f "$DESTDIR$list.real"
	fi
	mv -f "$DESTDIR$list.new" "$DESTDIR$list"
}

# Prints where an installed path is, with the links in its folder followed.
real_path() {
	if [ -d "$DESTDIR${1%/*}" ]; then
		echo "$(cd "$DESTDIR${1%/*}" && pwd -P)/${1##*/}"
	else
		echo "$DESTDIR$1"
	fi
}

make_user() {
	case $system in
	OpenBSD)
		getent group _hfm >/dev/null || groupadd _hfm
		getent passwd _hfm >/dev/null ||
			useradd -g _hfm -d /var/empty -s /sbin/nologin -L daemon -c 'hfm daemon' _hfm
		;;
	FreeBSD)
		getent group _hfm >/dev/null || pw groupadd _hfm
		getent passwd _hfm >/dev/null ||
			pw useradd _hfm -g _hfm -d /var/empty -s /usr/sbin/nologin -c 'hfm daemon'
		;;
	esac
}

# The configuration may contain secrets of checks, so only root and hfmd may read it.
put_config() {
	[ ! -e "$DESTDIR$config" ] || return 0
	find_elevation
	mkdir -p "$DESTDIR${config%/*}"
	(
		umask 077
		sed "s|^#pfctl .*|pfctl  = [$elevation, \"/sbin/pfctl\"]|
			s|^#helper .*|helper = [$elevation, \"$libexec/pf-end\"]|
			$with_prefix" \
			"$here/hfm.toml.example" >"$DESTDIR$config.new"
	)
	[ -n "$DESTDIR" ] || chgrp _hfm "$config.new"
	chmod 0640 "$DESTDIR$config.new"
	mv -f "$DESTDIR$config.new" "$DESTDIR$config"
}

# hfmd does not run as root, so it runs pfctl by doas or sudo. OpenBSD has doas in its base system.
find_elevation() {
	with=doas elevation='"/usr/bin/doas", "-n"'
	if [ "$system" = FreeBSD ]; then
		elevation='"/usr/local/bin/doas", "-n"'
		if [ ! -x /usr/local/bin/doas ] && [ -x /usr/local/bin/sudo ]; then
			with=sudo elevation='"/usr/local/bin/sudo", "-n"'
		fi
	fi
}

put_state_folder() {
	mkdir -p "$DESTDIR/var/db/hfm"
	chmod 0750 "$DESTDIR/var/db/hfm"
	[ -n "$DESTDIR" ] || chown _hfm:_hfm /var/db/hfm
}

uninstall() {
	[ -e "$DESTDIR$list" ] || die "no hfm below $DESTDIR$PREFIX: there is no $DESTDIR$list"
	while read -r path; do
		rm -f "$DESTDIR$path"
	done <"$DESTDIR$list"
	rm -f "$DESTDIR$list"
	for folder in "$libexec/checks" "$libexec/actions" "$libexec" \
		"$doc/checks" "$doc/actions" "$doc/docs" "$doc" "$PREFIX/share/examples/hfm"; do
		# A folder with other files stays.
		rmdir "$DESTDIR$folder" 2>/dev/null || true
	done
	cat <<-EOF
	hfm is uninstalled. If it still runs, it runs until it is stopped. These are left:
	  $config
	  /var/db/hfm
	  the user and the group _hfm, and their rules for doas or sudo
	EOF
}

say_what_next() {
	case $system in
	OpenBSD)
		configtest='rcctl configtest hfmd' enable='rcctl enable hfmd' start='rcctl start hfmd'
		restart='rcctl restart hfmd'
		;;
	FreeBSD)
		configtest='service hfmd configtest' enable='sysrc hfmd_enable=YES'
		start='service hfmd start' restart='service hfmd restart'
		;;
	esac
	if [ "$was_here" = yes ]; then
		echo "hfm is installed. The old version runs until: $restart"
		return
	fi
	find_elevation
	cat <<-EOF
	hfm is installed. What is left to do:
	  1. write into $config what to check
	  2. allow the user _hfm to change the tables of pf: add the rules for $with that
	     this prints: $PREFIX/sbin/hfmctl privileges $with
	  3. $configtest
	  4. $enable
	  5. $start
	EOF
}

# The path becomes part of scripts and interpreter lines, where nothing quotes it.
must_be_plain() {
	case $2 in
	/*) ;;
	*) die "$1: found \"$2\", expected an absolute path" ;;
	esac
	case $2 in
	*[!A-Za-z0-9._/+-]*) die "$1: found \"$2\", expected letters, digits and ._/+- only" ;;
	*/../* | */..) die "$1: found \"$2\", expected a path without \"..\"" ;;
	esac
}

die() {
	echo "install.sh: $*" >&2
	exit 1
}

main "$@"
