#include "tools/command_line/command_line.h"

#include <algorithm>
#include <iostream>

#include <CLI/CLI.hpp>

namespace idast::command_line {
namespace {

// CLI11 takes -1 for the largest number there is.
std::string fault_below_zero(const std::string& word) {
  return word.starts_with('-') ? word + " is below zero" : std::string{};
}

}  // namespace

Option Option::required() {
  option_->required();
  return *this;
}

Option Option::capture_default_str() {
  option_->capture_default_str();
  return *this;
}

Option Option::option_text(const std::string& text) {
  option_->option_text(text);
  return *this;
}

Option Option::envname(const std::string& name) {
  option_->envname(name);
  return *this;
}

Option Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}

Option Option::range(int from, int to) {
  option_->check(CLI::Range(from, to));
  return *this;
}

Option Option::range(double from, double to) {
  option_->check(CLI::Range(from, to));
  return *this;
}

Option Option::one_of(std::vector<std::string> words) {
  option_->check(CLI::IsMember(std::move(words)));
  return *this;
}

Option Option::existing_file() {
  option_->check(CLI::ExistingFile);
  return *this;
}

Command Command::add_subcommand(const std::string& name, const std::string& about) {
  return Command{*app_->add_subcommand(name, about)};
}

void Command::require_subcommand() { app_->require_subcommand(1); }

template <Value T>
Option Command::add_option(const std::string& name, T& value, const std::string& about) {
  CLI::Option* const option = app_->add_option(name, value, about);
  if constexpr (std::same_as<T, std::uint64_t> || std::same_as<T, std::vector<std::uint64_t>>) {
    option->check(fault_below_zero);
  }
  return Option{*option};
}

template Option Command::add_option(const std::string&, std::string&, const std::string&);
template Option Command::add_option(const std::string&, std::optional<std::string>&,
                                    const std::string&);
template Option Command::add_option(const std::string&, std::vector<std::string>&,
                                    const std::string&);
template Option Command::add_option(const std::string&, int&, const std::string&);
template Option Command::add_option(const std::string&, std::optional<int>&, const std::string&);
template Option Command::add_option(const std::string&, double&, const std::string&);
template Option Command::add_option(const std::string&, std::optional<double>&, const std::string&);
template Option Command::add_option(const std::string&, std::int64_t&, const std::string&);
template Option Command::add_option(const std::string&, std::uint64_t&, const std::string&);
template Option Command::add_option(const std::string&, std::vector<std::uint64_t>&,
                                    const std::string&);

Option Command::add_option_function(const std::string& name, std::function<void(double)> take,
                                    const std::string& about) {
  return Option{*app_->add_option_function<double>(
      name, [take = std::move(take)](const double& value) { take(value); }, about)};
}

Option Command::add_word(const std::string& name, std::vector<std::string> words,
                         std::function<void(std::size_t)> take, const std::string& about) {
  const auto choose = [words, take = std::move(take)](const std::string& word) {
    // IsMember has refused what is not among them.
    take(static_cast<std::size_t>(std::ranges::find(words, word) - words.begin()));
  };
  return Option{*app_->add_option_function<std::string>(name, choose, about)
                     ->check(CLI::IsMember(std::move(words)))};
}

void Command::add_flag(const std::string& name, bool& value, const std::string& about) {
  app_->add_flag(name, value, about);
}

void Command::footer(const std::string& text) { app_->footer(text); }

void Command::callback(std::function<void()> run) { app_->callback(std::move(run)); }

Program::Program(const std::string& name, const std::string& about)
    : Program{std::make_unique<CLI::App>(about, name)} {}

Program::Program(std::unique_ptr<CLI::App> app) : Command{*app}, owned_{std::move(app)} {}

Program::~Program() = default;

void Program::version(const std::string& text) { app_->set_version_flag("--version", text); }

std::optional<int> Program::parse(const std::vector<std::string>& words, std::ostream& out,
                                  std::ostream& err) {
  try {
    app_->parse(std::vector<std::string>{words.rbegin(), words.rend()});  // Last word first.
  } catch (const CLI::ParseError& error) {
    const bool asked = error.get_exit_code() == 0;  // --help and --version end this way too.
    app_->exit(error, out, err);
    return asked ? 0 : kUsage;
  }
  return std::nullopt;
}

std::optional<int> Program::parse(int count, const char* const* words) {
  return parse({words + std::min(count, 1), words + count}, std::cout, std::cerr);
}

}  // namespace idast::command_line
