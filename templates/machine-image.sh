# Turn the tar of a new root file system into one ext4 file. As root, or in a user namespace with mapped ids.
# $1 tar, $2 empty work directory, $3 image, $4 "kernel" to put kernel and initrd beside the image, $5.. files to add:
# pairs of source and path in the machine.
set -eu
tar=$1 root=$2/root image=$3 kernel=$4
shift 4
mkdir "$root"
tar -xpf "$tar" --numeric-owner --exclude='./dev/*' -C "$root"
while [ $# -ge 2 ]; do
    mkdir -p "$(dirname "$root$2")"
    cp "$1" "$root$2"
    chmod 0644 "$root$2"
    shift 2
done

# What belongs to one machine only, and what a machine without a person at its console does not need.
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/hostname" "$root/etc/resolv.conf" "$root/var/lib/dbus/machine-id"
: > "$root/etc/machine-id"
mkdir -p "$root/var/lib/cloud/seed/nocloud" "$root/mnt/slipway" "$root/usr/local/lib/slipway" \
    "$root/usr/local/share/ca-certificates" "$root/etc/systemd/network" "$root/etc/systemd/system/sysinit.target.wants" \
    "$root/etc/systemd/system/multi-user.target.wants"
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer console-getty.service getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyAMA0.service \
    systemd-firstboot.service systemd-random-seed.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

if [ "$kernel" = kernel ]; then
    cp "$root"/boot/vmlinuz-* "$image.kernel"
    cp "$root"/boot/initrd.img-* "$image.initrd"
    rm -f "$root"/boot/*
fi
mib=$(du -sm "$root" | cut -f 1)
# 4 KiB blocks whatever the size: it grows later. The journal has the size that the grown file system deserves.
truncate -s "$((mib * 5 / 4 + 192))M" "$image"
mkfs.ext4 -q -F -b 4096 -i 16384 -m 0 -J size=64 -L slipway -E lazy_itable_init=1,nodiscard -d "$root" "$image"
rm -rf "$root"
