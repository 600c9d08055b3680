#pragma once
#include <string_view>

namespace idast {

// A digit for each four bits, as every text of ours has them.
inline constexpr std::string_view kHexDigits = "0123456789abcdef";

}  // namespace idast
