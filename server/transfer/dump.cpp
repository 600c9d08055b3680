#include <algorithm>
#include <cctype>

#include "core/telemetry/schema.h"
#include "server/transfer/input.h"

// dump      := { comment | statement }
// statement := INSERT … INTO name [ "(" name { "," name } ")" ] VALUES row { "," row } ";"
//            | CREATE TABLE … name "(" column { "," column } ")" … ";" | any other … ";"
// row       := "(" value { "," value } ")"
// value     := NULL | number | [ "_" charset ] "'" text "'" | "0x" digits | "X'" digits "'"
namespace idast::transfer {
namespace {

using Done = std::expected<void, std::string>;

constexpr std::string_view kTable = "telemetry";
constexpr std::size_t kWordBytesMax = 128;
constexpr std::size_t kCommentKept = 256;  // As much as says what time zone the dump is in.

bool is_word(int c) { return c != Input::kEnd && (std::isalnum(c) != 0 || c == '_' || c == '$'); }

std::vector<std::string> original_columns() {
  std::vector<std::string> names{"id"};
  for (std::size_t i = 0; i < telemetry::kOriginalFieldCount; ++i) {
    names.emplace_back(telemetry::kFieldInfo[i].column);
  }
  names.emplace_back("raw_json");
  return names;
}

class Dump {
 public:
  Dump(Input& input, bool assume_utc, const TableSink& sink)
      : input_{input}, utc_{assume_utc}, sink_{sink} {}

  Done read();

 private:
  void skip_space();
  bool skip_comment();
  std::string word();
  std::string name();
  bool take(char c) {
    skip_space();
    if (input_.peek() != c) return false;
    input_.get();
    return true;
  }
  std::unexpected<std::string> broken(std::string_view what) const {
    return std::unexpected{"the dump cannot be read in row " + std::to_string(rows_ + 1) + ": " +
                           std::string{what}};
  }

  Done statement();
  Done create();
  Done insert();
  Done rows(std::size_t count);
  Done row();
  Done value(Cell& cell);
  Done quoted(Cell& cell);
  Done hexadecimal(Cell& cell, bool in_quotes);
  void skip_quoted(char quote);
  // To the end of the statement; what is in quotes does not end it.
  void skip_statement();

