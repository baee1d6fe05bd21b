#!/bin/sh
# Creates the namespace unless it exists. Workflows stay visible for 90 days after
# their end; the registry keeps its record permanently.
set -eu
until temporal operator cluster health; do sleep 1; done
temporal operator namespace describe -n default >/dev/null 2>&1 ||
	temporal operator namespace create -n default --retention 90d
