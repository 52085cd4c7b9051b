// Which form should the enduring keys have: plain SHA-256, or hybrid time followed by most of the SHA-256?
//
// The program grows one store per variant, segment by segment and in turn, through the whole import of signed
// frames: signature, decompression, reading of the changeset, hashes, inserts, commits, checkpoints. Content is
// generated and signed outside the timed parts. It prints one Markdown table.
//
//   g++ -O2 -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion tests/bench/key_form.cpp -o key_form
//       -lsqlite3 -lsodium -lcrypto -lzstd -pthread          (one line)
//   ./key_form DIRECTORY [--rows 200000] [--k 100] [--variants a,b,a2,b2,a3,b3] [--workers 0|1] [--tx-frames 500]
//       [--tx-mib 8] [--cache-mib 256] [--checkpoint-pages 16384] [--jitter-s 3600] [--lookups 100000]
//       [--keep-payload] [--seed 1]
//
// Variants:
//   a   ids are SHA-256; big transactions, rows sorted by id, large cache, rare checkpoints
//   b   ids are 8 bytes of hybrid time, then the last 24 bytes of the SHA-256; otherwise as a
//   a2  ids as in a; one frame per transaction, unsorted, SQLite's default cache and checkpoints
//   b2  ids as in b; otherwise as a2
//   a3  as a, with transactions eight times as big (64 MiB)
//   b3  as b, with transactions eight times as big (64 MiB)
// --workers 0 checks and writes in one thread; 1 checks in a second thread while the first one writes.

#include <openssl/sha.h>
#include <sodium.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fstream>
#include <memory>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Id = std::array<unsigned char, 32>;
using Steady = std::chrono::steady_clock;

constexpr std::size_t max_raw = 8U << 20U;
constexpr std::size_t devices = 20;
constexpr std::size_t segments = 10;
constexpr std::string_view name_space = "frame@qa.example.edu.cn";

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

double seconds_since(Steady::time_point start) {
    return std::chrono::duration<double>(Steady::now() - start).count();
}

double thread_cpu() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double process_cpu() {
    rusage use{};
    getrusage(RUSAGE_SELF, &use);
    const auto secs = static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec);
    return secs + static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}

// Bytes this process caused to be written to the disk (0 where the kernel does not tell).
double bytes_written() {
    std::ifstream in("/proc/self/io");
    std::string key;
    double value = 0;
    while (in >> key >> value) {
        if (key == "write_bytes:") return value;
    }
    return 0;
}

// ---- ids and the signed envelope ----

Id sha256(std::string_view bytes) {
    Id out;
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
    return out;
}

void put_time(Id& id, std::uint64_t hybrid) {
    for (std::size_t i = 0; i < 8; ++i) id[i] = static_cast<unsigned char>(hybrid >> (56U - 8U * i));
}

std::string hex(const unsigned char* data, std::size_t size) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(size * 2);
    for (std::size_t i = 0; i < size; ++i) {
        out += digits[data[i] >> 4U];
        out += digits[data[i] & 15U];
    }
    return out;
}

unsigned nibble(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10U;
    fail("not a hex digit");
}

void append_string(std::string& out, std::string_view s) {
    for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>((s.size() >> (shift - 8)) & 0xffU);
    out += s;
}

// The structure that ssh-keygen -Y signs.
std::string sshsig(std::string_view message) {
    std::array<unsigned char, crypto_hash_sha512_BYTES> digest{};
    crypto_hash_sha512(digest.data(), reinterpret_cast<const unsigned char*>(message.data()), message.size());
    std::string out = "SSHSIG";
    append_string(out, name_space);
    append_string(out, "");
    append_string(out, "sha512");
    append_string(out, {reinterpret_cast<const char*>(digest.data()), digest.size()});
    return out;
}

// "2026-03-02T14:05:11.123Z" <-> milliseconds
std::string time_text(std::uint64_t ms) {
    const auto secs = static_cast<std::time_t>(ms / 1000U);
    std::tm parts{};
    gmtime_r(&secs, &parts);
    std::array<char, 32> out{};
    const std::size_t n = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 8> tail{};
    std::snprintf(tail.data(), tail.size(), ".%03uZ", static_cast<unsigned>(ms % 1000U));
    return std::string(out.data(), n) + tail.data();
}

