# k3s-remove.sh DEPLOYMENT: remove K3s and what slipway put beside it, when that deployment owns it. Idempotent; names what
# stays and exits 1. The owner's mark goes last, so that a removal that was cut short can be taken up again.
set -u
state=/var/lib/rancher/k3s
mark=/etc/rancher/k3s/slipway-owner

if [ "$(cat $mark 2>/dev/null)" != "$1" ]; then
    exit 0
fi

systemctl disable --now k3s.service >/dev/null 2>&1

# Pods live on when K3s ends (KillMode=process): their shims are found by the executable that K3s unpacked.
shims() {
    for p in /proc/[0-9]*; do
        case $(readlink "$p/exe" 2>/dev/null) in
        "$state"/data/*) echo "${p#/proc/}" ;;
        esac
    done
}
tree() { # the processes and all their descendants
    for pid in "$@"; do
        echo "$pid"
        # shellcheck disable=SC2046 # a list of numbers
        tree $(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
    done
}
tries=0
while pids=$(shims) && [ -n "$pids" ] && [ $tries -lt 50 ]; do
    # shellcheck disable=SC2046,SC2086
    kill -9 $(tree $pids) 2>/dev/null
    tries=$((tries + 1))
    sleep 0.1
done

# Deepest mounts first.
awk '{ print $2 }' /proc/self/mounts | grep -E '^(/run/k3s|/var/lib/rancher/k3s|/var/lib/kubelet|/run/netns/cni-)' |
    sort -r | while read -r m; do
    umount -l "$m" 2>/dev/null
done
for ns in /run/netns/cni-*; do
    [ -e "$ns" ] && ip netns delete "${ns##*/}"
done
for link in cni0 flannel.1 flannel-v6.1 kube-ipvs0 flannel-wg; do
    ip link show "$link" >/dev/null 2>&1 && ip link delete "$link"
done
ip -o link show 2>/dev/null | awk -F'[ :@]+' '$2 ~ /^veth[0-9a-f]{8}$/ && /master cni0/ { print $2 }' | while read -r veth; do
    ip link delete "$veth"
done

# Only the chains that Kubernetes, flannel and CNI made, and flannel's rules for the pods' network, which name no chain.
pods=$(sed -n 's/^FLANNEL_NETWORK=//p' /run/flannel/subnet.env 2>/dev/null)
: "${pods:=10.42.0.0/16}"
for tool in iptables ip6tables; do
    command -v $tool-save >/dev/null || continue
    if $tool-save | grep -qE "KUBE-|CNI-|FLANNEL|flannel|-[sd] ${pods%%/*}/"; then
        $tool-save | grep -vE "KUBE-|CNI-|FLANNEL|flannel|cni0|-[sd] ${pods%%/*}/" | $tool-restore
    fi
done

rm -rf "$state" /etc/rancher/node /var/lib/kubelet /var/lib/cni /run/k3s /run/flannel /etc/cni/net.d/10-flannel.conflist \
    /var/lib/slipway /var/log/pods /var/log/containers
rmdir -p /usr/libexec/kubernetes/kubelet-plugins/volume/exec /var/lib/rancher /etc/cni/net.d /etc/cni 2>/dev/null
rm -f /usr/local/bin/k3s /etc/systemd/system/k3s.service /etc/systemd/system/multi-user.target.wants/k3s.service
systemctl daemon-reload
systemctl reset-failed k3s.service >/dev/null 2>&1

left=
for path in /usr/local/bin/k3s "$state" /var/lib/kubelet /run/k3s /var/lib/slipway /etc/systemd/system/k3s.service; do
    [ -e "$path" ] && left="$left $path"
done
[ -n "$(shims)" ] && left="$left processes:$(shims | tr '\n' ',')"
ip link show cni0 >/dev/null 2>&1 && left="$left link:cni0"
if [ -n "$left" ]; then
    echo "left:$left" >&2
    exit 1
fi
rm -rf /etc/rancher/k3s
rmdir /etc/rancher 2>/dev/null
exit 0