  Input& input_;
  bool utc_;
  const TableSink& sink_;
  std::vector<std::string> created_;
  Row row_;
  std::uint64_t rows_ = 0;
};

// True: there was one. What mysqldump has in comments of its own tells the time zone.
bool Dump::skip_comment() {
  const int first = input_.peek();
  const bool block = first == '/' && input_.peek_second() == '*';
  const bool line = first == '#' || (first == '-' && input_.peek_second() == '-');
  if (!block && !line) return false;
  input_.get();
  if (block) {
    input_.get();
    std::string text;
    for (int c = input_.get(), before = 0; c != Input::kEnd && !(before == '*' && c == '/');
         before = c, c = input_.get()) {
      if (text.size() < kCommentKept) text.push_back(static_cast<char>(c));
    }
    if (text.find("SET TIME_ZONE='+00:00'") != std::string::npos) utc_ = true;
    return true;
  }
  while (input_.peek() != '\n' && input_.peek() != Input::kEnd) input_.get();
  return true;
}

void Dump::skip_space() {
  for (;;) {
    const int c = input_.peek();
    if (c == Input::kEnd) return;
    if (std::isspace(c) != 0) {
      input_.get();
      continue;
    }
    if (!skip_comment()) return;
  }
}

// Letters in capitals; empty when none is there.
std::string Dump::word() {
  skip_space();
  std::string text;
  while (is_word(input_.peek()) && text.size() < kWordBytesMax) {
    text.push_back(static_cast<char>(std::toupper(input_.get())));
  }
  return text;
}

// `database`.`table` gives the last part.
std::string Dump::name() {
  for (;;) {
    skip_space();
    std::string text;
    const bool ticked = input_.peek() == '`' || input_.peek() == '"';
    const int tick = ticked ? input_.get() : 0;
    while (text.size() < kWordBytesMax) {
      const int c = input_.peek();
      if (c == Input::kEnd || (ticked ? c == tick : !is_word(c))) break;
      text.push_back(static_cast<char>(input_.get()));
    }
    if (ticked) input_.get();
    if (input_.peek() != '.') return text;
    input_.get();
  }
}

void Dump::skip_quoted(char quote) {
  input_.get();
  for (int c = input_.get(); c != Input::kEnd; c = input_.get()) {
    if (c == '\\' && quote != '`') {
      input_.get();
    } else if (c == quote) {
      return;
    }
  }
}

void Dump::skip_statement() {
  for (;;) {
    skip_space();
    const int c = input_.peek();
    if (c == Input::kEnd) return;
    if (c == '\'' || c == '"' || c == '`') {
      skip_quoted(static_cast<char>(c));
    } else if (input_.get() == ';') {
      return;
    }
  }
}

Done Dump::quoted(Cell& cell) {
  input_.get();
  for (;;) {
    int c = input_.get();
    if (c == Input::kEnd) return broken("it ends within quotes; is the file cut off?");
    if (c == '\'') {
      if (input_.peek() != '\'') return {};
      input_.get();
    } else if (c == '\\') {
      c = input_.get();
      constexpr std::string_view kNames = "0bnrtZ";
      constexpr std::string_view kMeant{"\0\b\n\r\t\x1a", 6};
      const auto place = kNames.find(static_cast<char>(c));
      if (place != std::string_view::npos) c = static_cast<unsigned char>(kMeant[place]);
    }
    cell.text.push_back(static_cast<char>(c));
    if (cell.text.size() > kLineBytesMax) return broken("a value is longer than 1 MiB");
  }
}

Done Dump::hexadecimal(Cell& cell, bool in_quotes) {
  std::string digits;
  while (input_.peek() != Input::kEnd && std::isxdigit(input_.peek()) != 0) {
    digits.push_back(static_cast<char>(input_.get()));
    if (digits.size() > 2 * kLineBytesMax) return broken("a value is longer than 1 MiB");
  }
  if (in_quotes && input_.get() != '\'') return broken("a hexadecimal text does not end");
  if (digits.size() % 2 != 0) digits.insert(digits.begin(), '0');
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    cell.text.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return {};
}

Done Dump::value(Cell& cell) {
  skip_space();
  cell.null = false;
  if (input_.peek() == '\'') return quoted(cell);
  std::string text;
  const auto part_of_number = [](int c) { return c == '+' || c == '-' || c == '.' || is_word(c); };
  while (part_of_number(input_.peek()) && text.size() < kWordBytesMax) {
    text.push_back(static_cast<char>(input_.get()));
    if (text == "0x") return hexadecimal(cell, false);
  }
  if (text == "NULL" || text == "null") {
    cell.null = true;
    return {};
  }
  if ((text == "X" || text == "x") && input_.peek() == '\'') {
    input_.get();
    return hexadecimal(cell, true);
  }
  // _binary '…', _utf8mb4'…'
  if (text.starts_with('_')) {
    skip_space();
    if (input_.peek() == '\'') return quoted(cell);
  }
  if (text.empty()) return broken("a value is missing");
  cell.text = std::move(text);
  return {};
}

Done Dump::row() {
  row_.clear();
  do {
    if (auto read = value(row_.emplace_back()); !read) return read;
  } while (take(','));
  if (!take(')')) return broken("a row does not end with a bracket");
  return {};
}

Done Dump::rows(std::size_t count) {
  do {
    if (!take('(')) return broken("a row does not begin with a bracket");
    if (auto read = row(); !read) return read;
    if (row_.size() != count) {
      return broken("it has " + std::to_string(row_.size()) + " values for " +
                    std::to_string(count) +
                    " columns; dump with --complete-insert, or keep CREATE TABLE in the dump");
    }
    ++rows_;
    if (auto taken = sink_.row(row_); !taken) return taken;
  } while (take(','));
  if (!take(';')) return broken("a statement does not end with a semicolon");
  return {};
}

Done Dump::insert() {
  std::string next = word();
  while (next == "IGNORE" || next == "LOW_PRIORITY" || next == "DELAYED") next = word();
  if (next != "INTO") return skip_statement(), Done{};
  if (name() != kTable) return skip_statement(), Done{};
  std::vector<std::string> columns;
  if (take('(')) {
    do {
      columns.push_back(name());
    } while (take(','));
    if (!take(')')) return broken("the list of columns does not end");
  }
  if (columns.empty()) columns = created_.empty() ? original_columns() : created_;
  if (!utc_) {
    return std::unexpected{
        "the dump does not say that its times are UTC: dump again without --skip-tz-utc, or, if "
        "you know that they are, say --assume-utc"};
  }
  if (auto known = sink_.columns(columns); !known) return known;
  const std::string values = word();
  if (values != "VALUES" && values != "VALUE") return broken("VALUES is missing");
  return rows(columns.size());
}

Done Dump::create() {
  if (word() != "TABLE") return skip_statement(), Done{};
  skip_space();
  if (input_.peek() == 'I' || input_.peek() == 'i') {
    for (int i = 0; i < 3; ++i) word();  // IF NOT EXISTS
  }
  if (name() != kTable || !take('(')) return skip_statement(), Done{};
  created_.clear();
  int depth = 1;
  bool first = true;  // The first word of an item is a column's name when it stands in ticks.
  while (depth > 0) {
    skip_space();
    const int c = input_.peek();
    if (c == Input::kEnd) return broken("CREATE TABLE does not end; is the file cut off?");
    if (c == '`' && first) {
      created_.push_back(name());
    } else if (c == '\'' || c == '"' || c == '`') {
      skip_quoted(static_cast<char>(c));
    } else {
      input_.get();
    }
    first = depth == 1 && c == ',';
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
  }
  skip_statement();
  return {};
}

Done Dump::statement() {
  const std::string verb = word();
  if (verb == "INSERT" || verb == "REPLACE") return insert();
  if (verb == "CREATE") return create();
  skip_statement();
  return {};
}

Done Dump::read() {
  for (;;) {
    skip_space();
    if (input_.fault()) return std::unexpected{*input_.fault()};
    if (input_.peek() == Input::kEnd) return {};
    if (auto done = statement(); !done) return done;
    if (input_.fault()) return std::unexpected{*input_.fault()};
  }
}

}  // namespace

Done read_dump(Input& input, bool assume_utc, const TableSink& sink) {
  return Dump{input, assume_utc, sink}.read();
}

}  // namespace idast::transfer
