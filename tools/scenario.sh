#!/bin/bash
# One college over a USB stick and a server: founded, joined, worked offline, exchanged, agreed, synchronised. Played with
# the real programs on four real devices and a server; each has a folder, a key and a home of its own.
#   ./run [--keep DIR] [--lang zh|en]
#   ./run --stop          stops the server that the last run left running
# State lies in .run/ (made anew each time) or in DIR.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${SPIRAL:=$PWD/build/release/bin/spiral}"
: "${SPIRALD:=${SPIRAL}d}"
root=$PWD/.run
language=zh
# The server of an earlier run: stopped by its own pid file, and only if that process still is it.
stop_server() {
    local file=$1/spirald.pid pid
    [ -f "$file" ] || return 0
    pid=$(cat "$file")
    if [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -cF "$1/server")" -gt 0 ]; then
        kill "$pid"
        for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.05; done
    fi
    rm -f "$file"
}
stop=no
while [ $# -gt 0 ]; do
    case $1 in
        --keep) root=$(realpath -m "${2:?which folder?}"); shift ;;
        --stop) stop=yes ;;
        --lang) language=${2:?zh or en?}; shift ;;
        -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) echo "scenario: what is $1? try --help" >&2; exit 3 ;;
    esac
    shift
done
stop_server "$root"
if [ $stop = yes ]; then exit 0; fi
if [ "$root" = "$PWD/.run" ]; then
    rm -rf "$root"
elif [ -e "$root" ] && [ -n "$(ls -A "$root")" ]; then
    echo "scenario: $root is not empty" >&2
    exit 3
fi
mkdir -p "$root"/{stick,home}
chmod 700 "$root"
printf '样例口令 请勿使用\n' >"$root/passphrase"
chmod 600 "$root/passphrase"
started=$SECONDS

