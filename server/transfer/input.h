#pragma once
#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

// Text from outside, in pieces, read a character or a line at a time. One owner.
namespace idast::transfer {

// Fills the span as far as it can; 0 at the end. The error is one sentence.
using Source = std::function<std::expected<std::size_t, std::string>(std::span<char>)>;

// No line and no value of a table is longer: a sample's text is 64 KiB at most, twice that in a
// quoted column.
inline constexpr std::size_t kLineBytesMax = 1 << 20;

class Input {
 public:
  static constexpr int kEnd = -1;

  explicit Input(Source source);

  // The next character without taking it; kEnd at the end and after a fault.
  int peek() { return at_ < size_ || fill() ? static_cast<unsigned char>(buffer_[at_]) : kEnd; }
  int get() {
    const int c = peek();
    if (c != kEnd) ++at_;
    return c;
  }
  // The one after it.
  int peek_second();
  // The first bytes, as many as there are up to `count`; only before anything was taken.
  std::string_view head(std::size_t count);
  // A line without its end; false when there is none. One past kLineBytesMax is a fault.
  bool line(std::string& out);

  // Why it ended, when that was not the end of the text.
  const std::optional<std::string>& fault() const { return fault_; }

 private:
  bool fill();

  Source source_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t size_ = 0;
  std::optional<std::string> fault_;
};

// A value of a table as text; NULL is not the empty text.
struct Cell {
  bool null = true;
  std::string text;
};
using Row = std::vector<Cell>;

// What a table's text is read into. The error ends the reading.
struct TableSink {
  // Named again when they change.
  std::function<std::expected<void, std::string>(const std::vector<std::string>& names)> columns;
  std::function<std::expected<void, std::string>(const Row& row)> row;
};

// SQL as mysqldump and mariadb-dump print it: the INSERT statements of the table `telemetry`, with
// or without a list of columns, many rows each; other tables are passed over. Without a list the
// columns come from CREATE TABLE, or are the original's 29. TIMESTAMP is UTC only when the dump
// says so (the default, --tz-utc); otherwise this is an error unless `assume_utc`.
std::expected<void, std::string> read_dump(Input& input, bool assume_utc, const TableSink& sink);

// RFC 4180 with a first line of names. Nothing at all, NULL and \N without quotes are NULL.
std::expected<void, std::string> read_csv(Input& input, const TableSink& sink);

}  // namespace idast::transfer
