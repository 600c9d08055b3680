// Printed by `idast schema ts`; do not edit. Source: core/telemetry/schema.h

export const fields = {
  ts: { json: "timestamp", column: "ts", kind: "time", unit: "ms", decimals: 0, label: "Time", about: "When the sample was taken: Unix ms from 10^12 up, otherwise ms since the device started." },
  device_name: { json: "deviceName", column: "device_name", kind: "text", unit: "", decimals: 0, label: "Phone", about: "Label of the phone now charging; not the tracker's name." },
  top: { json: "top", column: "top", kind: "number", unit: "", decimals: 0, label: "Light, top", about: "Top light sensor, ADC counts 0-4095." },
  left: { json: "left", column: "left", kind: "number", unit: "", decimals: 0, label: "Light, left", about: "Left light sensor, ADC counts 0-4095." },
  right: { json: "right", column: "right", kind: "number", unit: "", decimals: 0, label: "Light, right", about: "Right light sensor, ADC counts 0-4095." },
  avg: { json: "avg", column: "avg", kind: "number", unit: "", decimals: 0, label: "Light, mean", about: "Mean of left and right, ADC counts." },
  horizontal_error: { json: "horizontalError", column: "horizontal_error", kind: "number", unit: "", decimals: 0, label: "Horizontal error", about: "Left minus right, ADC counts." },
  vertical_error: { json: "verticalError", column: "vertical_error", kind: "number", unit: "", decimals: 0, label: "Vertical error", about: "Top minus mean, ADC counts." },
  tilt_angle: { json: "tiltAngle", column: "tilt_angle", kind: "number", unit: "°", decimals: 0, label: "Tilt servo", about: "Tilt servo angle, 0-180; what it points at follows from the mount." },
  pan_angle: { json: "panAngle", column: "pan_angle", kind: "number", unit: "°", decimals: 0, label: "Pan servo", about: "Pan servo angle, 0-180; what it points at follows from the mount." },
  pan_target: { json: "panTarget", column: "pan_target", kind: "number", unit: "°", decimals: 0, label: "Pan target", about: "Angle that the pan servo is moving to." },
  manual: { json: "manual", column: "manual", kind: "boolean", unit: "", decimals: 0, label: "Manual", about: "A person has taken over the pointing." },
  steady: { json: "steady", column: "steady", kind: "boolean", unit: "", decimals: 0, label: "Locked", about: "Locked on the sun; otherwise still tracking." },
  power_w: { json: "powerW", column: "power_w", kind: "number", unit: "W", decimals: 2, label: "Power", about: "Panel output: measured V·A when a sensor is fitted, otherwise an estimate, then named in `estimated`." },
  power_actual_w: { json: "powerActualW", column: "power_actual_w", kind: "number", unit: "W", decimals: 2, label: "Power, measured", about: "Measured V·A only; absent when no sensor is fitted." },
  temp_c: { json: "tempC", column: "temp_c", kind: "number", unit: "°C", decimals: 1, label: "Panel temperature", about: "Back of the panel." },
  battery_pct: { json: "batteryPct", column: "battery_pct", kind: "number", unit: "%", decimals: 1, label: "Battery", about: "State of charge, 0-100 %." },
  battery_v: { json: "batteryV", column: "battery_v", kind: "number", unit: "V", decimals: 2, label: "Battery voltage", about: "At the battery terminals." },
  efficiency: { json: "efficiency", column: "efficiency", kind: "number", unit: "%", decimals: 1, label: "Charge efficiency", about: "Power into the battery / panel power over the last minute; absent below 0.5 W." },
  energy_wh: { json: "energyWh", column: "energy_wh", kind: "number", unit: "Wh", decimals: 3, label: "Energy", about: "Panel energy, a counter that may start again from zero: a fall starts a new count." },
  energy_kwh: { json: "energyKWh", column: "energy_kwh", kind: "number", unit: "kWh", decimals: 6, label: "Energy, kWh", about: "The same counter in kWh." },
  co2_kg: { json: "co2kg", column: "co2_kg", kind: "number", unit: "kg", decimals: 4, label: "CO₂ avoided", about: "energy_kwh × the site's grid factor." },
  trees: { json: "trees", column: "trees", kind: "number", unit: "", decimals: 4, label: "Trees", about: "co2_kg / 21.77, the kg of CO₂ that a tree takes up in a year." },
  phones: { json: "phones", column: "phones", kind: "number", unit: "", decimals: 3, label: "Phone charges", about: "energy_wh / 12, the Wh of one full phone charge." },
  phone_minutes: { json: "phoneMinutes", column: "phone_minutes", kind: "number", unit: "min", decimals: 0, label: "Phone minutes", about: "energy_wh × 60, minutes of phone use at 1 W." },
  pesos: { json: "pesos", column: "pesos", kind: "number", unit: "currency", decimals: 2, label: "Savings", about: "energy_kwh × price, in the site's currency." },
  grid_price: { json: "gridPrice", column: "grid_price", kind: "number", unit: "currency/kWh", decimals: 2, label: "Grid price", about: "Price of a kWh in the site's currency." },
  device_id: { json: "device_id", column: "device_id", kind: "text", unit: "", decimals: 0, label: "Tracker", about: "The tracker's id; must equal the topic's." },
  mode: { json: "mode", column: "mode", kind: "text", unit: "", decimals: 0, label: "Mode", about: "live, demo (invented data of fielded firmware) or sim (the twin); other words are kept." },
  boot_id: { json: "boot", column: "boot_id", kind: "text", unit: "", decimals: 0, label: "Boot", about: "Identity: 16 hexadecimal digits, new at every start of the receiver." },
  seq: { json: "seq", column: "seq", kind: "number", unit: "", decimals: 0, label: "Sequence", about: "Identity: counts the samples of this boot from 0, without holes." },
  seq_from: { json: "seqFrom", column: "seq_from", kind: "number", unit: "", decimals: 0, label: "Sequence from", about: "A summary stands for seqFrom to seq." },
  uptime_ms: { json: "uptimeMs", column: "uptime_ms", kind: "number", unit: "ms", decimals: 0, label: "Uptime", about: "Since boot, monotonic." },
  state: { json: "state", column: "state", kind: "text", unit: "", decimals: 0, label: "State", about: "acquire, track, diffuse, stow, night, manual or fault." },
  state_reason: { json: "stateReason", column: "state_reason", kind: "text", unit: "", decimals: 0, label: "Reason", about: "Why the state was entered; a stable word." },
  trim_azimuth_deg: { json: "trimAzimuthDeg", column: "trim_azimuth_deg", kind: "number", unit: "°", decimals: 2, label: "Trim, azimuth", about: "Mount error learned so far; included in azimuthDeg." },
  trim_elevation_deg: { json: "trimElevationDeg", column: "trim_elevation_deg", kind: "number", unit: "°", decimals: 2, label: "Trim, elevation", about: "Mount error learned so far; included in elevationDeg." },
  azimuth_deg: { json: "azimuthDeg", column: "azimuth_deg", kind: "number", unit: "°", decimals: 2, label: "Panel azimuth", about: "Where the panel's normal points, clockwise from true north." },
  elevation_deg: { json: "elevationDeg", column: "elevation_deg", kind: "number", unit: "°", decimals: 2, label: "Panel elevation", about: "Where the panel's normal points, above the horizon." },
  sun_azimuth_deg: { json: "sunAzimuthDeg", column: "sun_azimuth_deg", kind: "number", unit: "°", decimals: 2, label: "Sun azimuth", about: "The device's own ephemeris, clockwise from true north." },
  sun_elevation_deg: { json: "sunElevationDeg", column: "sun_elevation_deg", kind: "number", unit: "°", decimals: 2, label: "Sun elevation", about: "The device's own ephemeris, above the horizon." },
  bottom: { json: "bottom", column: "bottom", kind: "number", unit: "", decimals: 0, label: "Light, bottom", about: "A fourth light sensor, where fitted; ADC counts 0-4095." },
  panel_v: { json: "panelV", column: "panel_v", kind: "number", unit: "V", decimals: 3, label: "Panel voltage", about: "At the panel terminals." },
  panel_a: { json: "panelA", column: "panel_a", kind: "number", unit: "A", decimals: 3, label: "Panel current", about: "Out of the panel." },
  battery_a: { json: "batteryA", column: "battery_a", kind: "number", unit: "A", decimals: 3, label: "Battery current", about: "Positive when charging." },
  servo_wh: { json: "servoWh", column: "servo_wh", kind: "number", unit: "Wh", decimals: 4, label: "Motion energy", about: "Spent on motion, a counter." },
  device_wh: { json: "deviceWh", column: "device_wh", kind: "number", unit: "Wh", decimals: 4, label: "Electronics energy", about: "Spent on electronics, a counter." },
  wind_ms: { json: "windMs", column: "wind_ms", kind: "number", unit: "m/s", decimals: 2, label: "Wind", about: "Where an anemometer is fitted." },
  estimated: { json: "estimated", column: "estimated", kind: "keys", unit: "", decimals: 0, label: "Estimated", about: "Keys of this message that are estimates, not measurements." },
} as const;

export type Column = keyof typeof fields;

// One sample as every route answers it (flat, null when absent).
export type Row = {
  id: number | null;
  ts: string;
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
  manual: 0 | 1 | null;
  steady: 0 | 1 | null;
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
  device_id: string;
  mode: string | null;
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
  estimated: readonly string[] | null;
};

// The words a state may be.
export const states = ["acquire", "track", "diffuse", "stow", "night", "manual", "fault"] as const;
export type State = (typeof states)[number];

// What a watt-hour is worth (core/telemetry/factors.h).
export const factors = {
  phone_charge_wh: 12,
  phone_use_w: 1,
  tree_kg_per_year: 21.77,
  grid_factor_default: 0.6836,
  grid_price_default: 12,
} as const;
