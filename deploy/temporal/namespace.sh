#!/bin/sh
# Makes the namespace unless it is there. What ended stays visible for 90 days;
# the register keeps what is so for good.
set -eu
until temporal operator cluster health; do sleep 1; done
temporal operator namespace describe -n default >/dev/null 2>&1 ||
	temporal operator namespace create -n default --retention 90d
