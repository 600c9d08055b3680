#pragma once
#include <filesystem>
#include <iosfwd>

// idast verify: is what is stored whole, and does it agree with itself?
//
// --json writes
// {"schema":1,"ok":true,"checks":[{"name","about","looked_at","faults","examples":[…]}]}.
namespace idast::cli {

struct VerifyOptions {
  std::filesystem::path database{};
  std::filesystem::path archive{};  // The folder of the archive; it need not be there.
  bool thinned = false;             // The station leaves samples out on purpose.
  bool json = false;
  bool terminal = false;
};
// 0 nothing is wrong; 1 something is, or nothing could be looked at.
int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err);

}  // namespace idast::cli
