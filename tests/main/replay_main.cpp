// A main for fuzz targets in builds without libFuzzer: replays each file of the given folders and files, as it is, cut
// at every length, and with single bits flipped. A run that takes more than a second or crashes fails.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* count, char*** arguments);

namespace {

constexpr std::size_t kCutsMax = 400;   // of each file: evenly spread when it is longer
constexpr std::size_t kFlipsMax = 800;  // likewise
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::chrono::seconds kRunMax{20};
#else
constexpr std::chrono::seconds kRunMax{5};
#endif

std::size_t runs = 0;
bool tooSlow = false;

void run(std::vector<std::uint8_t> const& input, std::string const& name) {
    auto const start = std::chrono::steady_clock::now();
    // A copy of exactly the size on the heap, so that AddressSanitizer sees one byte too many.
    std::vector<std::uint8_t> const exact(input.begin(), input.end());
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
    ++runs;
    if (std::chrono::steady_clock::now() - start > kRunMax) {
        std::fprintf(stderr, "%s: one run of %zu bytes took too long\n", name.c_str(), exact.size());
        tooSlow = true;
    }
}

void replay(std::filesystem::path const& path) {
    std::ifstream in(path, std::ios::binary);
    std::vector<std::uint8_t> const whole{std::istreambuf_iterator<char>(in), {}};
    run(whole, path.string());

    std::size_t const cutStep = 1 + whole.size() / kCutsMax;
    for (std::size_t length = 0; length < whole.size(); length += cutStep) {
        run({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}, path.string());
    }
    std::size_t const bits = whole.size() * 8;
    // An odd step visits every bit position of a byte.
    std::size_t const flipStep = (1 + bits / kFlipsMax) | 1U;
    for (std::size_t bit = 0; bit < bits; bit += flipStep) {
        std::vector<std::uint8_t> flipped = whole;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
        run(flipped, path.string());
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&count, &arguments);
    std::vector<std::filesystem::path> files;
    for (int i = 1; i < count; ++i) {
        std::filesystem::path const path = arguments[i];
        if (std::filesystem::is_directory(path)) {
            for (auto const& entry : std::filesystem::recursive_directory_iterator(path)) {
                if (entry.is_regular_file()) files.push_back(entry.path());
            }
        } else if (std::filesystem::exists(path)) {
            files.push_back(path);
        }
    }
    std::sort(files.begin(), files.end());
    run({}, "nothing");
    for (auto const& file : files) replay(file);
    std::printf("%zu files, %zu runs\n", files.size(), runs);
    return tooSlow ? EXIT_FAILURE : EXIT_SUCCESS;
}
