// What the benchmarks share: clocks, medians, arguments, tables. Only ratios within one run mean anything: other work
// and the host's mood change the absolute figures by a factor of two. So what is compared takes turns, and the ratio is
// the median of the ratios of each turn.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::bench {

/// Seconds that some work took: on the clock on the wall, and of the processor in all threads of this process.
struct Cost {
    double wall = 0, cpu = 0;
    friend Cost operator+(Cost a, Cost b) { return {a.wall + b.wall, a.cpu + b.cpu}; }
    friend Cost operator-(Cost a, Cost b) { return {a.wall - b.wall, a.cpu - b.cpu}; }
};

inline double processorSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <class Work>
Cost costOf(Work&& work) {
    auto const wall = std::chrono::steady_clock::now();
    double const cpu = processorSeconds();
    work();
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - wall).count(), processorSeconds() - cpu};
}

inline double median(std::vector<double> values) {
    if (values.empty()) return std::nan("");
    std::sort(values.begin(), values.end());
    std::size_t const half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// What one way of doing something cost, turn by turn, for `operations` each.
struct Series {
    std::string name;
    double operations = 1;
    std::vector<Cost> turns;

    void add(Cost cost) { turns.push_back(cost); }
    [[nodiscard]] double wall() const {
        return medianOf([](Cost c) { return c.wall; });
    }
    [[nodiscard]] double cpu() const {
        return medianOf([](Cost c) { return c.cpu; });
    }
    [[nodiscard]] double wallMicroseconds() const { return wall() / operations * 1e6; }
    [[nodiscard]] double cpuMicroseconds() const { return cpu() / operations * 1e6; }
    /// Median over the turns of this cost an operation through the other's in the same turn.
    [[nodiscard]] double wallOver(Series const& other) const {
        return over(other, [](Cost c) { return c.wall; });
    }
    [[nodiscard]] double cpuOver(Series const& other) const {
        return over(other, [](Cost c) { return c.cpu; });
    }

private:
    template <class Part>
    double medianOf(Part part) const {
        std::vector<double> values;
        for (Cost const& turn : turns) values.push_back(part(turn));
        return median(std::move(values));
    }
    template <class Part>
    double over(Series const& other, Part part) const {
        std::vector<double> ratios;
        for (std::size_t i = 0; i < std::min(turns.size(), other.turns.size()); ++i) {
            ratios.push_back(part(turns[i]) / operations / (part(other.turns[i]) / other.operations));
        }
        return median(std::move(ratios));
    }
};

/// `--name value` pairs; what is not named keeps its default. Anything unknown ends the program with the usage.
class Arguments {
public:
    Arguments(int count, char** values, std::map<std::string, std::string> defaults) : m_values(std::move(defaults)) {
        for (int i = 1; i < count; i += 2) {
            std::string const name = std::string_view(values[i]).starts_with("--") ? values[i] + 2 : "";
            if (!m_values.contains(name) || i + 1 == count) {
                std::fprintf(stderr, "usage: %s", values[0]);
                for (auto const& [known, value] : m_values)
                    std::fprintf(stderr, " [--%s %s]", known.c_str(), value.c_str());
                std::fprintf(stderr, "\n");
                std::exit(3);
            }
            m_values[name] = values[i + 1];
        }
    }
    [[nodiscard]] std::string const& text(std::string const& name) const { return m_values.at(name); }
    [[nodiscard]] std::size_t number(std::string const& name) const {
        return static_cast<std::size_t>(std::strtoull(m_values.at(name).c_str(), nullptr, 10));
    }

private:
    std::map<std::string, std::string> m_values;
};

/// "12,345", "123", "12.3", "1.23": three figures that mean something.
inline std::string shown(double value) {
    if (std::isnan(value)) return "–";
    char text[64];
    if (std::fabs(value) >= 100) {
        std::snprintf(text, sizeof text, "%.0f", value);
        std::string digits = text;
        for (std::size_t at = digits.size(); at > 3 + (digits[0] == '-' ? 1U : 0U);) digits.insert(at -= 3, ",");
        return digits;
    }
    std::snprintf(text, sizeof text, std::fabs(value) >= 10 ? "%.1f" : "%.2f", value);
    return text;
}

inline void row(std::vector<std::string> const& cells) {
    for (std::string const& cell : cells) std::printf("| %s ", cell.c_str());
    std::printf("|\n");
    std::fflush(stdout);
}
inline void header(std::vector<std::string> const& cells) {
    std::printf("\n");
    row(cells);
    row(std::vector<std::string>(cells.size(), "---"));
}

}  // namespace spiral::bench