# text "中文" "English"
text() { if [ "$language" = zh ]; then printf '%s\n' "$1"; else printf '%s\n' "$2"; fi; }
title() { printf '\n\033[1m%s\033[0m\n' "── $(text "$1" "$2")" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[01]m//g'; fi; }

# on DEVICE COMMAND…: as that device's person would; nothing of one home is seen by another.
on() {
    local device=$1
    shift
    mkdir -p "$root/home/$device/run"
    chmod 700 "$root/home/$device/run"
    HOME=$root/home/$device XDG_STATE_HOME=$root/home/$device/state XDG_RUNTIME_DIR=$root/home/$device/run \
        SPIRAL_REPLICA=$root/$device SPIRAL_PASSPHRASE_FILE=$root/passphrase \
        "$SPIRAL" --lang "$language" "$@"
}
# show DEVICE COMMAND…: the same, with the command printed first.
show() {
    local device=$1
    shift
    printf '  %s$ spiral' "$device"
    printf ' %q' "$@" | sed "s|$root/||g"
    printf '\n'
    on "$device" "$@" | sed 's/^/    /'
}
# refuses DEVICE COMMAND…: the same for what must be refused.
refuses() {
    if show "$@" 2>"$root/refused.txt"; then
        text "  这一步本应被拒绝" "  this should have been refused" >&2
        exit 1
    fi
    sed 's/^/    /' "$root/refused.txt"
}
# value DEVICE KEY COMMAND…: one value of the command's JSON.
value() {
    local device=$1 key=$2
    shift 2
    on "$device" --json "$@" | /usr/bin/python3 -c '
import json, sys
told = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    told = told[int(part)] if isinstance(told, list) else told[part]
print(told)' "$key"
}
stop_agents() {
    for device in quality east west head; do
        [ ! -d "$root/$device" ] || on "$device" lock >/dev/null 2>&1 || true
    done
}
trap stop_agents EXIT

title "建校：样例学院，16 个部门，两个虚构校区" "Found the sample college: 16 departments, two invented campuses"
show quality init "$root/quality" --college "盐城样例学院" --domain qa.yancheng.example --person "赵敏（样例）" --sample
founder=$(value quality person status)
on quality registry grant "$founder" quality@college >/dev/null
on quality registry grant "$founder" quality@unit/yc-d05 >/dev/null

# server COMMAND…: spirald as its administrator would run it, with a home of its own.
server() {
    mkdir -p "$root/home/server"
    HOME=$root/home/server XDG_STATE_HOME=$root/home/server/state SPIRAL_PASSPHRASE_FILE=$root/passphrase \
        "$SPIRALD" --lang "$language" "$@"
}
# The first free port from a number on.
free_port() {
    /usr/bin/python3 -c '
import socket, sys
for port in range(int(sys.argv[1]), 65000):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(port)
        break' "$1"
}
title "服务器：像人一样受邀请、核对数字、登记" "A server is invited, compared by digits and enrolled, like a person"
port=$(free_port 7420)
web=$(free_port $((port + 1)))
url=spiral://127.0.0.1:$port
show quality invite --as-server "数据中心（样例）" --server "$url" -o "$root/stick/server.invitation"
server init --data "$root/server" "$root/stick/server.invitation" -o "$root/stick/server.request" >/dev/null
on quality enrol "$root/stick/server.request" --digits "$(value quality digits digits "$root/stick/server.request")" \
    -o "$root/stick/server.welcome" >/dev/null
server --data "$root/server" --finish "$root/stick/server.welcome" | sed 's/^/    /'

# joins DEVICE NAME UNIT ROLE…: invitation and request travel by hand, the digits by telephone.
joins() {
    local device=$1 name=$2 unit=$3 roles=() role digits
    shift 3
    for role in "$@"; do roles+=(--role "$role"); done
    on quality invite --person "$name" --unit "$unit" "${roles[@]}" -o "$root/stick/$device.invitation" >/dev/null
    on "$device" join "$root/$device" "$root/stick/$device.invitation" -o "$root/stick/$device.request" >/dev/null
    digits=$(value quality digits digits "$root/stick/$device.request")
    on quality enrol "$root/stick/$device.request" --digits "$digits" -o "$root/stick/$device.welcome" >/dev/null
    on "$device" join "$root/$device" --finish "$root/stick/$device.welcome" >/dev/null
    text "  $name：$unit（$*）  核对数字 $digits" "  $name: $unit ($*)  digits $digits"
}
title "三个人的电脑加入：邀请 → 申请 → 念六组数字 → 登记" "Three more people join: invitation → request → six groups of digits read aloud → enrolled"
joins east "李梅（样例）" yc-d03 clerk
joins west "王强（样例）" yc-d08 clerk clerk@unit/yc-d03
joins head "孙立（样例）" yc-d03 head
# A leader and a reviewer are invited; their devices are not part of this story.
on quality invite --person "周校长（样例）" --unit yc-d01 --role leader -o "$root/stick/leader.invitation" >/dev/null
on quality invite --person "吴专家（样例）" --unit yc-d02 --role reviewer -o "$root/stick/reviewer.invitation" >/dev/null

# gives FROM TO [FILE]: FROM writes what TO lacks; TO takes it in.
carry=0
writes() { on "$2" sync --tips "$root/stick/$2.tips" >/dev/null; on "$1" sync --export "$root/stick/$3" --for "$root/stick/$2.tips" >/dev/null; }
# Status 2 says that something is still awaited, which is what this story is about.
takes() { show "$1" sync --import "$root/stick/$2" || [ $? -eq 2 ]; }
gives() {
    carry=$((carry + 1))
    writes "$1" "$2" "carry-$carry.spx"
    on "$2" sync --import "$root/stick/carry-$carry.spx" >/dev/null
}

title "导入盐城方案的进度表（40 项任务）和五张诊断表（36 要素 80 点）" "Take in the Yancheng plan's schedule (40 tasks) and its five diagnosis tables (36 elements, 80 points)"
show quality import schedule schemas/catalogues/yancheng-schedule.json
show quality catalogue import schemas/catalogues/yancheng-diagnosis-catalogue.json

title "U 盘一：质控办把数据带给三个人" "First stick: the quality office gives everyone what is theirs"
for device in east west head; do gives quality "$device"; done
document=$(value east id doc new plan --unit yc-d03 --set "title=教务处 2026 年课程质控点工作计划" --set "kind=annual" \
    --set "content=每门课程设置质控点。")
gives east west
text "  李梅起草了一份计划，王强那里也有了：${document:0:8}" "  Li Mei drafted a plan, Wang Qiang has it too: ${document:0:8}"

title "拔掉网线：东西两个校区各自改同一份计划" "Cable out: two campuses edit the same plan, each alone"
show east doc edit "$document" --set "content=东校区：按课程标准逐门设置质控点，每学期核一次。" --set "note=东校区补充：已有 12 门课程。"
show west doc edit "$document" --set "content=西校区：按课程群设置质控点，每月核一次。" --set "period=西校区补充：2026 年 3 月至 12 月"
writes east west east-1.spx
on east sync --tips "$root/stick/between.tips" >/dev/null
show east doc edit "$document" --set "note=东校区补充：已有 14 门课程。"
on east sync --export "$root/stick/east-2.spx" --for "$root/stick/between.tips" >/dev/null
/usr/bin/python3 - "$root/stick/east-1.spx" "$root/stick/cut.spx" <<'PYTHON'
import sys
whole = open(sys.argv[1], "rb").read()
open(sys.argv[2], "wb").write(whole[: len(whole) * 2 // 3])
PYTHON

title "U 盘二：先后颠倒、断在半路、重复，都不要紧" "Second stick: in the wrong order, cut short, repeated; it does not matter"
takes west east-2.spx
refuses west sync --import "$root/stick/cut.spx"
takes west east-1.spx
takes west east-2.spx
gives west east

title "两边都看到两种写法（不同版本）：谁、在哪台设备、什么时候" "Both sides see both texts: who, on which device, when"
show east doc differences
if [ "$(on east dump | sha256sum)" = "$(on west dump | sha256sum)" ]; then
    text "  两台副本的 dump 逐字节相同" "  the dumps of both replicas are equal byte by byte"
else
    text "  两台副本的 dump 不同！" "  the dumps differ!"
    exit 1
fi

title "由人选定、提交；起草人不能批自己的；负责人审批" "A person decides and submits; nobody approves their own; the head approves"
show west doc resolve "$document" content --value "按课程标准逐门设置质控点，每月核一次。"
gives west east
show east step "$document" submit
gives east head
refuses east step "$document" approve
show head step "$document" approve --comment "同意"

title "整改直至通过：复核不通过就是下一轮，另定期限" "Rectification until pass: a failed re-check opens the next round with a new deadline"
task=$(on east --json task list --unit yc-d03 | /usr/bin/python3 -c '
import json, sys
print(next(task["id"] for task in json.load(sys.stdin) if task["title"].startswith("课程层面质控点")))')
on east doc edit "$task" --set "evidence=课程质控点清单（12 门）" >/dev/null
show east step "$task" submit
gives east head
show head step "$task" recheck-fail --comment "缺少 2026 年春季学期的核查记录" --until 2026-12-31
gives head east
gives head quality
gives east quality

title "诊改周期：一条命令启动；一个诊断点走八步，不通过，整改两轮" "A cycle in one command; a point walks its eight steps, fails, and is rectified in two rounds"
show quality cycle start "2026年自我诊改" --from 2026-01-01 --due 2026-09-30
cycle=$(value quality 0.id cycle list)
gives quality east
gives quality head
# first LIST RULE: id of the first part of that rule that the department is asked for.
first() {
    on east --json cycle show "$cycle" --unit yc-d03 | /usr/bin/python3 -c '
import json, sys
print(next(part["id"] for part in json.load(sys.stdin)[sys.argv[1]] if part["rule"] == sys.argv[2]))' "$1" "$2"
}
point=$(first parts point)
show east doc edit "$point" --set result=not-met --set "evidence=教务处课程台账" --set "problem=优质课程只有目标的一半"
show east step "$point" problems-found
refuses east step "$point" standardised
on east doc edit "$point" --set "cause=建设周期长；激励不足" >/dev/null
on east step "$point" causes-found >/dev/null
on east doc edit "$point" --set "main_cause=激励不足" >/dev/null
on east step "$point" main-cause-found >/dev/null
on east doc edit "$point" --set "measures=课程建设计入工作量" >/dev/null
on east step "$point" plan-made >/dev/null
on east doc edit "$point" --set "execution=办法已起草" >/dev/null
show east step "$point" submit
gives east head
show head step "$point" recheck-fail --comment "办法没有出台，没有成效" --until 2026-12-15
gives head east
task=$(first rectifications rectification)
text "  不通过即列出一项整改任务，期限来自签名的结论：" "  The failed check asks for a task at once; its day is that of the signed verdict:"
show east doc edit "$task" --set "cause=激励不足" --set "measures=出台办法并公示" --set "evidence=办法（征求意见稿）"
show east step "$task" submit
gives east head
show head step "$task" recheck-fail --comment "只是征求意见稿" --until 2026-12-31
gives head east
on east doc edit "$task" --set "evidence=办法已印发；新增优质课程 12 门" >/dev/null
show east step "$task" submit
refuses east step "$task" recheck-pass
gives east head
show head step "$task" recheck-pass
gives head east
on east doc edit "$point" --set "execution=办法已印发，两轮整改通过" >/dev/null
on east step "$point" submit >/dev/null
gives east head
show head step "$point" recheck-pass
gives head east
gives east quality
show quality cycle show "$cycle"

title "质控办：全校逾期任务，以及各部门数据的新旧" "The quality office: what is overdue everywhere, and how old each department's data is"
show quality task list --overdue
show quality status

title "接上网线：服务器启动，四台电脑与它同步" "Cable in: the server starts, and four computers synchronise with it"
HOME=$root/home/server XDG_STATE_HOME=$root/home/server/state SPIRAL_PASSPHRASE_FILE=$root/passphrase \
    setsid nohup "$SPIRALD" --data "$root/server" --listen "127.0.0.1:$port" --web "127.0.0.1:$web" \
    >"$root/spirald.log" 2>&1 </dev/null &
echo $! >"$root/spirald.pid"
ready() { /usr/bin/python3 -c '
import sys, urllib.request
urllib.request.urlopen("http://127.0.0.1:" + sys.argv[1] + "/healthz", timeout=1).read()' "$web" 2>/dev/null; }
for _ in $(seq 100); do
    if ready; then break; fi
    if ! kill -0 "$(cat "$root/spirald.pid")" 2>/dev/null; then tail -3 "$root/spirald.log" >&2; exit 4; fi
    sleep 0.1
done
show quality sync
for device in east west head; do on $device sync >/dev/null; done
show east doc edit "$document" --set "note=东校区：改在网上，四台电脑随即都有。"
show east sync
for device in quality west head; do on $device sync >/dev/null; done
show east sync
if [ "$(on east dump | sha256sum)" = "$(on west dump | sha256sum)" ]; then
    text "  东西两校的 dump 逐字节相同；服务器的回执说明每一步何时已在" "  the dumps of both campuses are equal; the server's receipts say when each step was there"
else
    text "  东西两校的 dump 不同！" "  the dumps of both campuses differ!"
    exit 1
fi

title "接下来可以试试" "What to try next"
here=$root
case $here in "$PWD"/*) here=${here#"$PWD"/} ;; esac
cat <<TRY
  export SPIRAL_PASSPHRASE_FILE=$here/passphrase
  alias east='HOME=$root/home/east XDG_STATE_HOME=$root/home/east/state XDG_RUNTIME_DIR=$root/home/east/run $SPIRAL --replica $root/east'
  east doc show ${document:0:8}        $(text "# 一份文档：字段、状态、下一步" "# a document: fields, state, what is next")
  east doc history ${document:0:8}     $(text "# 谁在何时写了、签了什么" "# who wrote and signed what, when")
  east search 课程             $(text "# 两个汉字即可检索" "# two characters are enough")
  east registry show           $(text "# 人员、角色、设备、门限" "# people, roles, devices, thresholds")
  east sync                    $(text "# 与服务器同步（在 $url 运行着）" "# with the server, which goes on running at $url")
  curl -s http://127.0.0.1:$web/metrics | head       $(text "# 服务器的指标" "# the server's metrics")
  ./run --stop                 $(text "# 停掉服务器" "# stop the server")
  east help                    $(text "# 全部命令" "# all commands")
TRY
text "  一个签名，用系统自带的 ssh-keygen 核对：" "  One signature, checked with the stock ssh-keygen:"
record=$(on quality --json record list --of "$document" | /usr/bin/python3 -c '
import json, sys
print(next(r["id"] for r in json.load(sys.stdin) if r["kind"].startswith("approve")))')
person=$(on quality --json record list --of "$document" | /usr/bin/python3 -c '
import json, sys
print(next(r["person"] for r in json.load(sys.stdin) if r["kind"].startswith("approve")))')
on quality registry allowed-signers -o "$root/allowed_signers" >/dev/null
on quality record show "$record" --raw >"$root/record.json"
on quality record signature "$record" >"$root/record.sig"
printf '  ssh-keygen -Y verify -f %s/allowed_signers -I %s \\\n      -n approve@qa.yancheng.example -s %s/record.sig < %s/record.json\n' "$here" "$person" "$here" "$here"
ssh-keygen -Y verify -f "$root/allowed_signers" -I "$person" -n approve@qa.yancheng.example -s "$root/record.sig" <"$root/record.json" | sed 's/^/    /'
printf '\n'
text "用时 $((SECONDS - started)) 秒；数据在 $here" "took $((SECONDS - started)) s; everything is in $here"
