#include "server/api/assets.h"

#include <algorithm>

namespace idast::api {
namespace {

// Addresses that the page itself resolves (SCREENS.md §0); they all get index.html.
constexpr std::string_view kPageAddresses[] = {"/t/",   "/fleet",     "/alerts", "/setup",
                                               "/wall", "/settings/", "/p/"};

bool is_page_address(std::string_view path) {
  return std::any_of(std::begin(kPageAddresses), std::end(kPageAddresses),
                     [path](std::string_view address) {
                       return address.ends_with('/') ? path.starts_with(address) : path == address;
                     });
}

const Asset* asset_at(std::string_view path, std::span<const Asset> from) {
  const auto found = std::find_if(from.begin(), from.end(),
                                  [path](const Asset& asset) { return asset.path == path; });
  return found != from.end() ? &*found : nullptr;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Whether a comma-separated list has the token; an encoding with ";q=0" is refused by the browser.
bool accepts(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const std::string_view word = trimmed(item.substr(0, item.find(';')));
    if (word != token && word != "*") continue;
    const std::size_t q = item.find("q=0");
    return q == std::string_view::npos ||
           item.substr(q + 3).find_first_of("123456789") != std::string_view::npos;
  }
  return false;
}

bool has_etag(std::string_view list, std::string_view etag) {
  return trimmed(list) == "*" || list.find(etag) != std::string_view::npos;
}

}  // namespace

std::optional<Answer> find_page(std::string_view path, const Preferences& wants,
                                std::span<const Asset> from) {
  const bool is_root = path == "/" || is_page_address(path);
  const Asset* const asset = asset_at(is_root ? "/index.html" : path, from);
  if (asset == nullptr && !is_root) return std::nullopt;
  if (asset == nullptr) {
    return Answer{.status = 503,
                  .type = "text/html; charset=utf-8",
                  .body =
                      "<!doctype html><title>IDAST</title><h1>The page is not built in</h1>"
                      "<p>This program was built without its page. Run <code>./dev build</code>"
                      " in the source folder; the values are at "
                      "<a href=\"/api/latest\">/api/latest</a>.</p>\n"};
  }
  std::string_view bytes = asset->plain;
  std::string_view coding;
  if (!asset->gzip.empty() && accepts(wants.accept_encoding, "gzip")) {
    bytes = asset->gzip;
    coding = "gzip";
  }
  if (!asset->brotli.empty() && accepts(wants.accept_encoding, "br")) {
    bytes = asset->brotli;
    coding = "br";
  }
  std::string etag = "\"";
  etag.append(asset->etag).append(coding.empty() ? "" : "-").append(coding).append("\"");
  Answer answer{.type = std::string{asset->type}};
  answer.headers = {
      {"ETag", etag},
      {"Vary", "Accept-Encoding"},
      {"Cache-Control", asset->hashed ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (has_etag(wants.if_none_match, etag)) {
    answer.status = 304;
    return answer;
  }
  if (!coding.empty()) answer.headers.emplace_back("Content-Encoding", coding);
  answer.body = bytes;
  return answer;
}

}  // namespace idast::api
