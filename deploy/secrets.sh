#!/bin/sh
# Makes the secrets of docker-compose.yml, as files in deploy/secrets, unless they
# are there. As root: the payload keys and the vault's master key are given to the
# programs' user, who alone may read them. Keep a copy of those two in a safe:
# without them nothing that is stored can be read again.
set -eu
cd "$(dirname "$0")/secrets"
umask 077
if [ "$(id -u)" != 0 ]; then
	echo "secrets.sh: run it as root, so that the programs' user can own its keys" >&2
	exit 1
fi
chmod 0700 . # nobody else on this machine passes; containers see single files

random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

make_secret() { # name, mode; reads the secret, which appears whole or not at all
	if [ -e "$1" ]; then
		cat >/dev/null
		return
	fi
	cat >"$1.new"
	chmod "$2" "$1.new"
	if [ "$2" = 0400 ]; then chown 10001:10001 "$1.new"; fi
	mv "$1.new" "$1"
	echo "made deploy/secrets/$1"
}

# Read by users of several images, hence open to all who can get at the file.
random 24 | make_secret database_password 0444
random 24 | make_secret temporal_password 0444
printf 'postgres://cancuoc:%s@postgresql:5432/cancuoc?sslmode=disable' "$(cat database_password)" | make_secret database_url 0400
printf '%s %s\n' "$(random 4)" "$(head -c 32 /dev/urandom | base64)" | make_secret codec_keys 0400
head -c 32 /dev/urandom | make_secret vault_key 0400
