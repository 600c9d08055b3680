#pragma once
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/time.h"

// What an endpoint is given and what it gives back; nothing here knows a socket.
namespace idast::api {

struct Parameter {
  std::string name;
  std::string value;
};

struct Request {
  std::string path;                     // Decoded, from the root.
  std::vector<Parameter> parameters{};  // Decoded, in their order.
  std::string id{};                     // What stood for {id} in the route's pattern.
  UtcMillis now{};

  // The last one of that name; an empty value counts as absent.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

// An error as a client sees it. `id` is stable, `message` is for a person, `field` names the
// parameter at fault or is empty.
struct ApiError {
  int status = 500;
  std::string id;
  std::string message;
  std::string field{};
};

using Headers = std::vector<std::pair<std::string, std::string>>;

// Appends the next piece of a long answer; false: that was the last. An error cuts the connection,
// which is the only way left to say that the answer is not whole.
using More = std::function<std::expected<bool, ApiError>(std::string& out)>;

struct Answer {
  int status = 200;
  std::string type = "application/json";
  std::string body{};
  Headers headers{};
  More more{};  // Absent: `body` is everything.
};

using Outcome = std::expected<Answer, ApiError>;

// {"error":{"id","message","field"}}, or on the original routes {"ok":false,"error":"words"}.
Answer to_answer(const ApiError& error, bool original);

}  // namespace idast::api
