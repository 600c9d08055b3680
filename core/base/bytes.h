#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace idast {

using Bytes = std::span<const std::byte>;

// Little-endian reader over bytes from outside: reading past the end yields zeros and sets
// failed().
class ByteReader {
 public:
  constexpr explicit ByteReader(Bytes bytes) : rest_{bytes} {}

  template <std::integral T>
  constexpr T read() {
    using Unsigned = std::make_unsigned_t<T>;
    if (rest_.size() < sizeof(T)) {
      failed_ = true;
      rest_ = {};
      return T{};
    }
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value = static_cast<Unsigned>(
          value | static_cast<Unsigned>(std::to_integer<Unsigned>(rest_[i]) << (8 * i)));
    }
    rest_ = rest_.subspan(sizeof(T));
    return static_cast<T>(value);
  }
  constexpr Bytes take(std::size_t count) {
    if (rest_.size() < count) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  constexpr std::size_t left() const { return rest_.size(); }
  constexpr bool failed() const { return failed_; }

 private:
  Bytes rest_;
  bool failed_ = false;
};

// Little-endian writer into a caller's buffer; what does not fit sets overflowed().
class ByteWriter {
 public:
  constexpr explicit ByteWriter(std::span<std::byte> buffer) : buffer_{buffer} {}

  template <std::integral T>
  constexpr ByteWriter& write(T value) {
    if (buffer_.size() - used_ < sizeof(T)) {
      overflowed_ = true;
      return *this;
    }
    const auto bits = static_cast<std::make_unsigned_t<T>>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      buffer_[used_++] = static_cast<std::byte>((bits >> (8 * i)) & 0xff);
    }
    return *this;
  }
  constexpr ByteWriter& write(Bytes bytes) {
    if (buffer_.size() - used_ < bytes.size()) {
      overflowed_ = true;
      return *this;
    }
    for (const std::byte b : bytes) buffer_[used_++] = b;
    return *this;
  }
  constexpr Bytes view() const { return Bytes{buffer_}.first(used_); }
  constexpr bool overflowed() const { return overflowed_; }

 private:
  std::span<std::byte> buffer_;
  std::size_t used_ = 0;
  bool overflowed_ = false;
};

}  // namespace idast
