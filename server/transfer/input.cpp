#include "server/transfer/input.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace idast::transfer {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;

}  // namespace

Input::Input(Source source) : source_{std::move(source)}, buffer_(kBufferBytes) {}

bool Input::fill() {
  if (fault_) return false;
  const auto read = source_(buffer_);
  if (!read) fault_ = read.error();
  at_ = 0;
  size_ = read ? *read : 0;
  return size_ > 0;
}

int Input::peek_second() {
  if (peek() == kEnd) return kEnd;
  if (at_ + 1 == size_) {
    buffer_[0] = buffer_[at_];
    const auto read = source_(std::span{buffer_}.subspan(1));
    if (!read) fault_ = read.error();
    at_ = 0;
    size_ = 1 + (read ? *read : 0);
  }
  return at_ + 1 < size_ ? static_cast<unsigned char>(buffer_[at_ + 1]) : kEnd;
}

std::string_view Input::head(std::size_t count) {
  while (size_ < count) {
    const auto read = source_(std::span{buffer_}.subspan(size_, count - size_));
    if (!read) fault_ = read.error();
    if (!read || *read == 0) break;
    size_ += *read;
  }
  return {buffer_.data(), std::min(count, size_)};
}

bool Input::line(std::string& out) {
  out.clear();
  if (peek() == kEnd) return false;
  while (peek() != kEnd) {
    const char* const from = buffer_.data() + at_;
    const auto* const end = static_cast<const char*>(std::memchr(from, '\n', size_ - at_));
    const std::size_t bytes = end == nullptr ? size_ - at_ : static_cast<std::size_t>(end - from);
    if (out.size() + bytes > kLineBytesMax) {
      fault_ = "a line is longer than " + std::to_string(kLineBytesMax) + " bytes";
      return false;
    }
    out.append(from, bytes);
    at_ += bytes + (end == nullptr ? 0 : 1);
    if (end != nullptr) break;
  }
  if (out.ends_with('\r')) out.pop_back();
  return !fault_;
}

}  // namespace idast::transfer
