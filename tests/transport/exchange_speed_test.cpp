// Figures of writing and reading exchange files; not run unless asked for: transport_exchange_file_test "[.bench]".
#include "stick.h"

#include <chrono>
#include <cstdlib>
#include <iostream>

using namespace spiral;
using namespace spiral::transport;

namespace {

/// Text of a department's paper: words from a small stock, so that it compresses as such papers do.
std::string paragraph(SeededRandom& random, std::size_t words) {
    static std::string const stock[] = {"诊断与改进", "课程标准", "人才培养方案", "教务处", "质量保证", "目标链", "标准链", "专业建设",
                                        "实训基地", "整改任务", "自主诊断", "年度报告", "学生发展", "师资队伍", "校企合作", "完成率",
                                        "达成度", "预警", "本学期", "下一步", "责任部门", "佐证材料", "，", "。", "；", "85.5%", "2026年"};
    std::string text;
    for (std::size_t i = 0; i < words; ++i) {
        std::array<std::uint8_t, 1> pick{};
        random.fill(pick);
        text += stock[pick[0] % std::size(stock)];
    }
    return text;
}

double seconds(std::chrono::steady_clock::time_point since) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - since).count();
}

}  // namespace

TEST_CASE("speed of exchange files", "[.bench]") {
    char const* const asked = std::getenv("FRAMES");
    std::size_t const frames = asked ? std::stoul(asked) : 20'000;
    char const* const askedRows = std::getenv("ROWS");
    std::size_t const rowsEach = askedRows ? std::stoul(askedRows) : 1;
    Town town;
    Machines machines(town.college);
    Machine& li = machines.of(town.li);
    Machine& wang = machines.of(town.wang);
    SeededRandom random(7);
    auto start = std::chrono::steady_clock::now();
    std::uint64_t rowBytes = 0;
    for (std::size_t i = 0; i < frames; ++i) {
        std::vector<replica::NewRow> rows;
        for (std::size_t r = 0; r < rowsEach; ++r) {
            rows.push_back(li.revision("unit/jwc", {{"title", paragraph(random, 4)}, {"text", paragraph(random, 20)},
                                                    {"number", static_cast<std::int64_t>(i)}}));
            rowBytes += rows.back().bytes.size();
        }
        li.seal("unit/jwc", rows);
    }
    std::cout << frames << " frames of " << rowsEach << " rows, " << rowBytes / (frames * rowsEach) << " B a row, sealed in "
              << seconds(start) << " s\n";
    Stick stick;
    start = std::chrono::steady_clock::now();
    auto const written = stick.writes(li, "all");
    double const writing = seconds(start);
    REQUIRE(written);
    std::cout << "export " << writing << " s, " << double(written->frames) / writing << " frames/s, " << double(rowBytes) / 1e6 / writing
              << " MB/s of rows, file " << written->bytes << " B = " << double(rowBytes) / double(written->bytes) << " times smaller\n";
    start = std::chrono::steady_clock::now();
    auto const read = stick.reads(wang, "all");
    double const reading = seconds(start);
    REQUIRE(read);
    std::cout << "import " << reading << " s, " << double(read->frames) / reading << " frames/s, " << double(rowBytes) / 1e6 / reading
              << " MB/s of rows; stored " << read->stored << ", known " << read->known << "\n";
    start = std::chrono::steady_clock::now();
    REQUIRE(stick.reads(wang, "all"));
    std::cout << "import again " << seconds(start) << " s\n";
    if (char const* const keep = std::getenv("KEEP")) {
        std::filesystem::copy(stick.path("all"), keep, std::filesystem::copy_options::overwrite_existing);
    }
    CHECK(tipsOf(li) == tipsOf(wang));
}
