#include "replica/search.h"

#include "base/sha256.h"
#include "embedded/schema.h"
#include "sqlite.h"
#include "tokenizer.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace spiral::replica {

namespace {

constexpr std::size_t kBatchDocuments = 500;
constexpr std::size_t kWordsMax = 16;  // of one question; nobody types more
constexpr std::size_t kCharactersMax = 256;
constexpr std::int64_t kWeighedMax = 1000;
constexpr std::size_t kExcerptBefore = 20, kExcerptCharacters = 70;

/// One word of a question: what lies between white space, folded, separators as single spaces.
struct Phrase {
    std::string text;
    std::vector<FoldedCharacter> characters;  ///< of `text`
    bool isPrefix = false;                    ///< it ends in a character that stands alone
};

bool isSpace(std::string_view text, FoldedCharacter const& character) {
    std::string_view const bytes = text.substr(character.begin, character.end - character.begin);
    return bytes.size() == 1 ? static_cast<unsigned char>(bytes[0]) <= ' ' : bytes == "\u3000" || bytes == "\u00a0";
}

std::vector<Phrase> phrasesOf(std::string_view question) {
    std::vector<Phrase> phrases;
    std::string word;
    std::size_t characters = 0;
    auto const close = [&] {
        while (!word.empty() && word.back() == ' ') word.pop_back();
        if (!word.empty()) {
            Phrase phrase;
            std::size_t tokens = 0;
            tokenize(word, TokensOf::Question, [&](std::string_view token, std::size_t, std::size_t) {
                phrase.isPrefix = foldedAt(token, 0).end == token.size();
                ++tokens;
                return true;
            });
            for (std::size_t at = 0; at < word.size(); at = phrase.characters.back().end) {
                phrase.characters.push_back(foldedAt(word, at));
            }
            phrase.text = std::move(word);
            if (tokens > 0) phrases.push_back(std::move(phrase));
        }
        word.clear();
    };
    for (std::size_t at = 0; at < question.size() && characters < kCharactersMax && phrases.size() < kWordsMax;) {
        FoldedCharacter const character = foldedAt(question, at);
        if (isSpace(question, character)) {
            close();
        } else if (character.kind == FoldedCharacter::Kind::Separator) {
            if (!word.empty() && word.back() != ' ') word.push_back(' ');
        } else {
            appendUtf8(word, character.value);
            ++characters;
        }
        at = character.end;
    }
    if (phrases.size() < kWordsMax) close();
    return phrases;
}

/// Where the phrase stands in the text from the i-th character on, as one past its last character; 0 if not there.
std::size_t matchAt(std::vector<FoldedCharacter> const& text, std::size_t i, Phrase const& phrase) {
    using Kind = FoldedCharacter::Kind;
    auto const& wanted = phrase.characters;
    if (wanted.front().kind == Kind::Word && i > 0 && text[i - 1].kind == Kind::Word) return 0;
    for (std::size_t j = 0; j < wanted.size(); ++j) {
        if (wanted[j].kind == Kind::Separator) {
            if (i >= text.size() || text[i].kind != Kind::Separator) return 0;
            while (i < text.size() && text[i].kind == Kind::Separator) ++i;
        } else {
            if (i >= text.size() || text[i].value != wanted[j].value) return 0;
            ++i;
        }
    }
    bool const cutsWord =
        wanted.back().kind == Kind::Word && !phrase.isPrefix && i < text.size() && text[i].kind == Kind::Word;
    return cutsWord ? 0 : i;
}

/// Some characters around the first hit, every hit in them between « and ».
std::string excerptOf(std::string_view text, std::vector<Phrase> const& phrases) {
    std::vector<FoldedCharacter> characters;
    for (std::size_t at = 0; at < text.size(); at = characters.back().end) characters.push_back(foldedAt(text, at));
    auto const hitAt = [&](std::size_t i) {
        std::size_t end = 0;
        for (auto const& phrase : phrases) end = std::max(end, matchAt(characters, i, phrase));
        return end;
    };
    std::size_t first = 0;
    while (first < characters.size() && hitAt(first) == 0) ++first;
    if (first == characters.size()) first = 0;
    std::size_t const from = first > kExcerptBefore ? first - kExcerptBefore : 0;
    std::size_t const to = std::min(characters.size(), from + kExcerptCharacters);
    std::string excerpt = from > 0 ? "…" : "";
    std::size_t inside = 0;  // the hit that is open ends here
    for (std::size_t i = from; i < to; ++i) {
        if (inside == 0) {
            inside = hitAt(i);
            if (inside != 0) excerpt += "«";
        }
        bool const isBreak =
            characters[i].end - characters[i].begin == 1 && static_cast<unsigned char>(text[characters[i].begin]) < ' ';
        if (isBreak)
            excerpt += ' ';
        else
            excerpt += text.substr(characters[i].begin, characters[i].end - characters[i].begin);
        if (inside == i + 1 || (inside != 0 && i + 1 == to)) {
            excerpt += "»";
            inside = 0;
        }
    }
    if (to < characters.size()) excerpt += "…";
    return excerpt;
}

class IndexedSearch final : public Search {
public:
    IndexedSearch(Replica& replica, View& view) : m_replica(replica), m_view(view) {
        try {
            open();
        } catch (SqliteError const& error) {
            if (!error.damaged()) throw;
            m_db.reset();
            for (auto const* suffix : {"", "-wal", "-shm"}) {
                Path part = m_replica.folder() / "search.db";
                part += suffix;
                std::error_code ignored;
                std::filesystem::remove(part, ignored);
            }
            open();
        }
    }

