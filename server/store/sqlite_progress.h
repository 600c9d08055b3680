#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "server/store/sqlite_connection.h"

// How far a boot is complete, kept with every commit at a cost of the new rows alone: `upto`, and
// beyond the first hole the islands of what is there, as few intervals as can be.
namespace idast::store {

struct Span {
  std::int64_t first;
  std::int64_t last;
};

class ProgressKeeper {
 public:
  static Result<ProgressKeeper> prepare(Connection& connection);

  // Adds spans in any order, overlapping or not, to a boot whose progress is `upto`; the new upto.
  // Must run inside the transaction that makes the spans true.
  Result<std::int64_t> add(std::int64_t boot, std::int64_t upto, std::vector<Span> spans);
  // Whether anything lies beyond the first hole.
  Result<bool> has_islands(std::int64_t boot);
  // What of a span is neither covered by that progress nor by `others`, ascending.
  Result<std::vector<Span>> missing(std::int64_t boot, std::int64_t upto, Span span,
                                    const std::vector<Span>& others);

 private:
  ProgressKeeper(Statement any, Statement before, Statement after, Statement remove,
                 Statement insert)
      : any_{std::move(any)},
        before_{std::move(before)},
        after_{std::move(after)},
        remove_{std::move(remove)},
        insert_{std::move(insert)} {}
  // Takes out the islands that touch or overlap the span; the span that covers them all.
  Result<Span> absorb(std::int64_t boot, Span span);

  Statement any_;
  Statement before_;  // The last island that begins before a place.
  Statement after_;   // The first island that begins within a range.
  Statement remove_;
  Statement insert_;
};

}  // namespace idast::store
