#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/text.h"
#include "core/base/time.h"
#include "core/control/tracker.h"
#include "core/sun/sun.h"
#include "core/wire/frame.h"

// What the payloads of radio frames say. Little-endian, fixed sizes; a payload of another size, or
// with a value that cannot be, is no message. Transmitter to receiver:
//
//   sample  := core/telemetry's codec
//   phone   := size:u8 text:u8[size]                    the phone now charging; 0: none
//   answer  := number:u32 outcome:u8 why:u8             to the order of that number
//
// Receiver to transmitter:
//
//   time    := utc_ms:i64
//   site    := latitude:i32 longitude:i32 altitude:i32 mount:u8 panel:u32
//              degrees × 10^7, millimetres, milliwatts; mount 0: as before, 1: az_el, 2: tilt_tilt;
//              panel 0: as before
//   command := number:u32 expires_ms:i64 parts:u8 mode:u8 pan:i32 tilt:i32 azimuth:i32
//              elevation:i32 manual_for_ms:u32 site
//              degrees × 10^4; parts: 1 motion, 2 pan, 4 tilt, 8 direction, 16 site, 32 restart,
//              64 expires; what its part does not announce is 0
namespace idast::node {

// Why a command was not carried out; the word stands in `result`. Append only: sent by radio.
enum class Why : std::uint8_t {
  none,
  not_json,       // not JSON, or beyond the bounded reader's limits
  bad_value,      // a known key of the wrong type or outside its range
  nothing_to_do,  // no known key
  not_a_number,   // the four of control::Refusal, in its order
  out_of_range,
  duration,
  conflict,
  past_expiry,  // arrived or waited past expiresAt
  no_clock,     // it can expire, and the time is not known
  busy,         // too many commands wait for the transmitter
  no_answer,    // the transmitter did not answer in time; it may have heard all the same
  unsupported,  // this device cannot do it
};
inline constexpr std::uint8_t kWhyCount = 13;
std::string_view to_text(Why why);
Why why_of(control::Refusal refusal);

// Ratings that a site may have: below, a calculator's cell; above, what no tracker turns.
inline constexpr Watts kPanelMin = watts(0.1f);
inline constexpr Watts kPanelMax = watts(10'000.f);

// Where the tracker stands, on what, and what it turns. Absent: as before.
struct Site {
  sun::Place place;
  std::optional<control::MountKind> mount = std::nullopt;
  std::optional<Watts> panel = std::nullopt;  // rating; kPanelMin … kPanelMax
};

// What the transmitter is asked to do. The same number is the same order: it is done once and
// answered every time.
struct Order {
  std::uint32_t number = 0;
  std::optional<UtcMillis> expires;
  std::optional<control::Command> motion;
  std::optional<Site> site;
  bool restart = false;
};

enum class Outcome : std::uint8_t { applied, rejected, expired };

struct Answer {
  std::uint32_t number = 0;
  Outcome outcome = Outcome::applied;
  Why why = Why::none;
};

using Phone = FixedText<64>;

// A label that goes to screens and into a CSV line: UTF-8 without control characters.
bool is_label(std::string_view text);

// A payload being printed. Any thread; no heap.
struct Payload {
  std::array<std::byte, wire::kPayloadBytesMax> bytes{};
  std::size_t size = 0;
  Bytes view() const { return Bytes{bytes}.first(size); }
};

Payload print(UtcMillis utc);
Payload print(const Site& site);
Payload print(const Order& order);
Payload print(const Answer& answer);
Payload print(const Phone& phone);

std::optional<UtcMillis> read_time(Bytes payload);
std::optional<Site> read_site(Bytes payload);
std::optional<Order> read_order(Bytes payload);
std::optional<Answer> read_answer(Bytes payload);
std::optional<Phone> read_phone(Bytes payload);

}  // namespace idast::node