    void catchUp(std::function<void(std::int64_t, std::int64_t)> const& progress) override {
        std::string const generation = m_view.generation();
        if (meta("generation") != generation) makeTables(generation);
        std::int64_t cursor = 0;
        std::string const cursorText = meta("cursor");
        std::from_chars(cursorText.data(), cursorText.data() + cursorText.size(), cursor);
        std::vector<ChangedDocument> changes;
        m_view.changedSince(cursor, [&](ChangedDocument const& change) {
            changes.push_back(change);
            return true;
        });
        for (std::size_t done = 0; done < changes.size();) {
            std::size_t const end = std::min(changes.size(), done + kBatchDocuments);
            WriteTransaction transaction(*m_db);
            Statements statements(*m_db);
            for (; done < end; ++done) index(changes[done], statements);
            setMeta("cursor", std::to_string(changes[done - 1].change));
            transaction.commit();
            if (progress) progress(static_cast<std::int64_t>(done), static_cast<std::int64_t>(changes.size()));
        }
    }

    std::vector<SearchHit> find(std::string_view words, std::size_t limit) const override {
        auto const phrases = phrasesOf(words);
        std::vector<SearchHit> hits;
        if (phrases.empty()) return hits;
        // What is left of the question are letters and spaces, so nothing in it means anything to FTS5.
        std::string match;
        for (auto const& phrase : phrases) {
            if (!match.empty()) match += " AND ";
            match += '"' + phrase.text + '"';
            if (phrase.isPrefix) match += " *";
        }
        // To weigh hits, FTS5 looks at all of them. Where there are very many, the newest with the words in their title
        // serve as well, then the newest.
        Statement counting(*m_db, "SELECT count(*) FROM (SELECT rowid FROM words WHERE words MATCH ?1 LIMIT ?2)");
        counting.bind(1, std::string_view(match)).bind(2, kWeighedMax + 1).step();
        bool const weighed = counting.integer(0) <= kWeighedMax;
        std::string const titles = "{title} : (" + match + ")";
        std::set<std::int64_t> seen;
        Statement statement(*m_db, std::string("SELECT e.entry, e.scope, e.doc, e.type, e.title, e.body FROM words w "
                                               "JOIN entry e ON e.entry=w.rowid WHERE words MATCH ?1 ORDER BY ") +
                                       (weighed ? "bm25(words, 4.0, 1.0), e.doc" : "w.rowid DESC") + " LIMIT ?2");
        for (bool const inTitle : {true, false}) {
            if (inTitle && weighed) continue;
            statement.reset();
            statement.bind(1, std::string_view(inTitle ? titles : match)).bind(2, static_cast<std::int64_t>(limit));
            while (hits.size() < limit && statement.step()) {
                if (seen.insert(statement.integer(0)).second) hits.push_back(hitFrom(statement, phrases));
            }
        }
        return hits;
    }

private:
    static SearchHit hitFrom(Statement const& row, std::vector<Phrase> const& phrases) {
        SearchHit hit;
        hit.scope = Scope::parse(row.text(1)).value_or(Scope{});
        hit.doc = row.token<DocumentId>(2);
        hit.type = row.text(3);
        hit.title = row.text(4);
        std::string_view const body = row.text(5);
        hit.excerpt = excerptOf(body.empty() ? std::string_view(hit.title) : body, phrases);
        return hit;
    }
    struct Statements {
        explicit Statements(Database& db)
            : find(db, "SELECT entry, type, title, body FROM entry WHERE doc=?1 AND scope=?2"),
              forget(db, "INSERT INTO words(words, rowid, title, body) VALUES('delete', ?1, ?2, ?3)"),
              drop(db, "DELETE FROM entry WHERE entry=?1"),
              write(db, "INSERT INTO entry(scope, doc, type, title, body) VALUES(?1, ?2, ?3, ?4, ?5)"),
              add(db, "INSERT INTO words(rowid, title, body) VALUES(?1, ?2, ?3)") {}
        Statement find, forget, drop, write, add;
    };

