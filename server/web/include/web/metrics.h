// The text that Prometheus reads (exposition format 0.0.4), built sample by sample. Pure: no clock, no registry of
// counters; whoever has numbers writes them down when asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spiral::web {

/// How often something was at most so large. A value of its own: each owner keeps one and guards it as it guards the
/// rest.
class Histogram {
public:
    /// `bounds`: upper ends of the buckets, rising; what is above the last counts as +Inf.
    explicit Histogram(std::vector<double> bounds);
    void observe(double value);

    [[nodiscard]] std::vector<double> const& bounds() const noexcept { return m_bounds; }
    /// One more than bounds: each bucket alone, not yet summed up.
    [[nodiscard]] std::vector<std::uint64_t> const& counts() const noexcept { return m_counts; }
    [[nodiscard]] double sum() const noexcept { return m_sum; }

private:
    std::vector<double> m_bounds;
    std::vector<std::uint64_t> m_counts;
    double m_sum = 0;
};

class Metrics {
public:
    using Labels = std::vector<std::pair<std::string_view, std::string>>;

    /// A sample. Those of one name stand together under one HELP and TYPE, in the order in which names first came.
    /// REQUIRES: a name [a-zA-Z_:][a-zA-Z0-9_:]*, label names [a-zA-Z_][a-zA-Z0-9_]*, and one type a name.
    void counter(std::string_view name, std::string_view help, double value, Labels const& labels = {});
    void gauge(std::string_view name, std::string_view help, double value, Labels const& labels = {});
    void histogram(std::string_view name, std::string_view help, Histogram const& values, Labels const& labels = {});

    [[nodiscard]] std::string text() const;

private:
    struct Family {
        std::string name, help, type, samples;
    };
    Family& family(std::string_view name, std::string_view help, std::string_view type);
    std::vector<Family> m_families;
};

}  // namespace spiral::web