std::uint64_t time_value(std::string_view text) {
    if (text.size() != 24 || text[10] != 'T' || text[23] != 'Z') fail("bad time");
    const auto number = [&](std::size_t from, std::size_t count) {
        int value = 0;
        for (const char c : text.substr(from, count)) {
            if (c < '0' || c > '9') fail("bad digit in a time");
            value = value * 10 + (c - '0');
        }
        return value;
    };
    const std::chrono::sys_days day = std::chrono::year{number(0, 4)} /
                                      std::chrono::month{static_cast<unsigned>(number(5, 2))} /
                                      std::chrono::day{static_cast<unsigned>(number(8, 2))};
    const std::int64_t secs =
        std::int64_t{day.time_since_epoch().count()} * 86400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
    return static_cast<std::uint64_t>(secs * 1000 + number(20, 3));
}

// The hybrid time that an object claims in its own bytes: t in milliseconds (48 bits), c (16 bits, absent in headers).
std::uint64_t claimed_time(std::string_view json) {
    const std::size_t t = json.rfind("\"t\":\"");
    if (t == std::string_view::npos) fail("no time");
    std::uint64_t c = 0;
    const std::size_t at = json.substr(0, 200).find(",\"c\":");
    if (at != std::string_view::npos) {
        for (std::size_t i = at + 5; i < json.size() && json[i] >= '0' && json[i] <= '9'; ++i)
            c = c * 10 + static_cast<std::uint64_t>(json[i] - '0');
    }
    return time_value(json.substr(t + 5, 24)) << 16U | (c & 0xffffU);
}

Id id_of(std::string_view json, bool timed) {
    Id id = sha256(json);
    if (timed) put_time(id, claimed_time(json));
    return id;
}

// ---- content ----

struct Frame {
    std::string header;
    std::array<unsigned char, 64> sig{};
    std::string payload;  // zstd
    std::size_t raw = 0;
};

struct Device {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> pub{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
    std::string name;
};

struct Options {
    std::string dir;
    std::size_t rows = 200000;
    std::size_t k = 100;
    std::vector<std::string> variants{"a", "b", "a2", "b2"};
    std::size_t workers = 0;
    std::size_t tx_frames = 500;
    std::size_t tx_mib = 8;
    std::size_t cache_mib = 256;
    std::size_t checkpoint_pages = 16384;
    std::size_t jitter_s = 3600;
    std::size_t lookups = 100000;
    bool keep_payload = false;
    std::uint64_t seed = 1;
};

// One revision of about 1 KiB, and the frame it belongs to; the same for all variants.
struct Draft {
    std::size_t device = 0;
    std::uint64_t time = 0;
    std::vector<std::string> revisions;
};

class Source {
public:
    Source(const Options& options, const std::vector<Device>& all) : opt(options), devs(all), random(options.seed) {
        school = random_hex(32);
        reg = random_hex(32);
    }

    // One revision per second of school time; a frame arrives up to jitter_s late.
    Draft next(std::size_t count) {
        Draft out;
        out.device = random() % devices;
        const std::uint64_t late = opt.jitter_s == 0 ? 0 : random() % (opt.jitter_s * 1000U);
        out.time = clock - late;
        for (std::size_t i = 0; i < count; ++i) {
            out.revisions.push_back(revision(devs[out.device], out.time));
            out.time += 1000U;
        }
        clock += 1000U * count;
        return out;
    }

    std::string header(const Draft& draft, const std::vector<Id>& ids, std::uint64_t seq) {
        std::string out = "{\"device\":\"" + devs[draft.device].name + "\",\"inc\":\"" + std::string(32, '7') + "\",\"items\":[";
        for (std::size_t i = 0; i < ids.size(); ++i) out += (i == 0 ? "\"d" : ",\"d") + hex(ids[i].data(), 32) + '"';
        out += "],\"prev\":\"" + school + "\",\"reg\":{\"hash\":\"" + reg + "\",\"seq\":12},\"schema\":1,\"school\":\"" + school;
        out += "\",\"scope\":\"unit-jwc\",\"seq\":" + std::to_string(seq) + ",\"t\":\"" + time_text(draft.time) + "\",\"v\":1}";
        return out;
    }

private:
    std::string random_hex(std::size_t bytes) {
        std::string raw;
        for (std::size_t i = 0; i < bytes; ++i) raw += static_cast<char>(random() & 0xffU);
        return hex(reinterpret_cast<const unsigned char*>(raw.data()), bytes);
    }