    static std::string madeBy() { return "1 " + sha256(asBytes(*schemaFile("search.sql"))).hex(); }

    void open() {
        m_db = std::make_unique<Database>(m_replica.folder() / "search.db",
                                          Database::Options{.as = OpenAs::Writer, .create = true, .fullSync = false});
        registerTokenizer(*m_db);
        bool const hasTables = m_db->integer("SELECT count(*) FROM sqlite_schema WHERE name='meta'") != 0;
        if (!hasTables || meta("made-by") != madeBy()) makeTables({});
    }

    void makeTables(std::string const& generation) {
        WriteTransaction transaction(*m_db);
        m_db->execute("DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS meta");
        m_db->execute(*schemaFile("search.sql"));
        setMeta("made-by", madeBy());
        setMeta("generation", generation);
        setMeta("cursor", "0");
        transaction.commit();
    }

    [[nodiscard]] std::string meta(std::string_view key) const {
        Statement statement(*m_db, "SELECT value FROM meta WHERE key=?1");
        statement.bind(1, key);
        return statement.step() ? std::string(statement.text(0)) : std::string();
    }
    void setMeta(std::string_view key, std::string_view value) {
        Statement statement(*m_db,
                            "INSERT INTO meta(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value=?2");
        statement.bind(1, key).bind(2, value).run();
    }

    void index(ChangedDocument const& change, Statements& statements) {
        std::optional<Projection> projection;
        if (!change.gone) projection = m_view.projection(change.scope, change.doc);
        {
            Use use(statements.find);
            use->bind(1, change.doc).bind(2, std::string_view(change.scope.text()));
            if (use->step()) {
                std::int64_t const entry = use->integer(0);
                bool const same = projection && use->text(1) == projection->document.type &&
                                  use->text(2) == projection->document.title &&
                                  use->text(3) == projection->document.text;
                if (same) return;
                Use forget(statements.forget);
                forget->bind(1, entry).bind(2, use->text(2)).bind(3, use->text(3)).run();
                Use drop(statements.drop);
                drop->bind(1, entry).run();
            }
        }
        if (!projection) return;
        auto const& row = projection->document;
        {
            Use use(statements.write);
            use->bind(1, std::string_view(change.scope.text())).bind(2, change.doc).bind(3, std::string_view(row.type));
            use->bind(4, std::string_view(row.title)).bind(5, std::string_view(row.text)).run();
        }
        Use use(statements.add);
        use->bind(1, m_db->lastRowId()).bind(2, std::string_view(row.title)).bind(3, std::string_view(row.text)).run();
    }

    Replica& m_replica;
    View& m_view;
    std::unique_ptr<Database> m_db;
};

}  // namespace

std::unique_ptr<Search> Search::open(Replica& replica, View& view) {
    return std::make_unique<IndexedSearch>(replica, view);
}

}  // namespace spiral::replica
