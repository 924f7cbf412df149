#!/bin/sh
# Become a machine: boot.sh FOLDER GROUP
#
# FOLDER keeps what the machine writes. GROUP is the control group that everything on it belongs to.
# The process that ends up here waits for its machine; killing it ends every process of the machine.
set -eu
folder=$1
group=$2

if [ "${3-}" != inside ]; then
    # A control group has to be joined before its namespace is made: it becomes the root there.
    while read -r _ target type _; do
        case $type in cgroup | cgroup2) ;; *) continue ;; esac
        mkdir -p "$target/$group"
        for file in cpuset.cpus cpuset.mems; do
            if [ "$type" = cgroup ] && [ -e "$target/$file" ]; then
                cat "$target/$file" > "$target/$group/$file"
            fi
        done
        echo $$ > "$target/$group/cgroup.procs"
    done < /proc/self/mounts
    exec unshare --mount --net --pid --uts --ipc --cgroup --fork --kill-child \
        /bin/sh "$0" "$folder" "$group" inside
fi

# Mounts made here propagate between the machine's programs, and stay among them.
mount --make-rprivate /
mount --make-rshared /
cgroups=$(awk '$3 == "cgroup" {print $2, $4}' /proc/self/mounts)
unified=$(awk '$3 == "cgroup2" {print $2}' /proc/self/mounts)
mount -t proc proc /proc
mount -t sysfs sysfs /sys
if [ -n "$cgroups" ]; then
    mount -t tmpfs cgroups /sys/fs/cgroup
    echo "$cgroups" | while read -r target options; do
        options=$(echo "$options" | tr , '\n' | grep -vxE 'rw|relatime|nosuid|nodev|noexec' | paste -s -d ,)
        case $options in name=*) options=none,$options ;; esac
        mkdir -p "$target"
        mount -t cgroup -o "$options" cgroup "$target"
    done
elif [ -n "$unified" ]; then
    # A group of version 2 hands resources on only if no process is in it.
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mkdir -p /sys/fs/cgroup/init
    echo 1 > /sys/fs/cgroup/init/cgroup.procs
    sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers > /sys/fs/cgroup/cgroup.subtree_control
fi
mount -t tmpfs -o mode=755 run /run
# Programs write below these whatever they are told.
for name in log lib; do
    mkdir -p "$folder/$name"
    mount --bind "$folder/$name" "/var/$name"
done
hostname "$group"
ip link set lo up
sysctl -q -w net.ipv4.ip_forward=1
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
    sysctl -q -w net.bridge.bridge-nf-call-iptables=1
fi

# Orphans are collected by the kernel where this signal is ignored, also by what is executed next.
trap '' CHLD
touch "$folder/booted"
exec sleep infinity
