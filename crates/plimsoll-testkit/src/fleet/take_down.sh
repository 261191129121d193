# Takes away all that a fleet made: `sh -c THIS sh FOLDER SLOT`. Whatever is gone already is passed over, so it may run
# twice, and after a fleet that came up only in part. Standard output is the fleet's lock: nothing is printed there.
folder=$1 slot=$2 group=plimsoll-fleet-$2 name=pf$2

# Processes: every group of version 2 can end all that is in it; then the groups of all trees can go.
groups=$(while read -r _ place kind _; do
  case $kind in cgroup | cgroup2) [ -d "$place/$group" ] && echo "$place/$group" ;; esac
done </proc/self/mounts)
for dir in $groups; do
  [ -e "$dir/cgroup.kill" ] && echo 1 >"$dir/cgroup.kill"
done
# A group of version 1 can be removed only when the dead in it have been waited for.
for dir in $groups; do
  tries=0
  while [ -d "$dir" ] && [ $tries -lt 500 ]; do
    find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.02
    tries=$((tries + 1))
  done
done

# What nspawn leaves where it is ended with SIGKILL: locks named by the folder's inode, and a folder a machine.
for root in "$folder"/*/root; do
  [ -d "$root" ] && rm -f "/run/systemd/nspawn/locks/inode-$(stat -c %d:%i "$root")"
done
for dir in /run/systemd/nspawn/*/"$name"-*; do
  [ -d "$dir" ] && { umount -l "$dir" 2>/dev/null; rm -rf --one-file-system "$dir"; }
done

# Disks, the later ones first: a root lies on its disk.
mounts=
while read -r _ place _; do
  case $place in "$folder"/*) mounts="$place $mounts" ;; esac
done </proc/self/mounts
for place in $mounts; do
  umount "$place" 2>/dev/null || umount -l "$place"
done

# Network: the namespaces, then every link, of whatever kind.
for space in /run/netns/"$name"-*; do
  [ -e "$space" ] && ip netns delete "${space##*/}"
done
for link in /sys/class/net/"$name"[bhs]*; do
  [ -e "$link" ] && ip link delete "${link##*/}" 2>/dev/null
done

rm -rf --one-file-system "$folder"
rm -f "$folder.lock"
