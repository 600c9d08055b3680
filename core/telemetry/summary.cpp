#include "core/telemetry/summary.h"

#include <cmath>

namespace idast::telemetry {
namespace {

// Calls f(position, member, line) for every averaged field.
template <class F>
void for_each_averaged(F&& f) {
  std::size_t i = 0;
  for_each_field([&]<auto M, class W>(const Field<M, W>& field) {
    const std::size_t position = i++;
    using Value = typename Field<M, W>::value;
    if constexpr (requires { typename Value::value_type; }) {
      using Number = typename Value::value_type;
      if constexpr (kIsQuantity<Number> || std::is_same_v<Number, std::int32_t>) {
        if (field.line.averaged) f(position, M);
      }
    }
  });
}

template <class Number>
double plain(Number value) {
  if constexpr (kIsQuantity<Number>) {
    return static_cast<double>(value.in(typename Number::unit{}));
  } else {
    return static_cast<double>(value);
  }
}

template <class Number>
Number made(double value) {
  if constexpr (kIsQuantity<Number>) {
    return typename Number::unit{}(static_cast<typename Number::rep>(value));
  } else {
    return static_cast<Number>(std::lround(value));
  }
}

}  // namespace

void Summary::add(const Sample& sample) {
  if (!last_) {
    first_seq_ = sample.seq_from ? sample.seq_from : sample.seq;
    sum_.fill(0);
    count_.fill(0);
  }
  last_ = sample;
  for_each_averaged([&](std::size_t i, auto member) {
    if (const auto& value = sample.*member) {
      sum_[i] += plain(*value);
      ++count_[i];
    }
  });
}

std::optional<Sample> Summary::take() {
  if (!last_) return std::nullopt;
  Sample sample = *last_;
  last_.reset();
  if (first_seq_ != sample.seq) sample.seq_from = first_seq_;
  for_each_averaged([&](std::size_t i, auto member) {
    auto& value = sample.*member;
    value.reset();
    using Number = typename std::remove_reference_t<decltype(value)>::value_type;
    if (count_[i] > 0) value = made<Number>(sum_[i] / count_[i]);
  });
  return sample;
}

}  // namespace idast::telemetry
