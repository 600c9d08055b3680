#include "core/telemetry/codec.h"

#include <concepts>
#include <limits>
#include <type_traits>

namespace idast::telemetry {
namespace {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

// The extreme value of the wire type says "absent"; it is never a measurement.
template <class W>
inline constexpr W kAbsent =
    std::is_signed_v<W> ? std::numeric_limits<W>::min() : std::numeric_limits<W>::max();

// Rounds to the nearest step; absent when the value does not fit (a NaN does not).
template <class W>
W quantise(double value, double step) {
  const double scaled = value / step;
  const double rounded = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
  constexpr double low =
      std::is_signed_v<W> ? static_cast<double>(-std::numeric_limits<W>::max()) : 0.0;
  constexpr double high =
      static_cast<double>(std::numeric_limits<W>::max() - (std::is_signed_v<W> ? 0 : 1));
  if (!(rounded > low - 1.0 && rounded < high + 1.0)) return kAbsent<W>;
  return static_cast<W>(rounded);
}

template <class W, class T>
W to_wire(const T& value, double step) {
  if constexpr (kIsOptional<T>) {
    return value ? to_wire<W>(*value, step) : kAbsent<W>;
  } else if constexpr (std::is_same_v<T, KeySet>) {
    return static_cast<W>(value.bits);
  } else if constexpr (kIsQuantity<T>) {
    return quantise<W>(static_cast<double>(value.in(typename T::unit{})), step);
  } else if constexpr (std::is_enum_v<T> || std::is_same_v<T, bool>) {
    return static_cast<W>(value);
  } else {
    return quantise<W>(static_cast<double>(value), step);
  }
}

template <class T, class W>
T from_wire(W wire, double step) {
  if constexpr (std::is_same_v<T, KeySet>) {
    return KeySet{wire};
  } else {
    using Value = typename T::value_type;
    if (wire == kAbsent<W>) return std::nullopt;
    if constexpr (kIsQuantity<Value>) {
      using Rep = typename Value::rep;
      return typename Value::unit{}(static_cast<Rep>(static_cast<double>(wire) * step));
    } else if constexpr (std::is_same_v<Value, bool>) {
      return wire != 0;
    } else if constexpr (std::is_same_v<Value, State>) {
      return wire < kStateWords.size() ? T{static_cast<State>(wire)} : T{};
    } else if constexpr (std::is_same_v<Value, Reason>) {
      return wire < kReasonWords.size() ? T{static_cast<Reason>(wire)} : T{};
    } else {
      return static_cast<Value>(wire);
    }
  }
}

}  // namespace

Payload encode(const Sample& sample) {
  Payload payload{};
  ByteWriter out{payload};
  for_each_field([&]<auto M, class W>(const Field<M, W>& f) {
    if constexpr (Field<M, W>::by_radio) out.write(to_wire<W>(sample.*M, f.line.step));
  });
  return payload;
}

Sample decode(Bytes payload) {
  Sample sample;
  ByteReader in{payload};
  for_each_field([&]<auto M, class W>(const Field<M, W>& f) {
    if constexpr (Field<M, W>::by_radio) {
      const W wire = in.read<W>();
      if (in.failed()) return;
      sample.*M = from_wire<typename Field<M, W>::value>(wire, f.line.step);
    }
  });
  return sample;
}

RadioValues radio_values(const Sample& sample) {
  RadioValues values{};
  std::size_t i = 0;
  for_each_field([&]<auto M, class W>(const Field<M, W>& f) {
    if constexpr (Field<M, W>::by_radio) {
      values[i++] = static_cast<std::int64_t>(to_wire<W>(sample.*M, f.line.step));
    }
  });
  return values;
}

void set_radio_values(Sample& sample, const RadioValues& values) {
  std::size_t i = 0;
  for_each_field([&]<auto M, class W>(const Field<M, W>& f) {
    if constexpr (Field<M, W>::by_radio) {
      const W wire = static_cast<W>(values[i++]);
      sample.*M = from_wire<typename Field<M, W>::value>(wire, f.line.step);
    }
  });
}

}  // namespace idast::telemetry
