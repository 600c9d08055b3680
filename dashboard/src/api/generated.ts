// Printed by `idast schema ts`; do not edit. Source: core/telemetry/schema.h
export const fields = {
  mode: { json: "mode", column: "mode", kind: "text", unit: "", decimals: 0, max_length: 16, label: "Mode", about: "live, demo or sim." },
  device_name: { json: "deviceName", column: "device_name", kind: "text", unit: "", decimals: 0, max_length: 64, label: "Phone", about: "Label of the phone now charging." },
  top: { json: "top", column: "top", kind: "number", unit: "", decimals: 0, min: 0, max: 4095, label: "Light, top", about: "LDR counts." },
  left: { json: "left", column: "left", kind: "number", unit: "", decimals: 0, min: 0, max: 4095, label: "Light, left", about: "LDR counts." },
  right: { json: "right", column: "right", kind: "number", unit: "", decimals: 0, min: 0, max: 4095, label: "Light, right", about: "LDR counts." },
  avg: { json: "avg", column: "avg", kind: "number", unit: "", decimals: 0, min: 0, max: 4095, label: "Light, mean", about: "(left + right) / 2." },
  horizontal_error: { json: "horizontalError", column: "horizontal_error", kind: "number", unit: "", decimals: 0, min: -4095, max: 4095, label: "Horizontal error", about: "left - right." },
  vertical_error: { json: "verticalError", column: "vertical_error", kind: "number", unit: "", decimals: 0, min: -4095, max: 4095, label: "Vertical error", about: "top - avg." },
  tilt_angle: { json: "tiltAngle", column: "tilt_angle", kind: "number", unit: "°", decimals: 0, min: 0, max: 180, label: "Tilt servo", about: "Servo degrees." },
  pan_angle: { json: "panAngle", column: "pan_angle", kind: "number", unit: "°", decimals: 0, min: 0, max: 180, label: "Pan servo", about: "Servo degrees." },
  pan_target: { json: "panTarget", column: "pan_target", kind: "number", unit: "°", decimals: 0, min: 0, max: 180, label: "Pan target", about: "Servo degrees." },
  manual: { json: "manual", column: "manual", kind: "boolean", unit: "", decimals: 0, label: "Manual", about: "Manual mode." },
  steady: { json: "steady", column: "steady", kind: "boolean", unit: "", decimals: 0, label: "Steady", about: "Locked, else tracking." },
  power_w: { json: "powerW", column: "power_w", kind: "number", unit: "W", decimals: 2, min: -99999999.99, max: 99999999.99, label: "Panel power", about: "Panel output, measured or estimated." },
  power_actual_w: { json: "powerActualW", column: "power_actual_w", kind: "number", unit: "W", decimals: 2, min: -99999999.99, max: 99999999.99, label: "Measured power", about: "Measured volts times amperes only." },
  temp_c: { json: "tempC", column: "temp_c", kind: "number", unit: "°C", decimals: 1, min: -999999999.9, max: 999999999.9, label: "Panel temperature", about: "Panel back temperature." },
  battery_pct: { json: "batteryPct", column: "battery_pct", kind: "number", unit: "%", decimals: 1, min: -9999.9, max: 9999.9, label: "Battery", about: "State of charge." },
  battery_v: { json: "batteryV", column: "battery_v", kind: "number", unit: "V", decimals: 2, min: -9999.99, max: 9999.99, label: "Battery voltage", about: "Volts at the battery." },
  efficiency: { json: "efficiency", column: "efficiency", kind: "number", unit: "%", decimals: 1, min: -99999.9, max: 99999.9, label: "Charge efficiency", about: "Power into the battery over panel power." },
  energy_wh: { json: "energyWh", column: "energy_wh", kind: "number", unit: "Wh", decimals: 3, min: -999999999.999, max: 999999999.999, label: "Energy", about: "Cumulative panel energy; a fall starts a new count." },
  energy_kwh: { json: "energyKWh", column: "energy_kwh", kind: "number", unit: "kWh", decimals: 6, min: -999999.999999, max: 999999.999999, label: "Energy", about: "Cumulative panel energy." },
  co2_kg: { json: "co2kg", column: "co2_kg", kind: "number", unit: "kg", decimals: 4, min: -99999999.9999, max: 99999999.9999, label: "CO2 avoided", about: "energy_kwh times the grid factor." },
  trees: { json: "trees", column: "trees", kind: "number", unit: "", decimals: 4, min: -99999999.9999, max: 99999999.9999, label: "Trees", about: "co2_kg / 21.77." },
  phones: { json: "phones", column: "phones", kind: "number", unit: "", decimals: 3, min: -999999999.999, max: 999999999.999, label: "Phones", about: "energy_wh / 12." },
  phone_minutes: { json: "phoneMinutes", column: "phone_minutes", kind: "number", unit: "min", decimals: 0, min: -999999999999, max: 999999999999, label: "Phone minutes", about: "energy_wh times 60." },
  pesos: { json: "pesos", column: "pesos", kind: "number", unit: "", decimals: 2, min: -9999999999.99, max: 9999999999.99, label: "Savings", about: "energy_kwh times price." },
  grid_price: { json: "gridPrice", column: "grid_price", kind: "number", unit: "", decimals: 2, min: 0, max: 1000, label: "Grid price", about: "Price per kWh in the site's currency." },
  boot_id: { json: "boot", column: "boot_id", kind: "text", unit: "", decimals: 0, max_length: 16, label: "Boot", about: "Random, new at every start." },
  seq: { json: "seq", column: "seq", kind: "number", unit: "", decimals: 0, min: 0, max: 9007199254740991, label: "Sequence", about: "Counts samples without holes." },
  seq_from: { json: "seqFrom", column: "seq_from", kind: "number", unit: "", decimals: 0, min: 0, max: 9007199254740991, label: "Sequence from", about: "First sample a summary stands for." },
  uptime_ms: { json: "uptimeMs", column: "uptime_ms", kind: "number", unit: "ms", decimals: 0, min: 0, max: 9007199254740991, label: "Uptime", about: "Since boot, monotonic." },
  state: { json: "state", column: "state", kind: "text", unit: "", decimals: 0, max_length: 16, label: "State", about: "acquire track diffuse stow night manual fault." },
  state_reason: { json: "stateReason", column: "state_reason", kind: "text", unit: "", decimals: 0, max_length: 32, label: "Reason", about: "Why the state was entered." },
  trim_azimuth_deg: { json: "trimAzimuthDeg", column: "trim_azimuth_deg", kind: "number", unit: "°", decimals: 2, min: -180, max: 180, label: "Azimuth trim", about: "Mount error learned." },
  trim_elevation_deg: { json: "trimElevationDeg", column: "trim_elevation_deg", kind: "number", unit: "°", decimals: 2, min: -90, max: 90, label: "Elevation trim", about: "Mount error learned." },
  azimuth_deg: { json: "azimuthDeg", column: "azimuth_deg", kind: "number", unit: "°", decimals: 2, min: 0, max: 360, label: "Panel azimuth", about: "Clockwise from true north." },
  elevation_deg: { json: "elevationDeg", column: "elevation_deg", kind: "number", unit: "°", decimals: 2, min: -90, max: 90, label: "Panel elevation", about: "Above the horizon." },
  sun_azimuth_deg: { json: "sunAzimuthDeg", column: "sun_azimuth_deg", kind: "number", unit: "°", decimals: 2, min: 0, max: 360, label: "Sun azimuth", about: "The device's own ephemeris." },
  sun_elevation_deg: { json: "sunElevationDeg", column: "sun_elevation_deg", kind: "number", unit: "°", decimals: 2, min: -90, max: 90, label: "Sun elevation", about: "The device's own ephemeris." },
  bottom: { json: "bottom", column: "bottom", kind: "number", unit: "", decimals: 0, min: 0, max: 4095, label: "Light, bottom", about: "LDR counts." },
  panel_v: { json: "panelV", column: "panel_v", kind: "number", unit: "V", decimals: 2, min: -9999.99, max: 9999.99, label: "Panel voltage", about: "Volts." },
  panel_a: { json: "panelA", column: "panel_a", kind: "number", unit: "A", decimals: 3, min: -9999.999, max: 9999.999, label: "Panel current", about: "Amperes." },
  battery_a: { json: "batteryA", column: "battery_a", kind: "number", unit: "A", decimals: 3, min: -9999.999, max: 9999.999, label: "Battery current", about: "Positive when charging." },
  servo_wh: { json: "servoWh", column: "servo_wh", kind: "number", unit: "Wh", decimals: 3, min: 0, max: 999999999.999, label: "Motion energy", about: "Cumulative." },
  device_wh: { json: "deviceWh", column: "device_wh", kind: "number", unit: "Wh", decimals: 3, min: 0, max: 999999999.999, label: "Electronics energy", about: "Cumulative." },
  wind_ms: { json: "windMs", column: "wind_ms", kind: "number", unit: "m/s", decimals: 1, min: 0, max: 120, label: "Wind", about: "Where an anemometer is fitted." },
  estimated: { json: "estimated", column: "estimated", kind: "keys", unit: "", decimals: 0, label: "Estimated", about: "Keys that are estimates." },
} as const;

