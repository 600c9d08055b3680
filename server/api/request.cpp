#include "server/api/request.h"

#include "core/telemetry/row.h"

namespace idast::api {

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (auto found = parameters.rbegin(); found != parameters.rend(); ++found) {
    if (found->name != name) continue;
    if (found->value.empty()) return std::nullopt;
    return found->value;
  }
  return std::nullopt;
}

Answer to_answer(const ApiError& error, bool original) {
  Answer answer{.status = error.status};
  if (original) {
    answer.body = R"({"ok":false,"error":)";
    telemetry::print_text(error.message, answer.body);
    answer.body.append("}");
    return answer;
  }
  answer.body = R"({"error":{"id":)";
  telemetry::print_text(error.id, answer.body);
  answer.body.append(R"(,"message":)");
  telemetry::print_text(error.message, answer.body);
  if (!error.field.empty()) {
    answer.body.append(R"(,"field":)");
    telemetry::print_text(error.field, answer.body);
  }
  answer.body.append("}}");
  return answer;
}

}  // namespace idast::api