    // Chinese text that zstd shrinks about as much as real records: stock phrases and skewed single characters.
    std::string text(std::size_t chars) {
        static constexpr std::array<std::string_view, 16> phrases{
            "课程", "教学质量", "实验室", "毕业设计", "人才培养方案", "评估指标", "专业认证", "学生反馈",
            "已完成", "整改措施", "教研室", "期末考试", "督导听课", "提交材料", "负责人", "本学期"};
        std::string out;
        std::size_t done = 0;
        while (done < chars) {
            if (random() % 8U == 0) {
                const std::string_view p = phrases[random() % phrases.size()];
                out += p;
                done += p.size() / 3;
                continue;
            }
            const double u = static_cast<double>(random() % 65536U) / 65536.0;
            const unsigned code = 0x4e00U + static_cast<unsigned>(u * u * 2500.0);
            out += static_cast<char>(0xe0U | code >> 12U);
            out += static_cast<char>(0x80U | (code >> 6U & 0x3fU));
            out += static_cast<char>(0x80U | (code & 0x3fU));
            ++done;
        }
        return out;
    }

    std::string revision(const Device& dev, std::uint64_t time) {
        std::string out = "{\"by\":{\"device\":\"" + dev.name + "\",\"person\":\"p" + dev.name.substr(0, 8) + "\"},\"c\":";
        out += std::to_string(random() % 8U) + ",\"doc\":\"" + random_hex(16) + "\",\"fields\":{\"body\":\"";
        out += text(120 + random() % 60U) + "\",\"due\":\"2026-07-01\",\"status\":\"open\",\"title\":\"" + text(16);
        out += "\"},\"n\":\"" + random_hex(16) + "\",\"parents\":[\"" + random_hex(32) + "\"],\"school\":\"" + school;
        out += "\",\"scope\":\"unit-jwc\",\"t\":\"" + time_text(time) + "\",\"type\":\"task.v1\",\"v\":1}";
        return out;
    }

    const Options& opt;
    const std::vector<Device>& devs;
    std::mt19937_64 random;
    std::uint64_t clock = 1772460311123ULL;
    std::string school;
    std::string reg;
};

void append_varint(std::string& out, std::size_t n) {
    if (n >= 1U << 21U) fail("row too long for this program");
    if (n >= 1U << 14U) out += static_cast<char>(0x80U | n >> 14U);
    if (n >= 1U << 7U) out += static_cast<char>(0x80U | (n >> 7U & 0x7fU));
    out += static_cast<char>(n & 0x7fU);
}

// What an SQLite session gives for inserts into revision(id, bytes).
std::string changeset(const std::vector<Id>& ids, const std::vector<std::string>& rows) {
    std::string out{'T', 2, 1, 0};
    out += std::string_view("revision\0", 9);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        out += std::string_view("\x12\0\x04\x20", 4);
        out.append(reinterpret_cast<const char*>(ids[i].data()), 32);
        out += '\x04';
        append_varint(out, rows[i].size());
        out += rows[i];
    }
    return out;
}

// ---- checking: all that comes before SQLite ----

struct Row {
    Id id{};
    std::string_view bytes;
};

struct CheckedFrame {
    Id id{};
    const Frame* frame = nullptr;
};

struct Batch {
    std::vector<CheckedFrame> frames;
    std::vector<std::unique_ptr<char[]>> buffers;
    std::vector<Row> rows;
};

class Checker {
public:
    Checker(const std::vector<Device>& all, bool timed_ids, bool sort_rows)
        : devs(all), timed(timed_ids), sorted(sort_rows), zstd(ZSTD_createDCtx(), ZSTD_freeDCtx) {}

