#include "server/api/device_endpoints.h"

#include <cmath>

#include "core/base/calendar.h"
#include "core/base/text.h"
#include "server/api/original_endpoints.h"
#include "server/live/print.h"
#include "server/query/samples.h"

namespace idast::api {
namespace {

static_assert(devices::kDevicesMax <= live::kDevicesMax, "Every configured tracker can be shown.");

constexpr Millis kSamplesSpan = std::chrono::hours{24};
constexpr int kGainDaysDefault = 7;

std::expected<live::View, ApiError> device_of(const Request& request, const live::Board& board) {
  auto view = board.view(request.id, request.now);
  if (view) return std::move(*view);
  return std::unexpected{ApiError{404, "unknown_device", "no tracker has this id"}};
}

void append_time(std::string_view name, std::optional<UtcMillis> at, std::string& out) {
  out.append("\"").append(name).append("\":");
  if (at) out.append("\"").append(to_iso(*at).view()).append("\"");
  if (!at) out.append("null");
}

// Hundredths of a degree: the dome is drawn in pixels.
void append_degrees(Degrees angle, std::string& out) {
  char buffer[32];
  TextWriter writer{buffer, sizeof buffer};
  writer.decimal(std::lround(angle.in(degrees) * 100.f), 2);
  out.append(writer.view());
}

template <class T, class F>
void append_list(std::string_view name, const std::vector<T>& items, F append, std::string& out) {
  out.append(",\"").append(name).append("\":[");
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out.push_back(',');
    append(items[i]);
  }
  out.push_back(']');
}

}  // namespace

Outcome ListDevices::operator()(const Request& request) const {
  Answer answer{.body = R"({"devices":[)"};
  for (const live::View& view : board.views(request.now)) {
    if (answer.body.back() != '[') answer.body.push_back(',');
    live::print_device(view, latest_row(view, reader), answer.body);
  }
  answer.body.append("]}");
  return answer;
}

Outcome GetDevice::operator()(const Request& request) const {
  const auto view = device_of(request, board);
  if (!view) return std::unexpected{view.error()};
  Answer answer;
  live::print_device(*view, latest_row(*view, reader), answer.body);
  return answer;
}

Outcome GetSamples::operator()(const Request& request) const {
  if (const auto view = device_of(request, board); !view) return std::unexpected{view.error()};
  const auto to = time_of(request, "to", request.now);
  if (!to) return std::unexpected{to.error()};
  const auto from = time_of(request, "from", *to - kSamplesSpan);
  if (!from) return std::unexpected{from.error()};
  if (*from >= *to) {
    return std::unexpected{ApiError{400, "bad_range", "from is not before to", "from"}};
  }
  const auto points = count_of(request, "points", query::kPointsMax, query::kPointsDefault);
  if (!points) return std::unexpected{points.error()};
  auto fields = query::chart_fields(request.parameter("fields").value_or("power_w"));
  if (!fields) return std::unexpected{ApiError{400, "bad_fields", fields.error(), "fields"}};

  auto json = query::samples_json(reader, {.device = request.id,
                                           .from = *from,
                                           .to = *to,
                                           .points = static_cast<std::size_t>(*points),
                                           .fields = std::move(*fields)});
  if (!json) return std::unexpected{unavailable(json.error())};
  return Answer{.body = std::move(*json)};
}

Outcome GetEnergy::operator()(const Request& request) const {
  if (const auto view = device_of(request, board); !view) return std::unexpected{view.error()};
  const auto kind = query::period_from(request.parameter("period").value_or("day"));
  if (!kind) {
    return std::unexpected{ApiError{400, "bad_period", "period is hour, day or month", "period"}};
  }
  query::EnergyQuery asked{.kind = *kind};
  const auto to = time_of(request, "to", request.now);
  if (!to) return std::unexpected{to.error()};
  const auto from = time_of(request, "from", *to);
  if (!from) return std::unexpected{from.error()};
  if (request.parameter("to")) asked.to = *to;
  if (request.parameter("from")) asked.from = *from;
  if (*from > *to) {
    return std::unexpected{ApiError{400, "bad_range", "from is later than to", "from"}};
  }
  const auto rows =
      query::energy(reader, {request.id, registry.time_zone_of(request.id)}, asked, request.now);
  if (!rows) return std::unexpected{unavailable(rows.error())};
  return Answer{.body = query::to_json(*kind, *rows)};
}

