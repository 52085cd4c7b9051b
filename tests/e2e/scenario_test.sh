#!/bin/bash
# The story that ./run shows, in both languages: it ends well, leaves no agent behind and one server, which stops when told to, and says what it claims to say.
set -euo pipefail
place=$(mktemp -d)
stop_servers() {
    for language in zh en; do
        if [ -d "$place/$language" ]; then bash "$SPIRAL_SOURCE/tools/scenario.sh" --keep "$place/$language" --stop; fi
    done
}
trap 'stop_servers; rm -rf "$place"' EXIT
for language in zh en; do
    bash "$SPIRAL_SOURCE/tools/scenario.sh" --lang "$language" --keep "$place/$language" >"$place/$language.txt" 2>&1 || {
        tail -n 20 "$place/$language.txt"
        exit 1
    }
    grep -q 'Good "approve@qa.yancheng.example" signature' "$place/$language.txt"
    grep -q '127.0.0.1:[0-9]*.* 0 .*197' "$place/$language.txt"   # nothing to do costs next to nothing
    # The server goes on for whoever wants to try; it is the only one, and stops when told to.
    [ "$(pgrep -f "$place/$language")" = "$(cat "$place/$language/spirald.pid")" ]
    bash "$SPIRAL_SOURCE/tools/scenario.sh" --keep "$place/$language" --stop
    if pgrep -f "$place/$language" >/dev/null; then
        echo "a process of the scenario is still there"
        exit 1
    fi
done
grep -q '两台副本的 dump 逐字节相同' "$place/zh.txt"
grep -q '有期限 38，已完成 1，持续 1' "$place/zh.txt"
grep -q '诊断要素 36，诊断点 80' "$place/zh.txt"
grep -q 'YC-SCH-10 .*YC-SCH-09' "$place/zh.txt"
grep -q 'YC-SCH-39 .*YC-SCH-30' "$place/zh.txt"
[ "$(grep -c '各教学部门' "$place/zh.txt")" -ge 1 ]

# What the west campus may not read is in none of its files.
for file in "$place"/zh/west/*.db "$place"/zh/west/*.db-wal; do
    [ ! -f "$file" ] || ! grep -q '双高建设\|状态数据采集' "$file"
done
sqlite3 "$place/zh/west/store.db" "select count(*) from revision where instr(cast(bytes as text), '\"scope\":\"unit/yc-d10\"')" | grep -qx 0
sqlite3 "$place/zh/quality/store.db" "select count(*) > 0 from revision where instr(cast(bytes as text), '\"scope\":\"unit/yc-d10\"')" | grep -qx 1
echo "scenario plays in zh and en"