    Batch check(const Frame* from, const Frame* to) {
        Batch out;
        for (; from != to; ++from) one(*from, out);
        if (sorted) {
            std::sort(out.rows.begin(), out.rows.end(), [](const Row& x, const Row& y) { return x.id < y.id; });
            // The log keeps the order of arrival; only the frame table is filled in order of ids.
        }
        return out;
    }

private:
    void one(const Frame& f, Batch& out) {
        const std::string_view head = f.header;
        static constexpr std::string_view prefix = "{\"device\":\"";
        if (!head.starts_with(prefix)) fail("bad header");
        const std::string_view name = head.substr(prefix.size(), 32);
        const auto dev = std::find_if(devs.begin(), devs.end(), [&](const Device& d) { return d.name == name; });
        if (dev == devs.end()) fail("unknown device");
        const std::string signed_bytes = sshsig(head);
        if (crypto_sign_verify_detached(f.sig.data(), reinterpret_cast<const unsigned char*>(signed_bytes.data()),
                                        signed_bytes.size(), dev->pub.data()) != 0)
            fail("bad signature");
        out.frames.push_back({id_of(head, timed), &f});

        const unsigned long long size = ZSTD_getFrameContentSize(f.payload.data(), f.payload.size());
        if (size > max_raw) fail("payload too big");
        auto raw = std::make_unique<char[]>(size);
        if (ZSTD_decompressDCtx(zstd.get(), raw.get(), size, f.payload.data(), f.payload.size()) != size) fail("bad zstd");
        std::string_view rest(raw.get(), size);
        out.buffers.push_back(std::move(raw));

        const auto take = [&](std::size_t n) {
            if (rest.size() < n) fail("short changeset");
            const std::string_view part = rest.substr(0, n);
            rest.remove_prefix(n);
            return part;
        };
        if (take(13) != std::string_view("T\2\1\0revision\0", 13)) fail("bad table");
        std::size_t item = head.find("\"items\":[");
        if (item == std::string_view::npos) fail("no items");
        item += 9;
        while (!rest.empty()) {
            Row row;
            if (take(4) != std::string_view("\x12\0\x04\x20", 4)) fail("bad row");
            std::memcpy(row.id.data(), take(32).data(), 32);
            if (take(1) != "\x04") fail("bad column");
            std::size_t length = 0;
            unsigned char byte = 0;
            do {
                byte = static_cast<unsigned char>(take(1)[0]);
                length = length << 7U | (byte & 0x7fU);
            } while ((byte & 0x80U) != 0 && length < max_raw);
            row.bytes = take(length);
            if (id_of(row.bytes, timed) != row.id) fail("id is not the hash");
            if (head.size() < item + 68 || head[item] != '"' || head[item + 1] != 'd') fail("bad item");
            for (std::size_t i = 0; i < 32; ++i) {
                const unsigned value = nibble(head[item + 2 + 2 * i]) << 4U | nibble(head[item + 3 + 2 * i]);
                if (value != row.id[i]) fail("rows are not the items");
            }
            item += 68;
            out.rows.push_back(row);
        }
        if (head[item - 1] != ']') fail("items without rows");
    }

    const std::vector<Device>& devs;
    bool timed;
    bool sorted;
    std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd;
};

// ---- the store ----

class Store {
public:
    Store(std::string file, const Options& options, bool tuned) : path(std::move(file)), opt(options), large(tuned) {
        remove();
        open();
        exec("PRAGMA journal_mode=WAL");
        exec("CREATE TABLE revision(id BLOB NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"
             "CREATE TABLE frame(id BLOB NOT NULL PRIMARY KEY, header BLOB NOT NULL, sig BLOB NOT NULL) STRICT;"
             "CREATE TABLE local_log(pos INTEGER PRIMARY KEY, what TEXT NOT NULL, id BLOB NOT NULL) STRICT;"
             "CREATE TABLE local_payload(frame BLOB NOT NULL PRIMARY KEY, codec INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;");
        for (const std::string table : {"revision", "frame"}) {
            for (const std::string act : {"UPDATE", "DELETE"})
                exec("CREATE TRIGGER " + table + "_no_" + act + " BEFORE " + act + " ON " + table +
                     " BEGIN SELECT RAISE(ABORT, 'insert only'); END");
        }
        prepare();
    }
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store() {
        close();
        remove();
    }