export type Column = keyof typeof fields;

export type Row = {
  id: number | null;
  ts: string;
  device_id: string;
  mode: string | null;
  device_name: string | null;
  top: number | null;
  left: number | null;
  right: number | null;
  avg: number | null;
  horizontal_error: number | null;
  vertical_error: number | null;
  tilt_angle: number | null;
  pan_angle: number | null;
  pan_target: number | null;
  manual: number | null;
  steady: number | null;
  power_w: number | null;
  power_actual_w: number | null;
  temp_c: number | null;
  battery_pct: number | null;
  battery_v: number | null;
  efficiency: number | null;
  energy_wh: number | null;
  energy_kwh: number | null;
  co2_kg: number | null;
  trees: number | null;
  phones: number | null;
  phone_minutes: number | null;
  pesos: number | null;
  grid_price: number | null;
  boot_id: string | null;
  seq: number | null;
  seq_from: number | null;
  uptime_ms: number | null;
  state: string | null;
  state_reason: string | null;
  trim_azimuth_deg: number | null;
  trim_elevation_deg: number | null;
  azimuth_deg: number | null;
  elevation_deg: number | null;
  sun_azimuth_deg: number | null;
  sun_elevation_deg: number | null;
  bottom: number | null;
  panel_v: number | null;
  panel_a: number | null;
  battery_a: number | null;
  servo_wh: number | null;
  device_wh: number | null;
  wind_ms: number | null;
  estimated: string[] | null;
};
