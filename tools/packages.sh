#!/bin/bash
# Installs the Debian packages that building and testing need, if any is missing. The second run is instant.
set -euo pipefail

packages=(
    g++ cmake ninja-build ccache mold
    libsqlite3-dev sqlite3 libsodium-dev libssl-dev libzstd-dev libcereal-dev libasio-dev
    nlohmann-json3-dev libvalijson-dev libcli11-dev librestinio-dev catch2 librapidcheck-dev
    libzip-dev libexpat1-dev
    openssh-client openssl python3 python3-icalendar python3-jsonschema python3-nacl python3-openpyxl python3-openssl
    python3-zstandard
    fossil git ca-certificates clang libclang-rt-14-dev zsh systemd nginx-light libnginx-mod-stream
)

missing=()
for package in "${packages[@]}"; do
    if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
        missing+=("$package")
    fi
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=()
elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root=(sudo)
else
    echo "These packages are missing, and installing them needs root or sudo:" >&2
    echo "    apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 4
fi

echo "Installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >/dev/null
"${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