    void write(Batch& batch, bool sorted) {
        exec("BEGIN IMMEDIATE");
        for (const Row& row : batch.rows) {
            blob(put_revision, 1, row.id.data(), row.id.size());
            blob(put_revision, 2, row.bytes.data(), row.bytes.size());
            step(put_revision);
        }
        for (const CheckedFrame& f : batch.frames) {
            for (const char* what : {"header", "payload"}) {
                sqlite3_bind_text(put_log, 1, what, -1, SQLITE_STATIC);
                blob(put_log, 2, f.id.data(), f.id.size());
                step(put_log);
            }
        }
        if (sorted)
            std::sort(batch.frames.begin(), batch.frames.end(),
                      [](const CheckedFrame& x, const CheckedFrame& y) { return x.id < y.id; });
        for (const CheckedFrame& f : batch.frames) {
            blob(put_frame, 1, f.id.data(), f.id.size());
            blob(put_frame, 2, f.frame->header.data(), f.frame->header.size());
            blob(put_frame, 3, f.frame->sig.data(), f.frame->sig.size());
            step(put_frame);
            if (!opt.keep_payload) continue;
            blob(put_payload, 1, f.id.data(), f.id.size());
            blob(put_payload, 2, f.frame->payload.data(), f.frame->payload.size());
            step(put_payload);
        }
        exec("COMMIT");
    }

    void checkpoint() { exec("PRAGMA wal_checkpoint(TRUNCATE)"); }

    void reopen() {
        close();
        open();
        prepare();
    }

    std::size_t look_up(const Id& id) {
        blob(get, 1, id.data(), id.size());
        if (sqlite3_step(get) != SQLITE_ROW) fail("a row is missing");
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(get, 0));
        const auto* first = static_cast<const unsigned char*>(sqlite3_column_blob(get, 0));
        const std::size_t seen = first[0] + first[size - 1];
        sqlite3_reset(get);
        return seen;
    }

    double mib() const {
        struct stat info {};
        if (stat(path.c_str(), &info) != 0) fail("no store file");
        return static_cast<double>(info.st_size) / 1048576.0;
    }

    // Pages of the hash index of revision, by SQLite's own count of the file's parts (0 without dbstat).
    double index_mib() {
        sqlite3_stmt* s = nullptr;
        double out = 0;
        if (sqlite3_prepare_v2(db, "SELECT sum(pgsize) FROM dbstat WHERE name='sqlite_autoindex_revision_1'", -1, &s,
                               nullptr) == SQLITE_OK &&
            sqlite3_step(s) == SQLITE_ROW)
            out = static_cast<double>(sqlite3_column_int64(s, 0)) / 1048576.0;
        sqlite3_finalize(s);
        return out;
    }

private:
    void open() {
        if (sqlite3_open(path.c_str(), &db) != SQLITE_OK) fail("cannot open " + path);
        exec("PRAGMA synchronous=FULL");
        if (!large) return;
        exec("PRAGMA cache_size=-" + std::to_string(opt.cache_mib * 1024U));
        exec("PRAGMA wal_autocheckpoint=" + std::to_string(opt.checkpoint_pages));
    }

    void prepare() {
        put_revision = statement("INSERT INTO revision VALUES(?,?) ON CONFLICT DO NOTHING");
        put_frame = statement("INSERT INTO frame VALUES(?,?,?) ON CONFLICT DO NOTHING");
        put_log = statement("INSERT INTO local_log(what,id) VALUES(?,?)");
        put_payload = statement("INSERT INTO local_payload VALUES(?,1,?)");
        get = statement("SELECT bytes FROM revision WHERE id=?");
    }

    void close() {
        for (sqlite3_stmt* s : {put_revision, put_frame, put_log, put_payload, get}) sqlite3_finalize(s);
        sqlite3_close(db);
    }

    void remove() const {
        for (const char* end : {"", "-wal", "-shm"}) std::remove((path + end).c_str());
    }

    sqlite3_stmt* statement(const char* sql) {
        sqlite3_stmt* out = nullptr;
        if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &out, nullptr) != SQLITE_OK)
            fail(sqlite3_errmsg(db));
        return out;
    }

    void exec(const std::string& sql) {
        if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(sql + ": " + sqlite3_errmsg(db));
    }

    void blob(sqlite3_stmt* s, int place, const void* data, std::size_t size) {
        if (sqlite3_bind_blob(s, place, data, static_cast<int>(size), SQLITE_STATIC) != SQLITE_OK) fail(sqlite3_errmsg(db));
    }

    void step(sqlite3_stmt* s) {
        if (sqlite3_step(s) != SQLITE_DONE) fail(sqlite3_errmsg(db));
        sqlite3_reset(s);
    }

    std::string path;
    const Options& opt;
    bool large;
    sqlite3* db = nullptr;
    sqlite3_stmt* put_revision = nullptr;
    sqlite3_stmt* put_frame = nullptr;
    sqlite3_stmt* put_log = nullptr;
    sqlite3_stmt* put_payload = nullptr;
    sqlite3_stmt* get = nullptr;
};

