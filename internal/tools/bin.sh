#!/bin/sh
# Prints the path of a tool, building it once from its nested module here. What
# is built is kept outside the clone, in ${XDG_CACHE_HOME:-~/.cache}/cancuoc, by
# the tool's name and the checksum of its module files. Of two callers, one builds
# and the other one waits.
set -eu
name=${1:-}
here=$(cd "$(dirname "$0")" && pwd)
case $name in
temporal) module=temporal package=github.com/temporalio/cli/cmd/temporal why="the Temporal development server; about three minutes on two cores" ;;
temporal-server) module=temporal-server package=go.temporal.io/server/cmd/server why="the Temporal server of production; about two minutes on two cores" ;;
temporal-sql-tool) module=temporal-server package=go.temporal.io/server/cmd/tools/sql why="the maker of its schema; seconds, with the server built" ;;
golangci-lint) module=lint package=github.com/golangci/golangci-lint/v2/cmd/golangci-lint why="the linters; about two minutes on two cores" ;;
workflowcheck) module=lint package=go.temporal.io/sdk/contrib/tools/workflowcheck why="the checker of workflow code; seconds" ;;
gotestsum) module=testsum package=gotest.tools/gotestsum why="what runs the tests; seconds" ;;
*)
	echo "bin.sh: which of temporal, temporal-server, temporal-sql-tool, golangci-lint, workflowcheck, gotestsum?" >&2
	exit 2
	;;
esac
sum=$(cat "$here/$module/go.mod" "$here/$module/go.sum" | sha256sum | cut -c1-12)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/cancuoc
bin=$dir/$name-$sum
if [ ! -x "$bin" ]; then
	mkdir -p "$dir"
	exec 9>"$dir/.$name.lock"
	if command -v flock >/dev/null; then flock 9; fi
	if [ ! -x "$bin" ]; then
		echo "Building $name once, into $dir: $why ..." >&2
		trap 'rm -f "$bin.$$"' EXIT
		trap 'exit 130' INT TERM
		(cd "$here/$module" && GOWORK=off GOFLAGS=-mod=readonly go build -trimpath -ldflags="-s -w" -o "$bin.$$" "$package") >&2
		mv "$bin.$$" "$bin"
	fi
fi
echo "$bin"