Outcome GetGain::operator()(const Request& request) const {
  if (const auto view = device_of(request, board); !view) return std::unexpected{view.error()};
  const devices::Site* const site = registry.site_of(request.id);
  if (site == nullptr) {
    return std::unexpected{
        ApiError{404, "no_site", "this tracker has no site, so its light is not known"}};
  }
  const auto kind = query::period_from(request.parameter("period").value_or("day"));
  if (!kind || *kind == query::PeriodKind::month) {
    return std::unexpected{ApiError{400, "bad_period", "period is hour or day", "period"}};
  }
  const bool by_hour = *kind == query::PeriodKind::hour;
  const query::Zone zone = query::Zone::locate(site->time_zone).value();
  const auto to = time_of(request, "to", request.now);
  if (!to) return std::unexpected{to.error()};
  const UtcMillis end = std::min(*to, request.now) + Millis{1};
  const auto from = time_of(request, "from",
                            zone.start_after(query::PeriodKind::day, end - Millis{1},
                                             by_hour ? 0 : 1 - kGainDaysDefault));
  if (!from) return std::unexpected{from.error()};
  if (*from > *to) {
    return std::unexpected{ApiError{400, "bad_range", "from is later than to", "from"}};
  }
  const std::size_t most = by_hour ? insight::kHourDaysMax : insight::kDaysMax;
  const auto wanted = zone.starts(query::PeriodKind::day, *from, end, most + 1);
  if (wanted.size() > most + 1) {
    return std::unexpected{
        ApiError{400, "bad_range", "at most " + std::to_string(most) + " days at once", "from"}};
  }
  insight::Gains gains;
  if (wanted.size() >= 2) {
    const UtcMillis before = wanted.front() - insight::kRatingDays * Millis{std::chrono::hours{24}};
    insight::GainQuery asked{.device = request.id,
                             .days = zone.starts(query::PeriodKind::day, before, end,
                                                 wanted.size() + insight::kRatingDays),
                             .by_hour = by_hour,
                             .now = request.now};
    asked.first = asked.days.size() - wanted.size();
    auto found = ledger.gains(reader, {.place = site->place, .nominal = site->panel}, asked);
    if (!found) return std::unexpected{unavailable(found.error())};
    gains = std::move(*found);
  }
  return Answer{.body = insight::to_json(gains, by_hour)};
}

Outcome GetSky::operator()(const Request& request) const {
  if (const auto view = device_of(request, board); !view) return std::unexpected{view.error()};
  const auto sky = registry.sky(request.id, request.parameter("day"), request.now);
  if (!sky && sky.error() == devices::SkyError::no_site) {
    return std::unexpected{
        ApiError{404, "no_site", "this tracker has no site, so its sky is not known"}};
  }
  if (!sky) {
    return std::unexpected{ApiError{400, "bad_day", "day is not a date such as 2026-11-22", "day"}};
  }
  Answer answer{.body = "{"};
  std::string& out = answer.body;
  append_time("sunrise", sky->sunrise, out);
  out.push_back(',');
  append_time("sunset", sky->sunset, out);
  append_list(
      "t", sky->times, [&](UtcMillis at) { out.append(std::to_string(at.unix_ms())); }, out);
  const auto append_angle = [&](Degrees angle) { append_degrees(angle, out); };
  append_list("azimuth_deg", sky->azimuths, append_angle, out);
  append_list("elevation_deg", sky->elevations, append_angle, out);
  out.push_back('}');
  return answer;
}

}  // namespace idast::api
