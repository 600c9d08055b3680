#pragma once
#include <compare>
#include <string_view>

// Physical quantities as types. A number becomes a quantity only by naming its unit,
// degrees(12.5f), and becomes a number again only by naming it once more, angle.in(degrees). Two
// quantities of different units do not mix; the few products that make sense stand at the end.
//
// The representation is float (about 7 digits), except for energies: a counter that grows for years
// must still notice a milliwatt-hour, so WattHours is double.
namespace idast {

template <class Unit>
class Quantity {
 public:
  using unit = Unit;
  using rep = typename Unit::rep;

  constexpr Quantity() = default;
  constexpr rep in(Unit) const { return value_; }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  constexpr Quantity operator-() const { return Quantity{-value_}; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) {
    return Quantity{a.value_ + b.value_};
  }
  friend constexpr Quantity operator-(Quantity a, Quantity b) {
    return Quantity{a.value_ - b.value_};
  }
  friend constexpr Quantity operator*(Quantity a, rep k) { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator*(rep k, Quantity a) { return Quantity{a.value_ * k}; }
  friend constexpr Quantity operator/(Quantity a, rep k) { return Quantity{a.value_ / k}; }
  friend constexpr rep operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }
  constexpr Quantity& operator+=(Quantity b) { return *this = *this + b; }
  constexpr Quantity& operator-=(Quantity b) { return *this = *this - b; }

 private:
  friend Unit;
  constexpr explicit Quantity(rep value) : value_{value} {}
  rep value_{};
};

template <class T>
inline constexpr bool kIsQuantity = false;
template <class Unit>
inline constexpr bool kIsQuantity<Quantity<Unit>> = true;

// One line per unit. symbol: for people. suffix: for names at an untyped border (JSON, SQL, logs).
#define IDAST_UNIT(unit_name, Type, Rep, symbol_text, suffix_text)                \
  struct unit_name##_t {                                                          \
    using rep = Rep;                                                              \
    static constexpr std::string_view symbol = symbol_text, suffix = suffix_text; \
    constexpr Quantity<unit_name##_t> operator()(Rep value) const {               \
      return Quantity<unit_name##_t>{value};                                      \
    }                                                                             \
  };                                                                              \
  inline constexpr unit_name##_t unit_name{};                                     \
  using Type = Quantity<unit_name##_t>

IDAST_UNIT(degrees, Degrees, float, "°", "deg");
IDAST_UNIT(degrees_per_second, DegreesPerSecond, float, "°/s", "deg_per_s");
IDAST_UNIT(volts, Volts, float, "V", "v");
IDAST_UNIT(amperes, Amperes, float, "A", "a");
IDAST_UNIT(watts, Watts, float, "W", "w");
IDAST_UNIT(watt_hours, WattHours, double, "Wh", "wh");
IDAST_UNIT(kilowatt_hours, KilowattHours, double, "kWh", "kwh");
IDAST_UNIT(celsius, Celsius, float, "°C", "c");
IDAST_UNIT(percent, Percent, float, "%", "pct");
IDAST_UNIT(metres_per_second, MetresPerSecond, float, "m/s", "ms");
IDAST_UNIT(hectopascals, Hectopascals, float, "hPa", "hpa");
IDAST_UNIT(metres, Metres, float, "m", "m");
IDAST_UNIT(watts_per_square_metre, Irradiance, float, "W/m²", "wm2");
IDAST_UNIT(kilograms, Kilograms, double, "kg", "kg");
IDAST_UNIT(ohms, Ohms, float, "Ω", "ohm");

#undef IDAST_UNIT

constexpr Watts operator*(Volts v, Amperes a) { return watts(v.in(volts)*a.in(amperes)); }
constexpr Watts operator*(Amperes a, Volts v) { return v * a; }

// Power held for a time is energy. The time is in hours and double: seconds of a year must count.
constexpr WattHours energy(Watts power, double hours) {
  return watt_hours(static_cast<double>(power.in(watts)) * hours);
}

}  // namespace idast
