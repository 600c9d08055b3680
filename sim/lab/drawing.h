#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/lab.h"

// Pictures of a day in the lab, as SVG text without script or outside reference. Each is 480 units
// wide, so that it reads on a phone and two stand side by side on a desk. Colours and fonts come
// from picture_style(): once in a page, or inside a picture that stands alone. Pure; any thread.
namespace idast::sim {

struct LawRun {
  LabLaw law;
  LabResult result;  // with minutes, else what needs them is an empty picture
};

// What was run under one sky, all with the same body.
struct ReportDay {
  std::string name;  // of the file, as given
  std::string day;   // YYYY-MM-DD
  sun::Place place;
  std::vector<LawRun> runs;
};

// The run that is looked at most closely: hybrid's, else the first of a law with motors; or none.
const LawRun* closest_look(const ReportDay& day);

std::string draw_irradiance(const ReportDay& day);  // GHI, DNI, DHI over time by the sun
std::string draw_capture(const ReportDay& day);     // of each law, bars
std::string draw_pointing(const ReportDay& day);    // error over time, laws with motors
std::string draw_dome(const ReportDay& day);        // paths of the sun and of the panel
std::string draw_states(const ReportDay& day);      // ribbons, laws with motors
// Where the light of a cloudless day went, in watt-hours of the closest look's panel: light is
// counted at what the panel made of a Wh/m² on average that day.
std::string draw_losses(const ReportDay& day);

// CSS for the classes that the pictures use, light and dark.
std::string_view picture_style();
// The picture as a file of its own.
std::string standing_alone(const std::string& picture);

// As text of XML and HTML: no character of it has a meaning there. What is no UTF-8, or a control
// character, becomes "?".
std::string escaped(std::string_view text);
// With this many decimals; "–" when absent or no number.
std::string decimal(std::optional<double> value, int decimals);

}  // namespace idast::sim
