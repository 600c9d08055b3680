#include "core/node/learned.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/base/crc.h"
#include "core/node/fakes_test.h"

using namespace idast;
using namespace idast::node;
using namespace std::chrono_literals;

namespace {

// A morning's knowledge, all of it believable.
KeptLearned some_learned() {
  const control::Calibration nominal{control::Mount{}, control::HeadSettings{}};
  KeptLearned kept;
  kept.learned.sweeps = 17;
  kept.learned.value = nominal.terms();
  control::at(kept.learned.value, control::Term::yaw) = 3.901234;
  control::at(kept.learned.value, control::Term::tilt_zero) = -1.25;
  kept.learned.deviation.fill(0.012345);
  return kept;
}

std::string text_of(const KeptLearned& kept) {
  std::array<char, kLearnedBytesMax> buffer;
  TextWriter out{buffer.data(), buffer.size()};
  REQUIRE(print(kept, out));
  return std::string{out.view()};
}

// With another part, and a CRC that is right again: written so, not damaged.
std::string rewritten(std::string text, const std::string& part, const std::string& by) {
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  text.replace(at, part.size(), by);
  text.erase(text.rfind("crc "));
  std::uint32_t crc = crc32c(std::as_bytes(std::span{text}));
  std::string digits(8, '0');
  for (std::size_t i = digits.size(); i-- > 0; crc >>= 4) {
    digits[i] = "0123456789abcdef"[crc & 15u];
  }
  return text + "crc " + digits + "\n";
}

double yaw_of(const Transmitter& transmitter) {
  return control::at(transmitter.tracker().learned().value, control::Term::yaw);
}

bool logged(const Pair& pair, std::string_view event) {
  return std::ranges::find(pair.log.events, event) != pair.log.events.end();
}

}  // namespace

TEST_CASE("what was learned comes back from its text as it was") {
  const KeptLearned kept = some_learned();
  const auto back = parse_learned(text_of(kept));
  REQUIRE(back);
  CHECK(back->mount == kept.mount);
  CHECK(back->panel == kept.panel);
  CHECK(back->learned.sweeps == 17);
  for (std::size_t i = 0; i < control::kTerms; ++i) {
    CHECK(std::abs(back->learned.value[i] - kept.learned.value[i]) < 0.51e-6);
    CHECK(std::abs(back->learned.deviation[i] - 0.012345) < 0.51e-6);
  }
  CHECK(text_of(*back) == text_of(kept));
}

TEST_CASE("the longest text fits its file") {
  KeptLearned kept{.mount = control::MountKind::tilt_tilt, .learned = {}};
  kept.learned.sweeps = std::numeric_limits<std::uint32_t>::max();
  kept.learned.value.fill(-999.999999);
  kept.learned.deviation.fill(999.999999);
  CHECK(parse_learned(text_of(kept)));
}

TEST_CASE("a text cut at any byte is refused") {
  const std::string whole = text_of(some_learned());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(parse_learned(whole.substr(0, size)));
  }
  CHECK(parse_learned(whole));
}

TEST_CASE("a text with any flipped bit, or with something behind it, is refused") {
  const std::string whole = text_of(some_learned());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string spoilt = whole;
      spoilt[at] = static_cast<char>(spoilt[at] ^ (1 << bit));
      CHECK_FALSE(parse_learned(spoilt));
    }
  }
  CHECK_FALSE(parse_learned(whole + "\n"));
  CHECK_FALSE(parse_learned(whole + whole));
  CHECK_FALSE(parse_learned(std::string(kLearnedBytesMax + 1, '1')));
}

TEST_CASE("a text of other terms is of an unknown version, one of no sense is damaged") {
  const std::string whole = text_of(some_learned());
  const auto error = [&](const std::string& part, const std::string& by) {
    const auto parsed = parse_learned(rewritten(whole, part, by));
    REQUIRE_FALSE(parsed);
    return parsed.error();
  };
  CHECK(error("learned 2", "learned 1") == LearnedError::unknown_version);
  CHECK(error("terms 16", "terms 15") == LearnedError::unknown_version);
  CHECK(error("learned 2", "learned two") == LearnedError::damaged);
  CHECK(error("az_el", "gimbal") == LearnedError::damaged);
  CHECK(error("panel 10000", "panel ten") == LearnedError::damaged);
  CHECK(error("sweeps 17", "sweeps -1") == LearnedError::damaged);
  CHECK(error("sweeps 17", "sweeps 4294967296") == LearnedError::damaged);
  CHECK(error("sweeps 17", "sweeps 17.5") == LearnedError::damaged);
  CHECK(error("3901234 12345\n", "3901234 12345\n0 0\n") == LearnedError::damaged);
  CHECK(error("3901234 12345\n", "") == LearnedError::damaged);
  CHECK(error("3901234", "99999999999999999999") == LearnedError::damaged);
  CHECK(parse_learned(rewritten(whole, "sweeps 17", "sweeps 18")));
}

