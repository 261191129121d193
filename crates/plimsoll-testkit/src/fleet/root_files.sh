set -eu
root=$1
chroot "$root" useradd --create-home --shell /bin/bash deploy
mkdir -p "$root/root/.ssh" "$root/home/deploy/.ssh" "$root/etc/systemd/journald.conf.d"
chroot "$root" chown deploy:deploy home/deploy/.ssh
chmod 700 "$root/root/.ssh" "$root/home/deploy/.ssh"
# Every host has keys and an identity of its own.
rm -f "$root"/etc/ssh/ssh_host_*
: > "$root/etc/machine-id"
printf '[Journal]\nStorage=volatile\n' > "$root/etc/systemd/journald.conf.d/fleet.conf"
# Work on its own account disturbs tests.
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  fstrim.timer systemd-tmpfiles-clean.timer console-getty.service
# Process 1: opens the control groups that nspawn mounts read-only, then becomes systemd.
cat > "$root/usr/local/sbin/fleet-init" <<'INIT'
#!/bin/sh
for tree; do mount -o remount,bind,rw "$tree" || exit 1; done
exec /lib/systemd/systemd
INIT
chmod 755 "$root/usr/local/sbin/fleet-init"
