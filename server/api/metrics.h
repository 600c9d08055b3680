#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace idast::api {

// Figures in Prometheus' text format 0.0.4, in the order in which their names first came. A name
// may come again with other labels. By value, one thread.
class Metrics {
 public:
  using Labels = std::vector<std::pair<std::string_view, std::string>>;
  // Names end in _total by Prometheus' custom.
  void counter(std::string_view name, std::string_view about, double value,
               const Labels& labels = {});
  void gauge(std::string_view name, std::string_view about, double value,
             const Labels& labels = {});
  // Everything of another, behind this one's own.
  void add(const Metrics& other);
  std::string print() const;

 private:
  struct Family {
    std::string_view kind;
    std::string about;
    std::string lines;
  };
  void line(std::string_view kind, std::string_view name, std::string_view about, double value,
            const Labels& labels);

  std::vector<std::string> order_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace idast::api
