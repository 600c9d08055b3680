#include "sim/lab/report.h"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "sim/sky/modelled_sky.h"

using namespace idast;
using namespace idast::sim;
using namespace std::chrono_literals;

namespace {

constexpr sun::Place kBatangas{degrees(13.75f), degrees(121.05f), metres(10.f)};
constexpr UtcMillis kMidnight{1'742'400'000'000};  // 2025-03-19T16:00Z, about midnight there

ModelledSky sky_of(double clear_share, double overcast_share) {
  return ModelledSky{
      kBatangas,
      2,
      {.clear_share = clear_share, .overcast_share = overcast_share, .squall_share = 0.0}};
}

ReportDay morning(const Sky& sky, const std::vector<LabLaw>& laws) {
  ReportDay day{.name = "a.csv", .day = "2025-03-20", .place = sky.place(), .runs = {}};
  LabOptions options;
  options.keep_minutes = true;
  options.step = 1s;
  for (const LabLaw law : laws) {
    day.runs.push_back({law, run_lab(sky, kMidnight + 7h, kMidnight + 9h, law, options)});
  }
  return day;
}

std::string page_of(const ReportDay& day) {
  const std::vector<ReportDay> days{day};
  const std::vector<std::string> body{"The mount stands true."};
  return report_page(days, body);
}

bool holds(const std::string& text, const std::string& piece) {
  return text.find(piece) != std::string::npos;
}

// What XML forbids first, as words; empty when it is well-formed: elements nest, attributes are
// quoted, text has no stray markup, entities are of the five.
std::string xml_fault(std::string_view text) {
  std::vector<std::string> open;
  while (!text.empty()) {
    const std::size_t next = text.find('<');
    std::string_view words = text.substr(0, next);
    for (std::size_t at = words.find('&'); at != std::string_view::npos; at = words.find('&')) {
      words = words.substr(at);
      const auto known = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
      if (std::ranges::none_of(known, [&](auto entity) { return words.starts_with(entity); })) {
        return "a stray &: " + std::string{words.substr(0, 20)};
      }
      words = words.substr(1);
    }
    if (next == std::string_view::npos) break;
    text = text.substr(next);
    const std::size_t end = text.find('>');
    if (end == std::string_view::npos) return "an element that does not end";
    const std::string_view element = text.substr(1, end - 1);
    text = text.substr(end + 1);
    if (element.starts_with('!')) continue;
    if (std::ranges::count(element, '"') % 2 != 0) return "an open quote: " + std::string{element};
    const std::string name{
        element.substr(element.starts_with('/') ? 1 : 0,
                       element.find_first_of(" /\n", 1) - (element.starts_with('/') ? 1 : 0))};
    if (element.starts_with('/')) {
      if (open.empty() || open.back() != element.substr(1)) {
        return "</" + std::string{element.substr(1)} + "> closes " +
               (open.empty() ? "nothing" : open.back());
      }
      open.pop_back();
    } else if (!element.ends_with('/')) {
      open.push_back(name);
    }
  }
  return open.empty() ? "" : open.back() + " stays open";
}

}  // namespace

TEST_CASE("the check of XML sees what is wrong") {
  CHECK(xml_fault("<a><b c=\"d\"/>e &amp; f</a>") == "");
  CHECK(xml_fault("<a><b></a></b>") != "");
  CHECK(xml_fault("<a>x & y</a>") != "");
  CHECK(xml_fault("<a b=\"c></a>") != "");
  CHECK(xml_fault("<a>") != "");
}

TEST_CASE("a report is XML, names every law with its figures and asks nothing of the network") {
  const ModelledSky sky = sky_of(0.0, 0.0);
  const ReportDay day =
      morning(sky, {LabLaw::naive, LabLaw::hybrid, LabLaw::fixed, LabLaw::oracle});
  const std::string page = page_of(day);
  CHECK(xml_fault(page) == "");
  for (const LawRun& run : day.runs) {
    CHECK(holds(page, "<th>" + std::string{to_text(run.law)} + "</th>"));
    CHECK(holds(page, "<td>" + decimal(*run.result.figures.capture * 100.0, 2) + " %</td>"));
    CHECK(holds(page, "<td>" + decimal(run.result.figures.harvest_wh, 1) + " Wh</td>"));
  }
  CHECK(holds(page, escaped(headline(day))));
  CHECK(holds(page, escaped(ledger_sentence(day))));
  for (const char* outside : {"http", "src=", "href=", "url(", "@import", "//"}) {
    CHECK_FALSE(holds(page, outside));
  }
  for (const char* none : {"nan", "inf\"", "NaN"}) CHECK_FALSE(holds(page, none));
}

