#pragma once
#include <array>
#include <cstddef>
#include <utility>

#include "core/base/require.h"

namespace idast {

// A bounded first-in, first-out queue by value. Full is a normal day: push() says false and the
// caller counts it. One owner, one thread.
template <class T, std::size_t N>
class Ring {
 public:
  static constexpr std::size_t kCapacity = N;

  constexpr bool push(T item) {
    if (size_ == N) return false;
    items_[(first_ + size_++) % N] = std::move(item);
    return true;
  }
  constexpr T pop() {
    require(size_ > 0, "Ring: pop from an empty ring");
    T item = std::move(items_[first_]);
    first_ = (first_ + 1) % N;
    --size_;
    return item;
  }
  // The i-th oldest, i < size().
  constexpr const T& operator[](std::size_t i) const {
    require(i < size_, "Ring: index past the end");
    return items_[(first_ + i) % N];
  }
  constexpr std::size_t size() const { return size_; }
  constexpr bool empty() const { return size_ == 0; }
  constexpr bool full() const { return size_ == N; }
  constexpr void clear() { first_ = size_ = 0; }

 private:
  std::array<T, N> items_{};
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace idast
