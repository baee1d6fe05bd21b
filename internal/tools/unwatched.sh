#!/bin/sh
# unwatched.sh FLAG... PACKAGE...: refuses packages that are compiled without the race detector
# and have a copy of what a sync.Map is made of. The linker takes one copy for all, and if it is
# theirs, the detector sees no sync.Map anywhere. Packages and flags are those of go list.
set -eu
go=${GO:-go}
list=$("$go" list -export -f '{{.ImportPath}} {{.Export}}' "$@")
echo "$list" | while read -r package object; do
	if "$go" tool nm "$object" | grep -F ' T internal/sync.(*HashTrieMap[' >/dev/null; then
		echo "$package has a sync.Map of its own, and the race detector would watch none: take it out of PURE in the Makefile" >&2
		exit 1
	fi
done
