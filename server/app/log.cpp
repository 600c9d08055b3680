#include "server/app/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "core/telemetry/row.h"

namespace idast::app {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

struct PrintValue {
  LogFormat format;
  std::string& out;
  void operator()(std::string_view text) const {
    const bool plain = format == LogFormat::text && !text.empty() &&
                       text.find_first_of(" \"\\\n\t=") == std::string_view::npos;
    if (plain) {
      out.append(text);
    } else {
      telemetry::print_text(text, out);
    }
  }
  void operator()(std::int64_t value) const { out.append(std::to_string(value)); }
  void operator()(double value) const { out.append(fmt::format("{}", value)); }
  void operator()(bool value) const { out.append(value ? "true" : "false"); }
};

}  // namespace

std::string to_line(LogFormat format, std::string_view event, const Fields& fields) {
  std::string out;
  if (format == LogFormat::text) {
    out.append(event);
    for (const Field& field : fields) {
      out.append(" ").append(field.name).append("=");
      std::visit(PrintValue{format, out}, field.value);
    }
    return out;
  }
  out.append(R"("event":)");
  telemetry::print_text(event, out);
  for (const Field& field : fields) {
    out.append(",\"").append(field.name).append("\":");
    std::visit(PrintValue{format, out}, field.value);
  }
  out.append("}");
  return out;
}

Log::Log(LogFormat format)
    : format_{format},
      logger_{std::make_shared<spdlog::logger>("idast",
                                               std::make_shared<spdlog::sinks::stderr_sink_mt>())} {
  const char* const pattern = format == LogFormat::json
                                  ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v)"
                                  : "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
  logger_->set_pattern(pattern, spdlog::pattern_time_type::utc);
  logger_->flush_on(spdlog::level::info);
}

Log::~Log() = default;

void Log::write(Level level, std::string_view event, const Fields& fields) const {
  if (!logger_->should_log(to_spdlog(level))) return;
  logger_->log(to_spdlog(level), to_line(format_, event, fields));
}

}  // namespace idast::app
