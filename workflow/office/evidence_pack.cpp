#include "evidence_pack.h"

#include "trust/objects.h"

#include <charconv>

namespace spiral::office {

namespace {

constexpr std::string_view kMagic = "spiral-history 1\n";
constexpr std::string_view kSigned = "efr", kBare = "hd";
constexpr std::size_t kBlocksMax = 200'000;

Error malformed() { return makeError(ErrorCode::Malformed, "takeover.form"); }

}  // namespace

std::string packed(std::vector<PackedBlock> const& blocks) {
    std::string text(kMagic);
    for (auto const& block : blocks) {
        text.append(1, block.letter).append(" ").append(std::to_string(block.bytes.size()));
        if (block.signature) text.append(" ").append(block.signature->hex());
        text.append("\n").append(block.bytes).append("\n");
    }
    return text;
}

Result<std::vector<PackedBlock>> unpacked(std::string_view text) {
    if (text.size() > kPackBytesMax || !text.starts_with(kMagic)) return malformed();
    text.remove_prefix(kMagic.size());
    std::vector<PackedBlock> blocks;
    while (!text.empty()) {
        auto const end = text.find('\n');
        if (end == std::string_view::npos || end < 3 || text[1] != ' ' || blocks.size() == kBlocksMax)
            return malformed();
        PackedBlock block;
        block.letter = text.front();
        bool const hasSignature = kSigned.find(block.letter) != std::string_view::npos;
        if (!hasSignature && kBare.find(block.letter) == std::string_view::npos) return malformed();
        std::string_view words = text.substr(2, end - 2);
        std::size_t size = 0;
        auto const [after, failure] = std::from_chars(words.data(), words.data() + words.size(), size);
        auto const digits = static_cast<std::size_t>(after - words.data());
        if (failure != std::errc() || digits == 0 || size > trust::kObjectBytesMax) return malformed();
        words.remove_prefix(digits);
        if (hasSignature) {
            if (!words.starts_with(' ')) return malformed();
            block.signature = trust::Signature::fromHex(words.substr(1));
            if (!block.signature) return malformed();
        } else if (!words.empty()) {
            return malformed();
        }
        text.remove_prefix(end + 1);
        if (text.size() < size + 1 || text[size] != '\n') return malformed();
        block.bytes = text.substr(0, size);
        text.remove_prefix(size + 1);
        blocks.push_back(std::move(block));
    }
    return blocks;
}

}  // namespace spiral::office
