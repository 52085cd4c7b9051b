// Full-text search over current heads, finding Chinese words of two characters and more: an FTS5 tokenizer of our own
// gives overlapping pairs of CJK characters and whole lower-case words of other scripts. search.db has its own cursor,
// so that lists never wait for it, and can be thrown away.
#pragma once

#include "base/ids.h"
#include "replica/view.h"

#include <memory>
#include <string>
#include <vector>

namespace spiral::replica {

struct SearchHit {
    Scope scope;
    DocumentId doc;
    [[nodiscard]] DocumentKey key() const { return {scope, doc}; }
    std::string title, type;
    std::string excerpt;      ///< around the first hit, hits between « and »
};

class Search {
public:
    /// Opens or makes search.db in the replica's folder; one that is damaged or of another form is made anew,
    /// and one that followed another making of the view when it next catches up. REQUIRES: both arguments outlive it.
    [[nodiscard]] static std::unique_ptr<Search> open(Replica& replica, View& view);
    virtual ~Search() = default;
    /// Indexes documents that changed since the last call. `progress`: (done, of).
    virtual void catchUp(std::function<void(std::int64_t, std::int64_t)> const& progress = {}) = 0;
    /// All words must occur (each a phrase); best first. Any text is safe to pass; an empty one finds nothing.
    [[nodiscard]] virtual std::vector<SearchHit> find(std::string_view words, std::size_t limit = 50) const = 0;
};

}  // namespace spiral::replica
