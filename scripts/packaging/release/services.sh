#!/bin/sh
# What packages do to our two services. Each of the scripts that dpkg and rpm run begins with this text.
# They never touch the kernel's rules nor the persisted set, and nothing here may hold up dpkg or rpm.
set -e

binary=/usr/local/bin/bcs-apiserver-proxy
restore=bcs-apiserver-proxy.service
daemon=bcs-apiserver-proxy-daemon.service
operators=/etc/systemd/system

# systemd is process 1: neither in a container nor while an image is made.
systemd_runs() {
  [ -d /run/systemd/system ]
}

# The unit that is in effect starts the file of this package, not a copy that somebody has elsewhere.
is_ours() {
  file=$operators/$1
  [ -e "$file" ] || file=/usr/lib/systemd/system/$1
  grep -q "^ExecStart=$binary " "$file" 2> /dev/null
}

reload_units() {
  if systemd_runs; then systemctl daemon-reload || true; fi
}

# The restore is not run again: the kernel has what it restored, and the next boot runs the new version.
restart_daemon() {
  if systemd_runs && is_ours "$daemon"; then systemctl try-restart "$daemon" || true; fi
}

in_use() {
  systemctl --quiet is-enabled "$1" 2> /dev/null || { systemd_runs && systemctl --quiet is-active "$1"; }
}

# Before the program goes: what would start it is stopped, and does not fail at the next boot.
stop_services() {
  command -v systemctl > /dev/null || return 0
  for unit in "$daemon" "$restore"; do
    if is_ours "$unit" && in_use "$unit"; then
      if systemd_runs; then systemctl stop "$unit" || true; fi
      systemctl --quiet disable "$unit" || true
      echo "bcs-apiserver-proxy: $unit is stopped and disabled; the rules in the kernel and /root/.bcs stay as they are"
    fi
  done
}

# Units that install-service wrote for this program.
forget_units() {
  for unit in "$daemon" "$restore"; do
    if [ -e "$operators/$unit" ] && is_ours "$unit"; then rm -f "$operators/$unit"; fi
  done
}
