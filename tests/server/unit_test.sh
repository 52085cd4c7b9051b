#!/bin/bash
# The systemd unit is sound, and gives the server as little as it needs.
set -euo pipefail

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed"
    exit 77
fi
unit=packaging/spirald.service
# 20 stands for an exposure of 2.0; above it the status is not 0.
systemd-analyze security --no-pager --offline=true --threshold=20 "$unit" | tail -1
# Only that the program is not installed here may be wrong.
wrong=$(systemd-analyze verify "$unit" 2>&1 | grep -v 'Command /usr/bin/spirald is not executable' | grep spirald || true)
if [ -n "$wrong" ]; then
    echo "$wrong"
    exit 1
fi
