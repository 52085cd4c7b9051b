// Chinese texts for the benchmarks, made of what colleges really write: the clauses of schemas/catalogues/*.json, put
// together anew from a seed. The same seed gives the same texts on every machine.
#pragma once

#include "base/files.h"
#include "base/random.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace spiral::bench {

class Corpus {
public:
    /// Reads the catalogues; the program runs in the root of the repository.
    Corpus() {
        Path const folder = "schemas/catalogues";
        for (std::string const& name : systemFiles().list(folder)) {
            auto const bytes = systemFiles().read(folder / name, 16 * 1024 * 1024);
            if (bytes && name.ends_with(".json")) addStrings(asText(*bytes));
        }
        if (m_clauses.size() < 100) {
            std::fprintf(stderr, "run this in the root of the repository: schemas/catalogues is not here\n");
            std::exit(3);
        }
    }
    [[nodiscard]] std::size_t clauses() const { return m_clauses.size(); }

    /// Sentences of two to five clauses, paragraphs of three to six sentences, until `bytes` are reached (UTF-8). Some
    /// clauses bear a number of their own, as in tables of figures.
    [[nodiscard]] std::string text(SeededRandom& random, std::size_t bytes) const {
        std::string text;
        while (text.size() < bytes) {
            std::uint64_t const sentences = 3 + random.below(4);
            for (std::uint64_t i = 0; i < sentences && text.size() < bytes; ++i) {
                std::uint64_t const clauses = 2 + random.below(4);
                for (std::uint64_t j = 0; j < clauses; ++j) {
                    text += m_clauses[random.below(m_clauses.size())];
                    if (random.below(6) == 0) text += std::to_string(random.below(100'000));
                    text += j + 1 < clauses ? "，" : "。";
                }
            }
            text += "\n";
        }
        return text;
    }
    [[nodiscard]] std::string title(SeededRandom& random) const { return m_clauses[random.below(m_clauses.size())]; }

private:
    void addStrings(std::string_view json) {
        for (std::size_t at = json.find('"'); at != std::string_view::npos; at = json.find('"', at)) {
            std::size_t const end = json.find('"', at + 1);
            if (end == std::string_view::npos) return;
            addClauses(json.substr(at + 1, end - at - 1));
            at = end + 1;
        }
    }
    void addClauses(std::string_view text) {
        if (text.find('\\') != std::string_view::npos) return;
        std::string clause;
        auto const finish = [&] {
            // Nine bytes are three characters.
            if (clause.size() >= 9 && static_cast<unsigned char>(clause[0]) >= 0x80) m_clauses.push_back(clause);
            clause.clear();
        };
        while (!text.empty()) {
            std::size_t length = 0;
            for (std::string_view const stop : {"，", "。", "；", "："}) {
                if (text.starts_with(stop)) length = stop.size();
            }
            if (length != 0) {
                finish();
                text.remove_prefix(length);
            } else {
                clause += text[0];
                text.remove_prefix(1);
            }
        }
        finish();
    }
    std::vector<std::string> m_clauses;
};

}  // namespace spiral::bench
