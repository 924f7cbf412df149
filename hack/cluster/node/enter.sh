#!/bin/sh
# Run a program on a machine: enter.sh PROCESS GROUP PROGRAM ARGUMENT...
#
# PROCESS is the machine's first, GROUP the control group that everything on it belongs to.
set -eu
process=$1
group=$2
shift 2
for folder in "/sys/fs/cgroup/$group/init" /sys/fs/cgroup/*/"$group"; do
    if [ -d "$folder" ]; then
        echo $$ > "$folder/cgroup.procs"
    fi
done
exec nsenter --target="$process" --all -- "$@"