// ---- one variant ----

class Variant {
public:
    Variant(const std::string& variant, const Options& options, const std::vector<Device>& all)
        : name(variant), opt(options), timed(variant.starts_with('b')), batched(!variant.ends_with('2')),
          tx_bytes((options.tx_mib << 20U) * (variant.ends_with('3') ? 8U : 1U)),
          store(options.dir + "/key_form_" + variant + ".db", options, batched), checker(all, timed, batched) {}

    // Untimed: the frames that arrive in the next segment.
    void receive(const std::vector<Draft>& drafts, Source& source, const std::vector<Device>& devs, ZSTD_CCtx* zstd) {
        frames.clear();
        for (const Draft& d : drafts) {
            std::vector<Id> here;
            for (const std::string& r : d.revisions) here.push_back(id_of(r, timed));
            Frame f;
            f.header = source.header(d, here, ++seq);
            const std::string to_sign = sshsig(f.header);
            crypto_sign_detached(f.sig.data(), nullptr, reinterpret_cast<const unsigned char*>(to_sign.data()), to_sign.size(),
                                 devs[d.device].secret.data());
            const std::string raw = changeset(here, d.revisions);
            f.raw = raw.size();
            f.payload.resize(ZSTD_compressBound(raw.size()));
            const std::size_t n = ZSTD_compressCCtx(zstd, f.payload.data(), f.payload.size(), raw.data(), raw.size(), 3);
            if (ZSTD_isError(n) != 0) fail("zstd");
            f.payload.resize(n);
            f.payload.shrink_to_fit();
            raw_bytes += static_cast<double>(raw.size());
            packed_bytes += static_cast<double>(n);
            ids.insert(ids.end(), here.begin(), here.end());
            frames.push_back(std::move(f));
        }
    }

    void import_segment() {
        const std::size_t before = rows;
        const double cpu0 = process_cpu();
        const double io0 = bytes_written();
        const auto start = Steady::now();
        if (opt.workers == 0)
            serial();
        else
            piped();
        const double writing = thread_cpu();
        store.checkpoint();
        write_cpu += thread_cpu() - writing;
        last_wall = seconds_since(start);
        wall += last_wall;
        cpu += process_cpu() - cpu0;
        disk += bytes_written() - io0;
        last_rows = rows - before;
    }

    void measure_look_ups() {
        store.reopen();
        std::mt19937_64 random(99);
        std::size_t seen = 0;
        for (std::size_t round = 0; round < 2; ++round) {  // the first round warms the cache
            const auto start = Steady::now();
            for (std::size_t i = 0; i < opt.lookups; ++i) seen += store.look_up(ids[random() % ids.size()]);
            look_ups = static_cast<double>(opt.lookups) / seconds_since(start);
        }
        if (seen == 0) fail("nothing was read");
    }

    void print() {
        std::printf("| %s | %zu | %zu | %zu | %.0f | %.0f | %.0f | %.1f | %.1f | %.1f | %.0f | %.0f | %.0f | %.0f |\n", name.c_str(),
                    opt.k, rows, rows / transactions, static_cast<double>(rows) / wall,
                    static_cast<double>(last_rows) / last_wall, static_cast<double>(rows) / cpu, cpu, check_cpu, write_cpu,
                    disk / 1048576.0, look_ups, store.mib(), store.index_mib());
    }

