#include "tools/command_line/command_line.h"

#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace idast;

namespace {

enum class Colour : std::uint8_t { red, green };

// What a line was understood as.
struct Line {
  std::string file;
  std::optional<double> share;
  std::vector<std::string> laws;
  std::vector<std::uint64_t> seeds;
  Colour colour = Colour::red;
  double angle = 0;
  bool forced = false;
  std::optional<int> code;
  std::string out, err;
};

Line read(const std::vector<std::string>& words) {
  Line line;
  command_line::Program program{"reader", "Reads a line."};
  program.version("1.2.3");
  program.add_option("FILE", line.file, "what to read").required();
  program.add_option("--share", line.share, "a part").range(0.0, 1.0);
  program.add_option("--law", line.laws, "some laws").delimiter(',').one_of({"naive", "hybrid"});
  program.add_option("--seeds", line.seeds, "which");
  program.add_choice<Colour>("--colour", line.colour,
                             {{"red", Colour::red}, {"green", Colour::green}}, "of the line");
  program.add_option_function("--angle", [&](double angle) { line.angle = angle; }, "leaning");
  program.add_flag("--force", line.forced, "whatever is there");
  std::ostringstream out, err;
  line.code = program.parse(words, out, err);
  line.out = out.str();
  line.err = err.str();
  return line;
}

}  // namespace

TEST_CASE("what is on the line is in the variables, what is not is as it was") {
  const Line line = read({"a.csv", "--share", "0.25", "--law", "naive,hybrid", "--seeds", "7",
                          "18446744073709551615", "--colour", "green", "--angle=-2.5", "--force"});
  CHECK(!line.code);
  CHECK(line.file == "a.csv");
  CHECK(line.share == 0.25);
  CHECK(line.laws == std::vector<std::string>{"naive", "hybrid"});
  CHECK(line.seeds == std::vector<std::uint64_t>{7, 18'446'744'073'709'551'615U});
  CHECK(line.colour == Colour::green);
  CHECK(line.angle == -2.5);
  CHECK(line.forced);
  CHECK((line.out + line.err).empty());

  const Line bare = read({"b.csv"});
  CHECK(!bare.code);
  CHECK(!bare.share);
  CHECK(bare.laws.empty());
  CHECK(bare.colour == Colour::red);
  CHECK(!bare.forced);
}

TEST_CASE("a line that cannot be understood is a wrong use, and said on the error stream") {
  const std::vector<std::string> wrong[] = {
      {},
      {"a.csv", "--share", "1.5"},
      {"a.csv", "--share", "much"},
      {"a.csv", "--law", "naive,oracle"},
      {"a.csv", "--seeds", "-1"},
      {"a.csv", "--colour", "blue"},
      {"a.csv", "--unknown"},
      {"a.csv", "b.csv"},
  };
  for (const auto& words : wrong) {
    std::string line_said;
    for (const std::string& word : words) line_said += word + " ";
    CAPTURE(line_said);
    const Line line = read(words);
    CHECK(line.code == command_line::kUsage);
    CHECK(line.out.empty());
    CHECK(!line.err.empty());
    CHECK(line.colour == Colour::red);
  }
}

TEST_CASE("help and version end the program well, and show what an option takes") {
  const Line help = read({"--help"});
  CHECK(help.code == 0);
  CHECK(help.out.find("--share") != std::string::npos);
  CHECK(help.out.find("green") != std::string::npos);
  CHECK(help.err.empty());
  const Line version = read({"--version"});
  CHECK(version.code == 0);
  CHECK(version.out == "1.2.3\n");
}

TEST_CASE("one subcommand is asked for, and runs when the whole line is understood") {
  const auto run = [](const std::vector<std::string>& words) {
    std::string ran;
    int count = 0;
    command_line::Program program{"many", ""};
    program.require_subcommand();
    for (const char* name : {"first", "second"}) {
      command_line::Command command = program.add_subcommand(name, "");
      command.add_option("--count", count, "").capture_default_str();
      command.callback([&ran, &count, name] { ran += name + std::to_string(count); });
    }
    std::ostringstream said;
    const auto code = program.parse(words, said, said);
    return code ? "exit " + std::to_string(*code) : ran;
  };
  CHECK(run({"second", "--count", "3"}) == "second3");
  CHECK(run({"first"}) == "first0");
  CHECK(run({}) == "exit 2");
  CHECK(run({"third"}) == "exit 2");
  CHECK(run({"first", "--count", "x"}) == "exit 2");
}
