#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/control/hybrid.h"
#include "core/control/mount.h"
#include "core/ports/ports.h"

// What the hybrid law has learned of its mount and sensors, kept over a restart: a tracker that
// loses power at noon goes on with the morning's trim.
//
//   file := "idast learned " version:2 "\n" "mount " kind "\n" "panel " milliwatts "\n"
//           "sweeps " count "\n" "terms " kTerms "\n" (value " " deviation "\n"){kTerms} "crc "
//           hex8 "\n"
//
// Values and deviations are integers, in millionths of the units of control::Term: no
// floating-point text on a board. The CRC-32C covers everything before its line. A file is taken
// whole or not at all: cut at any byte, written by another version or spoilt by hand, it is
// refused.
namespace idast::node {

inline constexpr std::string_view kLearnedFile = "learned.txt";
inline constexpr int kLearnedVersion = 2;  // grows when control::Term changes its meaning
inline constexpr std::size_t kLearnedBytesMax = 640;  // 16 terms of two numbers of 10 digits

// Written at the first sweep, then at most this often and only when a sweep has taught something:
// at most 84 times in a day of 14 hours. LittleFS spreads that over a partition of 1 MB, 256 blocks
// that bear 100 000 erasures each: centuries.
inline constexpr Millis kLearnedEvery = std::chrono::minutes{10};

// absent: there is no file, as on the first day. failed: the port could not read it. damaged: its
// form or its CRC. unknown_version: written for other terms. other_mount, other_panel: learned of a
// mount of another kind, or with a panel of another rating. not_believable: further from nominal
// than any mount or sensor.
enum class LearnedError : std::uint8_t {
  absent,
  failed,
  damaged,
  unknown_version,
  other_mount,
  other_panel,
  not_believable,
};
std::string_view to_text(LearnedError error);

struct KeptLearned {
  control::MountKind mount = control::MountKind::az_el;
  Watts panel = watts(10.f);  // its rating
  control::Learned learned;
};

// False, and nothing is printed, when a value is no number or too large for the file.
bool print(const KeptLearned& kept, TextWriter& out);
// damaged or unknown_version. Whether the values are believable is for control to say.
std::expected<KeptLearned, LearnedError> parse_learned(std::string_view text);

// absent, failed, damaged or unknown_version.
std::expected<KeptLearned, LearnedError> load_learned(ports::Files& files);
// `failed` also for what cannot be printed.
std::expected<void, ports::FileError> save_learned(ports::Files& files, const KeptLearned& kept);

}  // namespace idast::node
