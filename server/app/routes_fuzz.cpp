#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/require.h"
#include "core/base/text.h"
#include "server/api/endpoints.h"
#include "server/api/stream.h"
#include "server/store/sqlite.h"

// input := target [ newline last-event-id ]. Every target is answered by the real endpoints on a
// real database of two trackers; a whole answer is bounded and UTF-8, a refusal has a stable name.

using namespace idast;

namespace {

constexpr UtcMillis kNow{1'782'014'400'000};  // 2026-06-21T04:00:00Z
// Of the thirty rows below, seven years of days at most, and the printed schema.
constexpr std::size_t kAnswerBytesMax = 1024 * 1024;

telemetry::Record sample(std::string device, int minute) {
  telemetry::Record record;
  record.device = std::move(device);
  record.received = record.ts = kNow - Millis{std::chrono::minutes{30 - minute}};
  constexpr std::size_t kEnergy = telemetry::position_of("energy_wh");
  record.value[kEnergy] = minute;
  record.present.add(kEnergy);
  return record;
}

class House {
 public:
  House() {
    devices::Site site{.id = "roof", .name = "Roof"};
    site.place = {.latitude = degrees(13.75f), .longitude = degrees(121.05f)};
    site.time_zone = "Asia/Manila";
    registry_ =
        devices::Registry::make({site}, {{.id = "a", .name = "North", .site = "roof"}}).value();
    std::vector<telemetry::Record> batch;
    for (int minute = 0; minute < 15; ++minute) {
      for (const char* device : {"a", "b"}) batch.push_back(sample(device, minute));
    }
    for (const telemetry::Record& record : batch) board_.receive(record);
    require(store_->commit(batch).has_value(), "the samples are stored");
  }

  void ask(std::string_view text) {
    const auto target = api::parse_target(text);
    if (!target) return;
    const auto match = routes_.match(*target);
    if (!match) return;
    const api::Request request{
        .path = target->path, .parameters = target->parameters, .id = match->id, .now = kNow};
    const auto outcome = routes_[match->index].endpoint(request);
    if (!outcome) {
      const api::ApiError& error = outcome.error();
      require(error.status == 400 || error.status == 404, "what is asked cannot harm the server");
      require(!error.id.empty() && !error.message.empty(), "a refusal says why");
      require(is_utf8(api::to_answer(error, false).body), "a refusal is UTF-8");
      return;
    }
    std::string body = outcome->body;
    for (bool more = static_cast<bool>(outcome->more); more;) {
      std::string piece;
      const auto next = outcome->more(piece);
      require(next.has_value(), "a long answer goes on");
      body += piece;
      more = *next;
    }
    require(body.size() <= kAnswerBytesMax, "an answer is bounded");
    require(is_utf8(body), "an answer is UTF-8");
  }

 private:
  devices::Registry registry_;
  insight::Ledger ledger_;
  live::Board board_;
  std::unique_ptr<store::Store> store_ = store::open_sqlite(":memory:").value();
  std::unique_ptr<store::Reader> reader_ = store_->open_reader().value();
  api::Routes routes_ = api::make_routes({.reader = *reader_,
                                          .board = board_,
                                          .registry = registry_,
                                          .ledger = ledger_,
                                          .store_trouble = [] { return std::nullopt; },
                                          .not_ready = [] { return std::vector<std::string>{}; },
                                          .measure = [](api::Metrics&) {}});
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static House house;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const std::size_t end = text.find('\n');
  const std::string_view target = text.substr(0, end);
  house.ask(target);

  const auto parsed = api::parse_target(target);
  if (!parsed) return 0;
  const std::string_view last = end == std::string_view::npos ? "" : text.substr(end + 1);
  const auto stream = api::parse_stream(parsed->parameters, last);
  if (!stream) return 0;
  require(stream->filter.devices.size() <= live::kFilterDevicesMax, "a filter is bounded");
  for (const std::string& device : stream->filter.devices) {
    require(devices::is_id(device), "a filter names devices");
  }
  return 0;
}
