#include "server/api/metrics.h"

#include <array>
#include <charconv>

namespace idast::api {
namespace {

void append_label(std::string_view value, std::string& out) {
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out.append("\\n");
      continue;
    }
    out.push_back(c);
  }
}

}  // namespace

void Metrics::counter(std::string_view name, std::string_view about, double value,
                      const Labels& labels) {
  line("counter", name, about, value, labels);
}

void Metrics::gauge(std::string_view name, std::string_view about, double value,
                    const Labels& labels) {
  line("gauge", name, about, value, labels);
}

void Metrics::line(std::string_view kind, std::string_view name, std::string_view about,
                   double value, const Labels& labels) {
  const auto [family, added] = families_.try_emplace(std::string{name});
  if (added) {
    order_.emplace_back(name);
    family->second.kind = kind;
    family->second.about = about;
  }
  std::string& out = family->second.lines;
  out.append(name);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    out.append(i == 0 ? "{" : ",").append(labels[i].first).append("=\"");
    append_label(labels[i].second, out);
    out.append("\"");
  }
  if (!labels.empty()) out.push_back('}');
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out.append(" ").append(digits.data(), end).append("\n");
}

void Metrics::add(const Metrics& other) {
  for (const std::string& name : other.order_) {
    const auto& [found, added] = families_.try_emplace(name, other.families_.at(name));
    if (added) {
      order_.push_back(name);
    } else {
      found->second.lines.append(other.families_.at(name).lines);
    }
  }
}

std::string Metrics::print() const {
  std::string out;
  for (const std::string& name : order_) {
    const Family& family = families_.at(name);
    out.append("# HELP ").append(name).append(" ").append(family.about).append("\n# TYPE ");
    out.append(name).append(" ").append(family.kind).append("\n").append(family.lines);
  }
  return out;
}

}  // namespace idast::api
