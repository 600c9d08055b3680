#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/wire/frame.h"
#include "mqtt/packets.h"
#include "server/ingest/parser.h"
#include "sim/sky/weather_file.h"

// The poison corpus through the parsers that meet such bytes first. index.tsv says what each file
// must lead to; poison.py sends the same messages and targets to a real server.

using namespace idast;

namespace {

const std::string kCorpus = std::string{IDAST_SOURCE_DIR} + "/tests/golden/poison/";
constexpr UtcMillis kReceived{1'703'123'457'000};

struct Poison {
  std::string file;
  std::string leads_to;
  std::string bytes;
};

std::string content(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  REQUIRE_MESSAGE(file.good(), path);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// index := *( "#" … "\n" | file "\t" leads_to "\t" about "\n" )
std::vector<Poison> poison(std::string_view folder) {
  std::vector<Poison> found;
  std::istringstream index{content(kCorpus + "index.tsv")};
  for (std::string line; std::getline(index, line);) {
    if (!line.starts_with(std::string{folder} + "/")) continue;
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    REQUIRE(second != std::string::npos);
    const std::string file = line.substr(0, first);
    found.push_back({file, line.substr(first + 1, second - first - 1), content(kCorpus + file)});
  }
  REQUIRE(found.size() >= 10);
  return found;
}

// What a message led to, in the words of the index.
std::string outcome(std::string_view topic, std::string_view payload) {
  ingest::Parser parser;
  const auto record = parser.parse(topic, payload, kReceived);
  const ingest::ParserCounters& counters = parser.counters();
  if (!record) {
    CHECK(counters.refused[static_cast<std::size_t>(record.error())] == 1);
    return "refused " + std::string{name(record.error())};
  }
  std::set<std::string_view> keys;
  for (std::size_t i = 0; i < telemetry::kFieldCount; ++i) {
    if (counters.field_refused[i] > 0) keys.insert(telemetry::kFieldInfo[i].json);
  }
  std::string text = "stored";
  for (const std::string_view key : keys) {
    text += (text == "stored" ? " " : ",") + std::string{key};
  }
  return text;
}

// "stored b,a" → "stored a,b".
std::string sorted(const std::string& leads_to) {
  if (!leads_to.starts_with("stored ")) return leads_to;
  std::set<std::string> keys;
  std::istringstream list{leads_to.substr(7)};
  for (std::string key; std::getline(list, key, ',');) keys.insert(key);
  std::string text = "stored";
  for (const std::string& key : keys) text += (text == "stored" ? " " : ",") + key;
  return text;
}

std::string weather_outcome(std::string_view text) {
  constexpr std::array<std::string_view, 9> kWords{"unreadable",   "too_large", "not_weather",
                                                   "no_site",      "no_column", "bad_row",
                                                   "out_of_order", "empty",     "zenith_differs"};
  const auto read = sim::parse_weather(text, "poison");
  return std::string{read ? "read" : kWords.at(static_cast<std::size_t>(read.error().kind))};
}

std::string packet_outcome(std::string_view stream) {
  mqtt::Decoder decoder{64 * 1024};
  while (!stream.empty()) {
    const auto room = decoder.room();
    const std::size_t count = std::min(room.size(), stream.size());
    std::copy_n(stream.begin(), count, room.begin());
    decoder.received(count);
    stream.remove_prefix(count);
    const auto packet = decoder.next();
    if (!packet) return std::string{name(packet.error())};
    if (!*packet) continue;
    // Such a message is refused alone, by the session: its connection goes on.
    const auto* const publish = std::get_if<mqtt::Publish>(&**packet);
    if (publish != nullptr && !mqtt::valid_topic(publish->topic)) return "bad_topic";
  }
  return "read";
}

}  // namespace

TEST_CASE("every poisoned message is refused or loses its fields as the index says") {
  for (const Poison& one : poison("telemetry")) {
    CAPTURE(one.file);
    CHECK(outcome("solar-tracker/esp32-receiver-0000FF/telemetry", one.bytes) ==
          sorted(one.leads_to));
  }
}

TEST_CASE("every poisoned topic is refused by its reason") {
  for (const Poison& one : poison("topic")) {
    CAPTURE(one.file);
    const auto topic = ingest::read_topic(one.bytes);
    REQUIRE(!topic.has_value());
    CHECK("refused " + std::string{name(topic.error())} == one.leads_to);
  }
}

TEST_CASE("every poisoned weather file is refused by its reason") {
  for (const Poison& one : poison("weather")) {
    CAPTURE(one.file);
    CHECK(weather_outcome(one.bytes) == one.leads_to);
  }
}

TEST_CASE("every poisoned radio frame is refused by its reason") {
  for (const Poison& one : poison("frame")) {
    CAPTURE(one.file);
    const auto frame = wire::parse(std::as_bytes(std::span{one.bytes}));
    CHECK(std::string{frame ? "read" : wire::to_text(frame.error())} == one.leads_to);
  }
}

TEST_CASE("every poisoned MQTT packet is refused by its reason") {
  for (const Poison& one : poison("packet")) {
    CAPTURE(one.file);
    CHECK(packet_outcome(one.bytes) == one.leads_to);
  }
}
