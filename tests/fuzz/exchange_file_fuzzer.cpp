// Hostile exchange files. The first byte of the input says how much of the file the rest is, so that mutations reach
// what lies behind the hash and the compression: 0 the whole file, 1 all but the hash, 2 the messages alone.
#include "base/files.h"
#include "base/sha256.h"
#include "transport/exchange_file.h"

#include <algorithm>

using namespace spiral;

namespace {

/// One file in memory.
class OneFile final : public Files {
public:
    explicit OneFile(Bytes bytes) : m_bytes(std::move(bytes)) {}
    Result<Bytes> readAt(Path const&, std::uint64_t offset, std::size_t count) override {
        std::size_t const from = static_cast<std::size_t>(std::min<std::uint64_t>(offset, m_bytes.size()));
        std::size_t const bytes = std::min(count, m_bytes.size() - from);
        auto const begin = m_bytes.begin() + static_cast<std::ptrdiff_t>(from);
        return Bytes(begin, begin + static_cast<std::ptrdiff_t>(bytes));
    }
    Result<std::uint64_t> size(Path const&) override { return std::uint64_t{m_bytes.size()}; }
    bool exists(Path const&) override { return true; }
    Result<Bytes> read(Path const&, std::size_t) override { return refused(); }
    Result<void> replace(Path const&, ByteView, FileMode) override { return refused(); }
    Result<void> writeAt(Path const&, std::uint64_t, ByteView, FileMode) override { return refused(); }
    Result<void> sync(Path const&) override { return refused(); }
    Result<void> rename(Path const&, Path const&) override { return refused(); }
    Result<void> remove(Path const&) override { return refused(); }
    Result<void> makeFolder(Path const&, FileMode) override { return refused(); }
    std::vector<std::string> list(Path const&) override { return {}; }

private:
    static Error refused() { return makeError(ErrorCode::Environment, "disk.io"); }
    Bytes m_bytes;
};

void addHash(Bytes& file) {
    auto const hash = sha256(file);
    file.insert(file.end(), hash.raw.begin(), hash.raw.end());
}

/// A zstd stream of stored blocks (RFC 8878): packed without a packer.
void addStored(Bytes& file, ByteView bytes) {
    constexpr std::size_t kBlock = 65'536;
    file.insert(file.end(), {0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50});  // magic, no flags, a window of 1 MiB
    for (std::size_t at = 0;; at += kBlock) {
        std::size_t const size = std::min(kBlock, bytes.size() - at);
        bool const last = at + size == bytes.size();
        std::size_t const head = size << 3 | (last ? 1U : 0U);
        for (int i = 0; i < 3; ++i) file.push_back(static_cast<std::uint8_t>(head >> (8 * i)));
        file.insert(file.end(), bytes.begin() + static_cast<std::ptrdiff_t>(at),
                    bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
        if (last) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    if (size == 0) return 0;
    ByteView const rest = ByteView(data, size).subspan(1);
    Bytes bytes;
    switch (data[0] % 3) {
        case 0: bytes = toBytes(rest); break;
        case 1:
            bytes = toBytes(rest);
            addHash(bytes);
            break;
        default:
            bytes = toBytes("SPIRAL1\nX");
            addStored(bytes, rest);
            addHash(bytes);
    }
    OneFile file(std::move(bytes));
    auto const frames = transport::readFrames("file", file, transport::FileKind::Exchange);
    if (!frames) ensure(!frames.error().reason.empty(), "a refusal has a reason");
    auto const welcome = transport::readFrames("file", file, transport::FileKind::Welcome);
    auto const tips = transport::readTips("file", file);
    ensure(!(frames && tips) && !(frames && welcome), "a file has one kind");
    return 0;
}
