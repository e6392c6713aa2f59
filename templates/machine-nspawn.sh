# Supervises one machine. Runs in a mount namespace of its own: when the last process ends, mount and loop device go.
# $1 disk, $2 mount point, $3.. the machine's command.
disk=$1 root=$2
shift 2
mount -t ext4 -o loop,noatime,discard "$disk" "$root" || exit 1
while :; do
    "$@"
    status=$?
    # 133: the machine asked for a reboot.
    [ "$status" -eq 133 ] || exit "$status"
done
