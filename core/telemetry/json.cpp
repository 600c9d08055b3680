#include "core/telemetry/json.h"

#include <cmath>
#include <type_traits>
#include <utility>

#include "core/base/hex.h"

namespace idast::telemetry {
namespace {

bool is_absent(const KeySet& keys) { return keys.empty(); }
template <std::size_t N>
bool is_absent(const FixedText<N>& text) {
  return text.empty();
}
template <class T>
bool is_absent(const std::optional<T>& value) {
  return !value.has_value();
}

// A number outside its column's range, or not finite, has no honest text: the field is left out.
std::optional<std::int64_t> scaled(double value, const Sql& sql) {
  double factor = 1;
  for (int i = 0; i < sql.decimals; ++i) factor *= 10;
  const double rounded = std::round(value * factor);
  if (!(rounded >= static_cast<double>(sql.low) && rounded <= static_cast<double>(sql.high))) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(rounded);
}

template <class T>
std::optional<std::int64_t> scaled_of(const T& value, const Sql& sql) {
  if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::int32_t>) {
    if (value < sql.low || value > sql.high) return std::nullopt;
    return value;
  } else if constexpr (std::is_same_v<T, Millis>) {
    return scaled_of(std::int64_t{value.count()}, sql);
  } else if constexpr (std::is_same_v<T, double>) {
    return scaled(value, sql);
  } else {
    return scaled(static_cast<double>(value.in(typename T::unit{})), sql);
  }
}

class ObjectPrinter {
 public:
  explicit ObjectPrinter(TextWriter& out) : out_{out} { out_.character('{'); }

  template <class T>
  void member(const Line& line, const T& value) {
    if (is_absent(value)) return;
    if constexpr (std::is_same_v<T, KeySet>) {
      key(line);
      print_keys(value, out_);
    } else if constexpr (requires { value.view(); }) {
      key(line);
      out_.json_string(value.view());
    } else {
      print_value(line, *value);
    }
  }
  void close() { out_.character('}'); }

 private:
  void key(const Line& line) {
    if (!first_) out_.character(',');
    first_ = false;
    out_.json_string(line.json).character(':');
  }

  template <class T>
  void print_value(const Line& line, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      key(line);
      out_.text(value ? "true" : "false");
    } else if constexpr (std::is_same_v<T, BootId>) {
      key(line);
      out_.json_string(to_text(value).view());
    } else if constexpr (std::is_enum_v<T>) {
      key(line);
      out_.json_string(idast::to_text(value));
    } else if (const auto number = scaled_of(value, line.sql)) {
      key(line);
      out_.decimal(*number, line.sql.decimals);
    }
  }

  TextWriter& out_;
  bool first_ = true;
};

}  // namespace

void print_json(const Sample& sample, TextWriter& out) {
  ObjectPrinter object{out};
  for_each_field([&]<auto M, class W>(const Field<M, W>& f) { object.member(f.line, sample.*M); });
  object.close();
}

void print_keys(KeySet keys, TextWriter& out) {
  out.character('[');
  bool first = true;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (!keys.contains(i)) continue;
    if (!std::exchange(first, false)) out.character(',');
    out.json_string(kFieldInfo[i].json);
  }
  out.character(']');
}

FixedText<16> to_text(BootId boot) {
  char digits[16];
  for (int i = 0; i < 16; ++i) digits[i] = kHexDigits[(boot.bits >> (60 - 4 * i)) & 15];
  return FixedText<16>{std::string_view{digits, sizeof digits}};
}

}  // namespace idast::telemetry
