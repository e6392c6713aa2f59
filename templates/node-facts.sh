# Print facts of this machine as NAME=VALUE lines. Read-only but for one probe mount, which is undone.
set -u
. /etc/os-release
echo "hostname=$(uname -n)"
echo "os=$ID ${VERSION_ID:-}"
case $(uname -m) in
x86_64) echo arch=amd64 ;;
aarch64) echo arch=arm64 ;;
*) echo "arch=$(uname -m)" ;;
esac
echo "vcpus=$(nproc)"
echo "mem_mib=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)"
echo "disk_free_mib=$(df -Pm /var/lib | awk 'NR == 2 { print $4 }')"
[ -d /run/systemd/system ] && echo systemd=1
# CAP_SYS_RESOURCE is bit 24 of the bounding set.
bounding=$(awk '/^CapBnd:/ { print $2 }' /proc/self/status)
low=$(printf '%s' "$bounding" | tail -c 8)
[ $((0x$low >> 24 & 1)) -eq 1 ] && echo cap_sys_resource=1
probe=$(mktemp -d /var/lib/slipway-probe.XXXXXX)
mkdir "$probe/lower" "$probe/upper" "$probe/work" "$probe/merged"
if mount -t overlay overlay -o "lowerdir=$probe/lower,upperdir=$probe/upper,workdir=$probe/work" "$probe/merged" 2>/dev/null; then
    echo overlayfs=1
    umount "$probe/merged"
fi
rm -rf "$probe"
exit 0
