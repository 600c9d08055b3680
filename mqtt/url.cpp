#include "mqtt/url.h"

#include <charconv>
#include <system_error>

namespace idast::mqtt {
namespace {

// RFC 1035: 253 characters; what is longer is a mistake and would only fail later.
constexpr std::size_t kHostBytesMax = 253;

bool host_character(char c) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return letter || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool address_character(char c) { return host_character(c) || c == ':' || c == '%'; }

bool valid_host(std::string_view host, bool bracketed) {
  if (host.empty() || host.size() > kHostBytesMax) return false;
  for (const char c : host) {
    if (!(bracketed ? address_character(c) : host_character(c))) return false;
  }
  return true;
}

std::unexpected<std::string> fault(std::string_view url, std::string_view words) {
  std::string text = "broker address \"";
  text.append(url).append("\": ").append(words);
  return std::unexpected{std::move(text)};
}

}  // namespace

std::expected<Endpoint, std::string> parse_url(std::string_view url) {
  constexpr std::string_view kForm = "expected mqtt://host:port or mqtts://host:port";
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return fault(url, kForm);
  const std::string_view scheme = url.substr(0, colon);
  if (scheme != "mqtt" && scheme != "mqtts") return fault(url, kForm);

  std::string_view rest = url.substr(colon + 3);
  if (rest.find('@') != std::string_view::npos) {
    // The address is not repeated here: it holds a secret.
    return std::unexpected<std::string>{
        "broker address: user and password do not belong in it; give them by file or environment"};
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);

  Endpoint endpoint{.host = {}, .port = kPlainPort, .tls = scheme == "mqtts"};
  if (endpoint.tls) endpoint.port = kTlsPort;
  const bool bracketed = rest.starts_with('[');
  const std::size_t host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) return fault(url, "] is missing");
  const std::string_view host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  if (!valid_host(host, bracketed)) {
    return fault(url, bracketed ? "no IPv6 address between [ and ]" : "no valid host name");
  }
  endpoint.host = host;

  rest = host_end == std::string_view::npos ? std::string_view{}
                                            : rest.substr(host_end + (bracketed ? 1 : 0));
  if (rest.empty()) return endpoint;
  if (rest[0] != ':') return fault(url, kForm);
  rest.remove_prefix(1);
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), endpoint.port);
  if (error != std::errc{} || end != rest.data() + rest.size() || endpoint.port == 0) {
    return fault(url, "the port must be a number from 1 to 65535");
  }
  return endpoint;
}

std::string to_url(const Endpoint& endpoint) {
  const bool address = endpoint.host.find(':') != std::string::npos;
  std::string url = endpoint.tls ? "mqtts://" : "mqtt://";
  if (address) url.push_back('[');
  url.append(endpoint.host);
  if (address) url.push_back(']');
  url.push_back(':');
  return url.append(std::to_string(endpoint.port));
}

}  // namespace idast::mqtt
