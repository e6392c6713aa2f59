# systemd-nspawn gives a machine less than a kernel of its own would: put back what kubelet and containerd look for.
set -eu
# Volumes that are mounted on the node must show in pods.
mount --make-rshared /
# The kubelet reads the kernel's log; there is none of our own here.
[ -e /dev/kmsg ] || ln -s /dev/console /dev/kmsg
# With cgroup v1 every controller but systemd's arrives read-only.
while read -r _ at type options _; do
    [ "$type" = cgroup ] || continue
    case ",$options," in
    *,ro,*) mount -o remount,bind,rw "$at" ;;
    esac
done < /proc/self/mounts
