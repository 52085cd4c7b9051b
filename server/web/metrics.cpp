#include "web/metrics.h"

#include "base/result.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace spiral::web {

namespace {

bool isName(std::string_view text, bool colons) {
    auto const isLetter = [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colons && c == ':');
    };
    return !text.empty() && isLetter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return isLetter(c) || (c >= '0' && c <= '9'); });
}

/// Backslash and line feed end a line or an escape wherever they stand; in a label's value the quote ends it too.
std::string escaped(std::string_view text, bool quotes) {
    std::string out;
    for (char const c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"')) out += '\\';
        out += c;
    }
    return out;
}

std::string number(double value) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    char digits[32];
    auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return {digits, end};
}

std::string labelText(Metrics::Labels const& labels, std::string_view bound = {}) {
    std::string out;
    for (auto const& [name, value] : labels) {
        ensure(isName(name, false), "Metrics: the name of a label");
        out += (out.empty() ? "" : ",") + std::string(name) + "=\"" + escaped(value, true) + "\"";
    }
    if (!bound.empty()) out += (out.empty() ? "" : ",") + std::string("le=\"") + std::string(bound) + "\"";
    return out.empty() ? out : "{" + out + "}";
}

std::string line(std::string_view name, std::string const& labels, double value) {
    return std::string(name) + labels + " " + number(value) + "\n";
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : m_bounds(std::move(bounds)), m_counts(m_bounds.size() + 1) {
    ensure(std::is_sorted(m_bounds.begin(), m_bounds.end()), "Histogram: bounds rise");
}

void Histogram::observe(double value) {
    auto const bucket = std::lower_bound(m_bounds.begin(), m_bounds.end(), value) - m_bounds.begin();
    ++m_counts[static_cast<std::size_t>(bucket)];
    m_sum += value;
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, std::string_view type) {
    ensure(isName(name, true), "Metrics: the name of a metric");
    auto const found =
        std::find_if(m_families.begin(), m_families.end(), [&](Family const& each) { return each.name == name; });
    if (found == m_families.end())
        return m_families.emplace_back(Family{std::string(name), std::string(help), std::string(type), {}});
    ensure(found->type == type, "Metrics: one type a name");
    return *found;
}

void Metrics::counter(std::string_view name, std::string_view help, double value, Labels const& labels) {
    family(name, help, "counter").samples += line(name, labelText(labels), value);
}

void Metrics::gauge(std::string_view name, std::string_view help, double value, Labels const& labels) {
    family(name, help, "gauge").samples += line(name, labelText(labels), value);
}

void Metrics::histogram(std::string_view name, std::string_view help, Histogram const& values, Labels const& labels) {
    auto& samples = family(name, help, "histogram").samples;
    std::string const base(name);
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < values.counts().size(); ++i) {
        total += values.counts()[i];
        auto const bound = i < values.bounds().size() ? number(values.bounds()[i]) : "+Inf";
        samples += line(base + "_bucket", labelText(labels, bound), static_cast<double>(total));
    }
    samples += line(base + "_sum", labelText(labels), values.sum());
    samples += line(base + "_count", labelText(labels), static_cast<double>(total));
}

std::string Metrics::text() const {
    std::string out;
    for (auto const& each : m_families) {
        out += "# HELP " + each.name + " " + escaped(each.help, false) + "\n";
        out += "# TYPE " + each.name + " " + each.type + "\n";
        out += each.samples;
    }
    return out;
}

}  // namespace spiral::web
