#include "server/api/original_endpoints.h"

#include <memory>

#include "core/base/calendar.h"
#include "core/telemetry/row.h"
#include "server/api/url.h"

namespace idast::api {
namespace {

constexpr Millis kTelemetrySpan = std::chrono::hours{24};

// The rows of a range, in pieces: it remembers the last time given and how many rows of it, and
// goes on from there. New rows have larger ids, so none is given twice or left out.
class RowPieces {
 public:
  RowPieces(store::Reader& reader, store::Range range, std::size_t rows)
      : reader_{reader}, range_{std::move(range)}, left_{rows} {}

  std::expected<bool, ApiError> operator()(std::string& out) {
    std::size_t skip = given_at_from_;
    bool stopped = false;
    const auto done = reader_.rows(range_, left_ + skip, [&](store::StoredRecord&& row) {
      if (skip > 0) {
        --skip;
        return true;
      }
      print(row, out);
      stopped = left_ > 0 && out.size() >= kPieceBytes;
      return !stopped;
    });
    if (!done) return std::unexpected{unavailable(done.error())};
    if (stopped) return true;
    out.append(R"(],"count":)").append(std::to_string(count_)).append("}");
    return false;
  }

 private:
  void print(const store::StoredRecord& row, std::string& out) {
    if (count_++ > 0) out.push_back(',');
    telemetry::print_row(row.id, row.record, out);
    --left_;
    given_at_from_ = row.record.ts == range_.from ? given_at_from_ + 1 : 1;
    range_.from = row.record.ts;
  }

  store::Reader& reader_;
  store::Range range_;
  std::size_t left_;
  std::size_t count_ = 0;
  std::size_t given_at_from_ = 0;
};

}  // namespace

ApiError unavailable(const store::StoreError& error) {
  return {503, "database_unavailable", error.words};
}

std::expected<UtcMillis, ApiError> time_of(const Request& request, std::string_view name,
                                           UtcMillis otherwise) {
  const auto text = request.parameter(name);
  if (!text) return otherwise;
  const auto time = parse_time(*text);
  if (time) return *time;
  const std::string field{name};
  return std::unexpected{ApiError{
      400, "bad_time",
      field + " is neither ISO 8601 (2026-11-22T10:00:00Z) nor milliseconds since 1970", field}};
}

std::expected<std::int64_t, ApiError> count_of(const Request& request, std::string_view name,
                                               std::int64_t high, std::int64_t otherwise) {
  const auto text = request.parameter(name);
  if (!text) return otherwise;
  const auto count = parse_count(*text, 1, high);
  if (count) return *count;
  const std::string field{name};
  return std::unexpected{ApiError{
      400, "bad_count", field + " is not a whole number from 1 to " + std::to_string(high), field}};
}

std::string latest_row(const live::View& view, store::Reader& reader) {
  if (!view.latest) return "null";
  std::string row;
  if (view.committed && view.row_id != 0) {
    telemetry::print_row(view.row_id, *view.latest, row);
    return row;
  }
  if (view.committed) {
    const auto stored = reader.latest(view.device);
    if (stored && *stored) {
      telemetry::print_row((*stored)->id, (*stored)->record, row);
      return row;
    }
  }
  telemetry::print_row(std::nullopt, *view.latest, row);
  return row;
}

Outcome GetHealth::operator()(const Request&) const {
  const auto alive = reader.ping();
  if (!alive) return std::unexpected{unavailable(alive.error())};
  // It may be read and still take nothing: a full disk.
  if (auto trouble = store_trouble()) {
    return std::unexpected{ApiError{503, "database_unavailable", std::move(*trouble)}};
  }
  return Answer{.body = R"({"ok":true})"};
}

Outcome GetLatest::operator()(const Request& request) const {
  const auto device = request.parameter("device");
  const auto view =
      device ? board.view(std::string{*device}, request.now) : board.newest(request.now);
  Answer answer{.body = R"({"ok":true,"data":)"};
  answer.body.append(view ? latest_row(*view, reader) : "null").append("}");
  return answer;
}

Outcome GetTelemetry::operator()(const Request& request) const {
  const auto to = time_of(request, "to", request.now);
  if (!to) return std::unexpected{to.error()};
  const auto from = time_of(request, "from", *to - kTelemetrySpan);
  if (!from) return std::unexpected{from.error()};
  if (*from > *to) {
    return std::unexpected{ApiError{400, "bad_range", "from is later than to", "from"}};
  }
  const auto limit = count_of(request, "limit", kRowsMax, kRowsDefault);
  if (!limit) return std::unexpected{limit.error()};
  const std::string device{request.parameter("device").value_or("")};

  Answer answer{.body = R"({"ok":true,"from":")"};
  answer.body.append(to_iso(*from).view()).append(R"(","to":")").append(to_iso(*to).view());
  answer.body.append(R"(","data":[)");
  // As SQL's BETWEEN: `to` itself is inside.
  store::Range range{.device = device, .from = *from, .to = *to + Millis{1}};
  auto pieces =
      std::make_shared<RowPieces>(reader, std::move(range), static_cast<std::size_t>(*limit));
  std::string first;
  const auto more = (*pieces)(first);
  if (!more) return std::unexpected{more.error()};
  answer.body.append(first);
  // Shared because std::function must be copyable; one connection owns it.
  if (*more) answer.more = [pieces](std::string& out) { return (*pieces)(out); };
  return answer;
}

Outcome GetHistory::operator()(const Request& request) const {
  const auto days = count_of(request, "days", query::kHistoryDaysMax, query::kHistoryDaysDefault);
  if (!days) return std::unexpected{days.error()};
  std::vector<query::DeviceZone> asked;
  if (const auto device = request.parameter("device")) {
    const std::string id{*device};
    asked.push_back({id, registry.time_zone_of(id)});
  } else {
    const auto seen = reader.devices();
    if (!seen) return std::unexpected{unavailable(seen.error())};
    for (const store::DeviceSeen& one : *seen) {
      asked.push_back({one.device, registry.time_zone_of(one.device)});
    }
  }
  auto csv = query::history_csv(reader, asked, static_cast<int>(*days), request.now);
  if (!csv) return std::unexpected{unavailable(csv.error())};
  return Answer{.type = "text/csv; charset=utf-8", .body = std::move(*csv)};
}

Outcome GetDeviceList::operator()(const Request&) const {
  const auto seen = reader.devices();
  if (!seen) return std::unexpected{unavailable(seen.error())};
  Answer answer{.body = R"({"ok":true,"data":[)"};
  for (const store::DeviceSeen& one : *seen) {
    if (answer.body.back() != '[') answer.body.push_back(',');
    answer.body.append(R"({"device_id":)");
    telemetry::print_text(one.device, answer.body);
    answer.body.append(R"(,"last_seen":")").append(to_iso(one.last_seen).view()).append("\"}");
  }
  answer.body.append("]}");
  return answer;
}

}  // namespace idast::api
