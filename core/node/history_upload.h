#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "core/base/time.h"
#include "core/node/history.h"
#include "core/ports/ports.h"

// Which rows of the history file the server may not have: those written while there was no
// connection, and those said so shortly before one broke that nobody knows. They are read back from
// the file and published at QoS 1; the server knows a row by its device and second, so one that
// comes twice is one row.
//
// How far this went is kept in a small file. It only moves over rows that left a minute ago on a
// connection that still stands, so a cut at any moment costs a repetition, never a row. Rows of a
// time without a clock have no place in time: they stay in the file and are counted.
// One owner, one thread, no heap.
namespace idast::node {

inline constexpr std::string_view kHistoryMarkFile = "history_mark";
inline constexpr Millis kHistorySureAfter = std::chrono::minutes{1};
// Ten rows a second: half a year offline, the most that two files hold, takes 44 minutes.
inline constexpr Millis kHistoryUploadEvery{100};

class HistoryUpload {
 public:
  // Reads the mark; without one (an earlier version's files) everything is said once more.
  explicit HistoryUpload(ports::Files& files);

  // Before a row is appended: the file may be about to become the old one.
  void before_append();
  // After it: whether it was published there and then.
  void appended(bool published);

  // What stands in the file by now is said by another.
  void entrust();
  void connected(Instant now);
  void disconnected();

  // The next row to publish at QoS 1; the same one until taken(). Nothing when there is none.
  std::optional<HistoryRow> next();
  void taken();
  // Lets the mark follow; call it often.
  void step(Instant now);

  std::uint32_t undated() const { return undated_; }
  std::uint32_t unreadable() const { return unreadable_; }  // lines, torn or foreign
  std::uint32_t marks_failed() const { return marks_failed_; }

 private:
  struct Place {
    bool old = false;  // in kHistoryFileOld, which comes first
    std::size_t offset = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct Line {
    std::optional<HistoryRow> row;
    Place after;
  };

  std::size_t size(bool old);
  Place sound(Place place);
  bool at_end();
  std::optional<Line> read(Place place);
  void keep(Place place);

  ports::Files& files_;
  Place sure_;   // as kept
  Place place_;  // of what comes next
  std::optional<Line> line_;
  struct Check {
    Place place;
    Instant at;
  };
  std::optional<Check> check_;  // while connected
  bool was_at_end_ = false;
  bool nothing_left_ = false;  // known without asking the file
  std::uint32_t undated_ = 0, unreadable_ = 0, marks_failed_ = 0;
};

}  // namespace idast::node
