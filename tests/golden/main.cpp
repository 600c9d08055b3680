#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "tests/golden/golden_day.h"

// golden_days FOLDER WHY: makes anew the references that no longer hold. ./dev golden runs it.
using namespace idast::tests;

namespace {

std::string read(const std::string& path) {
  std::ifstream file{path};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

int main(int count, char** words) {
  const std::string why = count == 3 ? words[2] : "";
  if (why.empty() || why.find('\n') != std::string::npos) {
    std::fprintf(stderr, "say in a line why the answers may change: ./dev golden \"why\"\n");
    return 2;
  }
  int made = 0;
  for (const GoldenDay& day : kGoldenDays) {
    const std::string path = std::string{words[1]} + "/" + file_name(day);
    const auto stamps = run(day);
    const auto differs = difference(day, read(path), stamps);
    if (!differs) continue;
    std::printf("%s\n%s\n", path.c_str(), differs->c_str());
    std::ofstream file{path};
    file << print(stamps, why);
    if (!file.flush()) {
      std::fprintf(stderr, "%s cannot be written\n", path.c_str());
      return 1;
    }
    ++made;
  }
  std::printf("%d of %zu references made anew\n", made, kGoldenDays.size());
  return 0;
}
