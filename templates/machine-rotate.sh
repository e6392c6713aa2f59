# Replace the host key that came by cloud-init with keys of the machine's own. Each act may be repeated after a crash:
# the new keys keep their names until "clean", so "make" always answers with the same key.
set -eu
umask 077
cd /etc/ssh
case $1 in
make)
    for type in ed25519 ecdsa; do
        if [ ! -s "slipway_$type" ]; then
            rm -f "slipway_$type.new" "slipway_$type.new.pub"
            ssh-keygen -q -t "$type" -N '' -C '' -f "slipway_$type.new"
            mv "slipway_$type.new.pub" "slipway_$type.pub"
            mv "slipway_$type.new" "slipway_$type"
        fi
    done
    sync -f .
    cut -d ' ' -f 1,2 slipway_ed25519.pub
    ;;
swap)
    for type in ed25519 ecdsa; do
        cp "slipway_$type" "ssh_host_${type}_key.new"
        cp "slipway_$type.pub" "ssh_host_${type}_key.pub.new"
        chmod 0644 "ssh_host_${type}_key.pub.new"
        mv "ssh_host_${type}_key.new" "ssh_host_${type}_key"
        mv "ssh_host_${type}_key.pub.new" "ssh_host_${type}_key.pub"
    done
    rm -f ssh_host_rsa_key ssh_host_rsa_key.pub ssh_host_dsa_key ssh_host_dsa_key.pub
    sync -f .
    # The unit checks configuration and keys before it starts. cloud-init may be restarting it at this very moment.
    unit=sshd.service
    if systemctl cat ssh.service > /dev/null 2>&1; then unit=ssh.service; fi
    systemctl restart "$unit"
    ;;
clean)
    rm -f slipway_ed25519 slipway_ed25519.pub slipway_ecdsa slipway_ecdsa.pub
    # The injected key also lies in cloud-init's copies of the user data. Its later stages still read them during the
    # first boot, so they go when it has finished. The instance keeps its id: nothing runs again at the next boot.
    systemd-run --quiet --no-block --collect --unit=slipway-scrub --property=After=cloud-final.service -- sh -c '
        cd /var/lib/cloud || exit 0
        if [ -e seed/nocloud/user-data ]; then echo "#cloud-config" > seed/nocloud/user-data; fi
        rm -f instances/*/user-data.txt* instances/*/cloud-config.txt instances/*/obj.pkl \
            /run/cloud-init/instance-data-sensitive.json' || true
    ;;
esac
