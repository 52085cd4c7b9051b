// The help of spirald: what it is, how it is set up and run, with examples.
#include "arguments.h"

namespace spiral::server {

std::string helpText(cli::Language language) {
    if (language == cli::Language::English) {
        return R"(spirald: the server of Spiral, or the hub of one campus. An ordinary replica that is always on.

  spirald init --data DIR INVITATION -o REQUEST     first: makes the key here, shows six groups of digits
  spirald --data DIR --finish WELCOME               then: takes the admin's welcome in
  spirald --data DIR [--listen HOST:PORT] [--web HOST:PORT]     serves until SIGTERM or SIGINT

  --data DIR            folder of the server's replica
  --listen HOST:PORT    where devices connect; default 0.0.0.0:7420
  --web HOST:PORT       /healthz and /metrics, for this machine's administrators; default 127.0.0.1:7421, or none
  --finish WELCOME      the welcome file that spiral enrol wrote
  -o, --output REQUEST  where the request goes
  --passphrase-file F   passphrase of the key, its first line; else SPIRAL_PASSPHRASE_FILE,
                        else $CREDENTIALS_DIRECTORY/passphrase, as systemd's LoadCredential= gives it
  --json                init and --finish: one JSON document on standard output
  --lang zh|en          language; default from LC_ALL or LANG, else Chinese
  --version, --help

DIR/spirald.json, if it is there, says listen, web, upstream and limits; the command line goes before it. SIGHUP reads
it again: limits hold at once, addresses after a restart. The log is one JSON object a line on standard error.

Setting up, with the admin's replica on another machine:
  spiral invite --as-server "data centre" --server spiral://qa.example.edu.cn:7420 -o server.invite
      on the admin's machine; carry the file over
  spirald init --data /var/lib/spirald server.invite -o server.request
      here; read the six groups to the admin on the telephone
  spiral enrol server.request --digits "…" -o server.welcome
      on the admin's machine, with the digits as heard
  spirald --data /var/lib/spirald --finish server.welcome
  spirald --data /var/lib/spirald
      or: systemctl enable --now spirald

Exit status: 0 done; 1 refused or invalid; 2 something named is missing; 3 wrong usage; 4 the environment failed.
)";
    }
    return R"(spirald：螺旋的服务器，或一个校区的汇聚点。就是一个一直开着的副本。

  spirald init --data 文件夹 邀请 -o 申请            第一步：在本机造密钥，显示六组数字
  spirald --data 文件夹 --finish 欢迎文件            第二步：读入管理员给的欢迎文件
  spirald --data 文件夹 [--listen 主机:端口] [--web 主机:端口]     运行，直到 SIGTERM 或 SIGINT

  --data DIR            服务器副本的文件夹
  --listen HOST:PORT    设备连接的地址；默认 0.0.0.0:7420
  --web HOST:PORT       /healthz 和 /metrics，给本机管理员；默认 127.0.0.1:7421，none 为不开
  --finish WELCOME      spiral enrol 写出的欢迎文件
  -o, --output REQUEST  申请写到哪里
  --passphrase-file F   密钥口令，取文件首行；否则 SPIRAL_PASSPHRASE_FILE，
                        否则 $CREDENTIALS_DIRECTORY/passphrase（systemd 的 LoadCredential=）
  --json                init 与 --finish：标准输出只有一个 JSON 文档
  --lang zh|en          语言；默认按 LC_ALL、LANG，否则中文
  --version、--help

DIR/spirald.json（若有）写 listen、web、upstream、limits；命令行优先。SIGHUP 重新读入：限额立即生效，地址在重启后生效。
日志写到标准错误，每行一个 JSON 对象。

安装步骤（管理员的副本在另一台机器上）：
  spiral invite --as-server 数据中心 --server spiral://qa.example.edu.cn:7420 -o server.invite
      在管理员的机器上；把文件带过来
  spirald init --data /var/lib/spirald server.invite -o server.request
      在本机；在电话里把六组数字念给管理员
  spiral enrol server.request --digits "…" -o server.welcome
      在管理员的机器上，数字照所听到的填
  spirald --data /var/lib/spirald --finish server.welcome
  spirald --data /var/lib/spirald
      或：systemctl enable --now spirald

退出状态：0 完成；1 被拒绝或无效；2 还缺点名的东西；3 用法不对；4 环境出错（磁盘等）。
)";
}

}  // namespace spiral::server