TEST_CASE("what is no number is not written") {
  KeptLearned kept = some_learned();
  kept.learned.value[2] = std::numeric_limits<double>::quiet_NaN();
  FakeFiles files;
  CHECK_FALSE(save_learned(files, kept));
  kept.learned.value[2] = 1e12;
  CHECK_FALSE(save_learned(files, kept));
  CHECK(files.files.empty());
}

TEST_CASE("a transmitter goes on with what an earlier start had learned") {
  Pair pair;
  CHECK(pair.transmitter->tracker().learned().sweeps == 0);
  CHECK(pair.transmitter->counts().learned_refused == 0);  // no file is no fault
  REQUIRE(save_learned(pair.transmitter_files, some_learned()));
  pair.start_transmitter();
  CHECK(pair.transmitter->tracker().learned().sweeps == 17);
  CHECK(yaw_of(*pair.transmitter) == doctest::Approx(3.901234).epsilon(1e-6));
  pair.run(1min);
  CHECK(pair.transmitter->counts().learned_refused == 0);
  CHECK(pair.transmitter->counts().learned_written == 0);  // nothing new
  CHECK(pair.files.files.count(std::string{kLearnedFile}) == 0);
}

TEST_CASE("a transmitter takes nothing from a file cut at any byte, and says so") {
  Pair pair;
  const std::string whole = text_of(some_learned());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    pair.transmitter_files.files[std::string{kLearnedFile}] = whole.substr(0, size);
    pair.start_transmitter();
    CHECK(pair.transmitter->tracker().learned().sweeps == 0);
    CHECK(pair.transmitter->counts().learned_refused == 1);
  }
  CHECK(logged(pair, "node.learned_refused"));
}

TEST_CASE("a transmitter takes nothing that is not believable") {
  for (const double yaw : {90.0, -90.0}) {
    Pair pair;
    KeptLearned kept = some_learned();
    control::at(kept.learned.value, control::Term::yaw) = yaw;
    REQUIRE(save_learned(pair.transmitter_files, kept));
    pair.start_transmitter();
    CHECK(pair.transmitter->tracker().learned().sweeps == 0);
    CHECK(yaw_of(*pair.transmitter) == 0.0);
    CHECK(pair.transmitter->counts().learned_refused == 1);
  }
}

TEST_CASE("what one mount taught is not believed of another, and comes back with it") {
  Pair pair;
  KeptLearned kept = some_learned();
  kept.mount = control::MountKind::tilt_tilt;
  REQUIRE(save_learned(pair.transmitter_files, kept));
  pair.start_transmitter();
  CHECK(pair.transmitter->tracker().learned().sweeps == 0);
  CHECK(pair.transmitter->counts().learned_refused == 0);
  CHECK_FALSE(logged(pair, "node.learned_refused"));
  // The receiver says what kind of mount stands here.
  pair.receiver_settings.site->mount = control::MountKind::tilt_tilt;
  pair.start_receiver();
  pair.run(5s);
  REQUIRE(pair.transmitter->tracker().settings().mount.kind == control::MountKind::tilt_tilt);
  CHECK(pair.transmitter->tracker().learned().sweeps == 17);
}

TEST_CASE("what one panel taught is not believed of another, and comes back with it") {
  Pair pair;
  KeptLearned kept = some_learned();
  kept.panel = watts(100.f);
  control::at(kept.learned.value, control::Term::power_scale) = std::log(100.0);
  REQUIRE(save_learned(pair.transmitter_files, kept));
  pair.start_transmitter();
  CHECK(pair.transmitter->tracker().learned().sweeps == 0);
  CHECK(pair.transmitter->counts().learned_refused == 0);
  // The receiver says which panel stands here.
  pair.receiver_settings.site->panel = watts(100.f);
  pair.start_receiver();
  pair.run(5s);
  REQUIRE(pair.transmitter->tracker().settings().hybrid.head.panel_nominal == watts(100.f));
  CHECK(pair.transmitter->tracker().learned().sweeps == 17);
}
