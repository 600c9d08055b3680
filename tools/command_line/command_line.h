#pragma once
#include <concepts>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// What a program takes on its command line: CLI11, compiled once in command_line.cpp. Under the
// sanitizers it costs a compiler more than any file of ours, and twenty of them want options.
//
// Names and meanings are CLI11's. What an option writes into must live until parse() has returned.
// A name without dashes is a position ("FILE"), with dashes an option ("--from").
namespace idast::command_line {

// The exit code of a program that was used wrongly.
inline constexpr int kUsage = 2;

// What a word of the command line can become. An optional stays empty, and a vector too, when the
// option is not given.
template <typename T>
concept Value = std::same_as<T, std::string> || std::same_as<T, std::optional<std::string>> ||
                std::same_as<T, std::vector<std::string>> || std::same_as<T, int> ||
                std::same_as<T, std::optional<int>> || std::same_as<T, double> ||
                std::same_as<T, std::optional<double>> || std::same_as<T, std::int64_t> ||
                std::same_as<T, std::uint64_t> || std::same_as<T, std::vector<std::uint64_t>>;

// One option; a handle that can be copied, good as long as its Program.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_{&option} {}

  Option required();
  Option capture_default_str();                 // the help shows what the variable holds now
  Option option_text(const std::string& text);  // what the help shows in the place of the type
  Option envname(const std::string& name);      // the environment may give it instead
  Option delimiter(char between);               // --law naive,hybrid
  Option range(int from, int to);               // both are in it
  Option range(double from, double to);
  Option one_of(std::vector<std::string> words);
  Option existing_file();

 private:
  CLI::Option* option_;
};

// A program or one of its subcommands; a handle, like Option.
class Command {
 public:
  explicit Command(CLI::App& app) : app_{&app} {}

  Command add_subcommand(const std::string& name, const std::string& about);
  void require_subcommand();  // exactly one
  template <Value T>
  Option add_option(const std::string& name, T& value, const std::string& about);
  Option add_option_function(const std::string& name, std::function<void(double)> take,
                             const std::string& about);
  // One of some words, each with what it means.
  template <typename T>
  Option add_choice(const std::string& name, T& chosen,
                    std::vector<std::pair<std::string, T>> choices, const std::string& about) {
    std::vector<std::string> words;
    for (const auto& choice : choices) words.push_back(choice.first);
    return add_word(
        name, std::move(words),
        [&chosen, choices = std::move(choices)](std::size_t at) { chosen = choices[at].second; },
        about);
  }
  void add_flag(const std::string& name, bool& value, const std::string& about);
  void footer(const std::string& text);
  void callback(std::function<void()> run);  // when the whole line is understood

 protected:
  CLI::App* app_;

 private:
  // `take` gets the word's position in `words`.
  Option add_word(const std::string& name, std::vector<std::string> words,
                  std::function<void(std::size_t)> take, const std::string& about);
};

class Program : public Command {
 public:
  Program(const std::string& name, const std::string& about);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void version(const std::string& text);  // of --version
  // Writes into the variables and runs the callbacks, whose exceptions pass through. Returns the
  // exit code when the program has nothing more to do: 0 after --help and --version, which are
  // printed on `out`; kUsage after a fault, which is on `err`.
  std::optional<int> parse(const std::vector<std::string>& words, std::ostream& out,
                           std::ostream& err);
  // The same with what main() was given, on the standard streams.
  std::optional<int> parse(int count, const char* const* words);

 private:
  explicit Program(std::unique_ptr<CLI::App> app);
  std::unique_ptr<CLI::App> owned_;
};

}  // namespace idast::command_line
