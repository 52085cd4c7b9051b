#include "web/metrics.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

using namespace spiral::web;

TEST_CASE("samples of one name stand together under one HELP and TYPE", "[web][metrics]") {
    Metrics metrics;
    metrics.counter("frames_total", "Frames taken.", 3, {{"scope", "college"}});
    metrics.gauge("connections", "Open now.", 12);
    metrics.counter("frames_total", "Frames taken.", 4.5, {{"scope", "unit/jwc"}, {"kind", "a"}});
    CHECK(metrics.text() ==
          "# HELP frames_total Frames taken.\n"
          "# TYPE frames_total counter\n"
          "frames_total{scope=\"college\"} 3\n"
          "frames_total{scope=\"unit/jwc\",kind=\"a\"} 4.5\n"
          "# HELP connections Open now.\n"
          "# TYPE connections gauge\n"
          "connections 12\n");
    CHECK(Metrics().text().empty());
}

TEST_CASE("no label or help text can begin a line of its own or leave its quotes", "[web][metrics]") {
    Metrics metrics;
    metrics.gauge("a", "one\ntwo \\ \"three\"", 1, {{"name", "x\"} 9\nevil 1\\"}});
    CHECK(metrics.text() ==
          "# HELP a one\\ntwo \\\\ \"three\"\n"
          "# TYPE a gauge\n"
          "a{name=\"x\\\"} 9\\nevil 1\\\\\"} 1\n");
}

TEST_CASE("a histogram counts what is at most each bound, sums up and counts all", "[web][metrics]") {
    Histogram seconds({0.1, 1, 10});
    for (double const value : {0.05, 0.1, 0.5, 2.0, 60.0}) seconds.observe(value);
    Metrics metrics;
    metrics.histogram("request_seconds", "Time taken.", seconds, {{"what", "pull"}});
    CHECK(metrics.text() ==
          "# HELP request_seconds Time taken.\n"
          "# TYPE request_seconds histogram\n"
          "request_seconds_bucket{what=\"pull\",le=\"0.1\"} 2\n"
          "request_seconds_bucket{what=\"pull\",le=\"1\"} 3\n"
          "request_seconds_bucket{what=\"pull\",le=\"10\"} 4\n"
          "request_seconds_bucket{what=\"pull\",le=\"+Inf\"} 5\n"
          "request_seconds_sum{what=\"pull\"} 62.65\n"
          "request_seconds_count{what=\"pull\"} 5\n");
}

TEST_CASE("numbers are written so that they read back the same", "[web][metrics]") {
    constexpr double kEndless = std::numeric_limits<double>::infinity();
    Metrics metrics;
    for (double const value : {0.0, -1.5, 1e300, 123456789012.0, std::nan(""), kEndless, -kEndless})
        metrics.gauge("n", "Number.", value);
    CHECK(metrics.text() ==
          "# HELP n Number.\n# TYPE n gauge\nn 0\nn -1.5\nn 1e+300\nn 123456789012\nn NaN\nn +Inf\nn -Inf\n");
}