    double rate() const { return static_cast<double>(rows) / wall; }
    double last_rate() const { return static_cast<double>(last_rows) / last_wall; }
    double cpu_rate() const { return static_cast<double>(rows) / cpu; }
    double row_bytes() const { return raw_bytes / static_cast<double>(rows); }
    double packing() const { return raw_bytes / packed_bytes; }
    const std::string& label() const { return name; }

private:
    // The end of the transaction that begins with frame `from`.
    std::size_t cut(std::size_t from) const {
        if (!batched) return from + 1;
        std::size_t raw = 0;
        std::size_t to = from;
        while (to < frames.size() && to - from < opt.tx_frames && (to == from || raw + frames[to].raw <= tx_bytes))
            raw += frames[to++].raw;
        return to;
    }

    Batch check(std::size_t from, std::size_t to) { return checker.check(frames.data() + from, frames.data() + to); }

    void write(Batch& batch) {
        const double t = thread_cpu();
        store.write(batch, batched);
        write_cpu += thread_cpu() - t;
        rows += batch.rows.size();
        ++transactions;
    }

    void serial() {
        for (std::size_t from = 0; from < frames.size();) {
            const std::size_t to = cut(from);
            const double t = thread_cpu();
            Batch batch = check(from, to);
            check_cpu += thread_cpu() - t;
            write(batch);
            from = to;
        }
    }

    void piped() {
        std::mutex lock;
        std::condition_variable changed;
        std::deque<Batch> ready;
        bool done = false;
        std::thread worker([&] {
            const double t = thread_cpu();
            for (std::size_t from = 0; from < frames.size();) {
                const std::size_t to = cut(from);
                Batch batch = check(from, to);
                from = to;
                std::unique_lock hold(lock);
                changed.wait(hold, [&] { return ready.size() < 4; });
                ready.push_back(std::move(batch));
                changed.notify_all();
            }
            const std::lock_guard hold(lock);
            done = true;
            check_cpu += thread_cpu() - t;
            changed.notify_all();
        });
        for (;;) {
            std::unique_lock hold(lock);
            changed.wait(hold, [&] { return done || !ready.empty(); });
            if (ready.empty()) break;
            Batch batch = std::move(ready.front());
            ready.pop_front();
            changed.notify_all();
            hold.unlock();
            write(batch);
        }
        worker.join();
    }

    std::string name;
    const Options& opt;
    bool timed;
    bool batched;
    std::size_t tx_bytes;
    Store store;
    Checker checker;
    std::vector<Frame> frames;
    std::vector<Id> ids;
    std::uint64_t seq = 1;
    std::size_t rows = 0;
    std::size_t last_rows = 0;
    std::size_t transactions = 0;
    double wall = 0;
    double last_wall = 0;
    double cpu = 0;
    double check_cpu = 0;
    double write_cpu = 0;
    double disk = 0;
    double look_ups = 0;
    double raw_bytes = 0;
    double packed_bytes = 0;
};

Options read_options(int argc, char** argv) {
    Options out;
    for (int i = 1; i < argc; ++i) {
        const std::string_view arg = argv[i];
        if (!arg.starts_with("--")) {
            out.dir = arg;
            continue;
        }
        if (arg == "--keep-payload") {
            out.keep_payload = true;
            continue;
        }
        if (++i >= argc) fail("a value is missing after " + std::string(arg));
        const std::string value = argv[i];
        if (arg == "--variants") {
            out.variants.clear();
            for (std::size_t at = 0; at <= value.size();) {
                const std::size_t comma = std::min(value.find(',', at), value.size());
                out.variants.push_back(value.substr(at, comma - at));
                at = comma + 1;
            }
            for (const std::string& v : out.variants) {
                if (v != "a" && v != "b" && v != "a2" && v != "b2" && v != "a3" && v != "b3") fail("unknown variant " + v);
            }
            continue;
        }
        const std::size_t number = std::stoul(value);
        if (arg == "--rows") out.rows = number;
        else if (arg == "--k") out.k = number;
        else if (arg == "--workers") out.workers = number;
        else if (arg == "--tx-frames") out.tx_frames = number;
        else if (arg == "--tx-mib") out.tx_mib = number;
        else if (arg == "--cache-mib") out.cache_mib = number;
        else if (arg == "--checkpoint-pages") out.checkpoint_pages = number;
        else if (arg == "--jitter-s") out.jitter_s = number;
        else if (arg == "--lookups") out.lookups = number;
        else if (arg == "--seed") out.seed = number;
        else fail("unknown option " + std::string(arg));
    }
    if (out.dir.empty()) fail("usage: key_form DIRECTORY [options]");
    if (out.k == 0 || out.k > 500 || out.rows < out.k * segments || out.workers > 1 || out.tx_frames == 0) fail("bad numbers");
    return out;
}

