#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/api/request.h"

// The page, embedded in the program by embed.py from dashboard/dist. Immutable; any thread.
namespace idast::api {

struct Asset {
  std::string_view path;  // "/index.html"
  std::string_view type;
  std::string_view etag;  // Of the plain bytes, without quotes.
  std::string_view plain;
  std::string_view gzip;    // Empty when it would not be smaller.
  std::string_view brotli;  // Likewise, and when the page's build made none.
  bool hashed;              // The name changes with the content: cached for ever.
};

// Empty when the program was built without the page.
std::span<const Asset> assets();

// What a browser asks with.
struct Preferences {
  std::string_view accept_encoding;
  std::string_view if_none_match;
};

// The asset at this path; index.html for "/" and for the page's own addresses ("/t/NAME"). None
// for anything else. 304 when the browser already has it.
std::optional<Answer> find_page(std::string_view path, const Preferences& wants,
                                std::span<const Asset> from = assets());

// Scripts, styles and data from this server only, and nobody may frame it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace idast::api
