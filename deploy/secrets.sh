#!/bin/sh
# Makes the secrets of docker-compose.yml, as files in deploy/secrets, unless they
# exist. Run it as root: the payload keys, the vault's master key and the key of the
# audit log must belong to the programs' user, and only that user may read them. Keep a
# copy of the first two in a safe: without them nothing that is stored can be read again.
set -eu
cd "$(dirname "$0")/secrets"
umask 077
if [ "$(id -u)" != 0 ]; then
	echo "secrets.sh: run it as root, so that the programs' user can own its keys" >&2
	exit 1
fi
chmod 0700 . # closed to other users of this machine; containers see single files

random() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

make_secret() { # name, mode; the secret is read from standard input and written whole or not at all
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

# Read by the users of several images, so everyone who reaches the file may read it.
random 24 | make_secret database_password 0444
random 24 | make_secret temporal_password 0444
# Of the registry's database, a role each: owner_url is for migrations, database_url for
# the programs. One of before there were roles named the superuser.
random 24 | make_secret owner_password 0444
random 24 | make_secret office_password 0444
if grep -q '^postgres://cancuoc:' database_url 2>/dev/null; then rm database_url; fi
printf 'postgres://cancuoc_owner:%s@postgresql:5432/cancuoc?sslmode=disable' "$(cat owner_password)" | make_secret owner_url 0400
printf 'postgres://cancuoc_office:%s@postgresql:5432/cancuoc?sslmode=disable' "$(cat office_password)" | make_secret database_url 0400
printf '%s %s\n' "$(random 4)" "$(head -c 32 /dev/urandom | base64)" | make_secret codec_keys 0400
head -c 32 /dev/urandom | make_secret vault_key 0400
head -c 32 /dev/urandom | make_secret audit_key 0400