void run(const Options& opt) {
    std::vector<Device> devs(devices);
    for (std::size_t i = 0; i < devices; ++i) {
        crypto_sign_keypair(devs[i].pub.data(), devs[i].secret.data());
        devs[i].name = hex(devs[i].pub.data(), 16);
    }
    Source source(opt, devs);
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd(ZSTD_createCCtx(), ZSTD_freeCCtx);
    std::vector<std::unique_ptr<Variant>> all;
    for (const std::string& name : opt.variants) all.push_back(std::make_unique<Variant>(name, opt, devs));

    const std::size_t frames = opt.rows / opt.k;
    for (std::size_t segment = 0; segment < segments; ++segment) {
        std::vector<Draft> drafts;
        for (std::size_t i = frames * segment / segments; i < frames * (segment + 1) / segments; ++i)
            drafts.push_back(source.next(opt.k));
        for (std::size_t i = 0; i < all.size(); ++i) {  // forwards, then backwards
            Variant& v = *all[segment % 2 == 0 ? i : all.size() - 1 - i];
            v.receive(drafts, source, devs, zstd.get());
            v.import_segment();
            std::fprintf(stderr, "segment %zu %s: %.0f rows/s\n", segment, v.label().c_str(), v.last_rate());
        }
    }
    for (const auto& v : all) v->measure_look_ups();

    std::printf("SQLite %s, zstd %s; cache %zu MiB, checkpoint after %zu pages, transactions up to %zu frames or %zu MiB, %s; "
                "%.0f B a row raw, packed x%.2f\n\n",
                sqlite3_libversion(), ZSTD_versionString(), opt.cache_mib, opt.checkpoint_pages, opt.tx_frames, opt.tx_mib,
                opt.workers == 0 ? "one thread" : "checks in a second thread", all[0]->row_bytes(), all[0]->packing());
    std::printf("| variant | K | rows | rows per transaction | import rows/s | last 10 %% | rows per CPU s | CPU s | checks | "
                "writing | MiB written | look-ups/s | file MiB | index MiB |\n"
                "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (const auto& v : all) v->print();
    const auto find = [&](std::string_view name) -> const Variant* {
        for (const auto& v : all) {
            if (v->label() == name) return v.get();
        }
        return nullptr;
    };
    std::printf("\n");
    for (const auto& [x, y] : {std::pair{"b", "a"}, std::pair{"b2", "a2"}, std::pair{"b3", "a3"}, std::pair{"b", "a3"}, std::pair{"a", "a2"},
                               std::pair{"a3", "a"}}) {
        const Variant* p = find(x);
        const Variant* q = find(y);
        if (p == nullptr || q == nullptr) continue;
        std::printf("%s : %s = %.2f overall, %.2f in the last 10 %%, %.2f by CPU\n", x, y, p->rate() / q->rate(),
                    p->last_rate() / q->last_rate(), p->cpu_rate() / q->cpu_rate());
    }
}

}  // namespace

int main(int argc, char** argv) {
    try {
        if (sodium_init() < 0) fail("libsodium");
        run(read_options(argc, argv));
    } catch (const std::exception& e) {
        std::fprintf(stderr, "key_form: %s\n", e.what());
        return 1;
    }
    return 0;
}