TEST_CASE("names of files are text in a report, whatever they hold") {
  ReportDay day = morning(sky_of(1.0, 0.0), {LabLaw::flat});
  day.name = "<script>alert('a')<b> & \"b\" \x01\xff.csv";
  const std::string page = page_of(day);
  CHECK(xml_fault(page) == "");
  CHECK_FALSE(holds(page, "<script>alert"));
  CHECK(holds(page, "&lt;script&gt;alert(&#39;a&#39;)&lt;b&gt; &amp; &quot;b&quot; ??.csv"));
}

TEST_CASE("the headline says what the day was and who caught what") {
  const ReportDay clear = morning(sky_of(1.0, 0.0), {LabLaw::ephemeris, LabLaw::hybrid});
  const std::string share = decimal(*clear.runs[1].result.figures.capture * 100.0, 1);
  CHECK(headline(clear).starts_with("On this clear day hybrid caught " + share + " % of what"));
  CHECK(holds(headline(clear), "; ephemeris "));
  CHECK(headline(morning(sky_of(0.0, 1.0), {LabLaw::flat})).starts_with("On this overcast day"));
  CHECK(headline(morning(sky_of(0.0, 0.0), {LabLaw::flat})).starts_with("On this broken day"));
}

TEST_CASE("the ledger says when tracking does not pay, and what would change that") {
  ReportDay day{.name = "a", .day = "b", .place = kBatangas, .runs = {}};
  const auto sentence = [&](double harvest, double electronics) {
    LabResult result;
    result.harvest_fixed_wh = 50.0;
    result.figures.harvest_wh = harvest;
    result.figures.servo_wh = 1.0;
    result.figures.electronics_wh = electronics;
    result.figures.net_gain = (harvest - 1.0 - electronics) / 50.0 - 1.0;
    day.runs = {{LabLaw::hybrid, result}};
    return ledger_sentence(day);
  };
  CHECK(holds(sentence(65.0, 4.0), "Tracking pays: +20.0 %."));
  CHECK(holds(sentence(55.0, 6.0),
              "Tracking is not paying here: -4.0 %. It would with electronics "
              "that use less than 4.0 Wh."));
  CHECK(holds(sentence(50.0, 6.0), "Nor would it with electronics that use nothing."));
  day.runs = {{LabLaw::fixed, {}}};
  CHECK(ledger_sentence(day).empty());
}

TEST_CASE("pictures stand alone as SVG, and need the minutes of a run") {
  const ReportDay day = morning(sky_of(1.0, 0.0), {LabLaw::hybrid});
  for (const auto& draw :
       {draw_irradiance, draw_capture, draw_pointing, draw_dome, draw_states, draw_losses}) {
    const std::string file = standing_alone(draw(day));
    CHECK(xml_fault(file) == "");
    CHECK(file.starts_with("<svg "));
    CHECK(holds(file, "xmlns=\"http://www.w3.org/2000/svg\""));
  }
  ReportDay bare = day;
  bare.runs[0].result.minutes.clear();
  CHECK(draw_pointing(bare).empty());
  CHECK(xml_fault(page_of(bare)) == "");
}

TEST_CASE("the waterfall ends at what is left over") {
  const ReportDay day = morning(sky_of(0.0, 0.0), {LabLaw::hybrid});
  const Figures& figures = day.runs[0].result.figures;
  const double left = figures.harvest_wh - *figures.servo_wh - *figures.electronics_wh;
  CHECK(holds(draw_losses(day), "left over: " + decimal(left, 2) + " Wh"));
  CHECK(holds(draw_losses(day), "harvest: " + decimal(figures.harvest_wh, 2) + " Wh"));
}
