// A plausible sun and a plausible 10 W panel for the scripted states. Good to about a degree, which
// is all that a picture needs; the product's own ephemeris is core/sun.
const kRadian = Math.PI / 180;

export const kSites = [
  {
    id: 'batangas', name: 'Batangas', device: 'esp32-receiver-A1B2C3', seed: 3, clouds: 0.25,
    lat: 13.75, lon: 121.05, time_zone: 'Asia/Manila', offset_h: 8, currency: 'PHP',
    price_per_kwh: 12, grid_factor: 0.6836, panel_w: 10,
  },
  {
    id: 'nairobi', name: 'Nairobi', device: 'esp32-receiver-B2C3D4', seed: 11, clouds: 0.5,
    lat: -1.29, lon: 36.82, time_zone: 'Africa/Nairobi', offset_h: 3, currency: 'KES',
    price_per_kwh: 28.6, grid_factor: 0.1, panel_w: 10,
  },
  {
    id: 'quito', name: 'Quito', device: 'esp32-receiver-C3D4E5', seed: 23, clouds: 0.6,
    lat: -0.18, lon: -78.47, time_zone: 'America/Guayaquil', offset_h: -5, currency: 'USD',
    price_per_kwh: 0.1, grid_factor: 0.2, panel_w: 10,
  },
];

/** Azimuth clockwise from north and elevation, degrees; low-precision almanac formulas. */
export function sunAt({ lat, lon }, ms) {
  const days = ms / 86_400_000 - 10_957.5;
  const mean = (357.529 + 0.98560028 * days) * kRadian;
  const longitude =
    (280.459 + 0.98564736 * days + 1.915 * Math.sin(mean) + 0.02 * Math.sin(2 * mean)) * kRadian;
  const tilt = 23.439 * kRadian;
  const rightAscension = Math.atan2(Math.cos(tilt) * Math.sin(longitude), Math.cos(longitude));
  const declination = Math.asin(Math.sin(tilt) * Math.sin(longitude));
  const sidereal = (280.46062 + 360.98564737 * days + lon) * kRadian;
  const hour = sidereal - rightAscension;
  const phi = lat * kRadian;
  const east = -Math.cos(declination) * Math.sin(hour);
  const north =
    Math.sin(declination) * Math.cos(phi) - Math.cos(declination) * Math.sin(phi) * Math.cos(hour);
  const up =
    Math.sin(declination) * Math.sin(phi) + Math.cos(declination) * Math.cos(phi) * Math.cos(hour);
  return {
    azimuth_deg: (Math.atan2(east, north) / kRadian + 360) % 360,
    elevation_deg: Math.asin(up) / kRadian,
  };
}

/** Smooth noise in 0…1 from a seed and a time. */
function noise(seed, x) {
  const at = (n) => {
    const s = Math.sin(n * 127.1 + seed * 311.7) * 43_758.5453;
    return s - Math.floor(s);
  };
  const whole = Math.floor(x);
  const part = x - whole;
  const eased = part * part * (3 - 2 * part);
  return at(whole) * (1 - eased) + at(whole + 1) * eased;
}

export function powerAt(site, ms) {
  const { elevation_deg } = sunAt(site, ms);
  if (elevation_deg <= 0) return 0;
  const mass = 1 / (Math.sin(elevation_deg * kRadian) + 0.05);
  const clear = 9.6 * 0.74 ** (mass ** 0.68) * 1.32;
  const day = Math.floor(ms / 86_400_000);
  const cloudy = site.clouds * (0.4 + 1.2 * noise(site.seed, day * 3.7));
  const cover = Math.max(0, noise(site.seed, ms / 900_000) - (1 - cloudy)) / Math.max(0.1, cloudy);
  const flicker = 1 - 0.03 * noise(site.seed + 1, ms / 2_300);
  return Math.min(10, clear * (1 - 0.78 * Math.min(1, cover * 1.4)) * flicker);
}

const round = (value, decimals) => Number(value.toFixed(decimals));

/** One row, all columns, as the stream sends it. */
export function sampleAt(site, ms) {
  const sun = sunAt(site, ms);
  const power = powerAt(site, ms);
  // A counter that began thirty days before: about 50 Wh a day.
  const energy_wh = 1_420 + ((ms / 86_400_000) % 20) * 52;
  const up = sun.elevation_deg > 0;
  const battery_v = 6.4 + power / 12;
  const battery_a = power > 1 ? (power * 0.72) / battery_v : -0.11;
  const wobble = noise(site.seed + 5, ms / 4_000) - 0.5;
  return {
    ts: new Date(ms).toISOString(),
    mode: 'sim', device_name: up ? 'iPhone_15' : null,
    top: 2500, left: 2300, right: 2400, avg: 2350, bottom: null,
    horizontal_error: Math.round(wobble * 60), vertical_error: Math.round(wobble * 40),
    tilt_angle: 90, pan_angle: 85, pan_target: 86, manual: 0, steady: wobble > 0.2 ? 0 : 1,
    power_w: round(power, 2), power_actual_w: round(power, 2),
    temp_c: round(27 + power * 1.7 + wobble, 1),
    battery_pct: round(58 + ((ms / 3_600_000 + site.offset_h) % 24) * 1.4, 1),
    battery_v: round(battery_v, 2), battery_a: round(battery_a, 3),
    panel_v: round(power > 0.2 ? 8.6 : 0.4, 2), panel_a: round(power / 8.6, 3),
    efficiency: power > 0.5 ? round(86 + wobble * 3, 1) : null,
    energy_wh: round(energy_wh, 3), energy_kwh: round(energy_wh / 1000, 6),
    co2_kg: round((energy_wh / 1000) * site.grid_factor, 4),
    trees: round(((energy_wh / 1000) * site.grid_factor) / 21.77, 4),
    phones: round(energy_wh / 12, 3), phone_minutes: Math.round(energy_wh * 60),
    pesos: round((energy_wh / 1000) * site.price_per_kwh, 2), grid_price: site.price_per_kwh,
    boot_id: '00112233445566ff', seq: Math.floor(ms / 350) % 1e9, seq_from: null,
    uptime_ms: ms % 86_400_000, state: up ? 'track' : 'night', state_reason: null,
    trim_azimuth_deg: 0.4, trim_elevation_deg: -0.2,
    azimuth_deg: up ? round((sun.azimuth_deg + 1.6 + wobble * 2 + 360) % 360, 2) : 90,
    elevation_deg: up ? round(Math.max(12, sun.elevation_deg - 0.9 + wobble), 2) : 35,
    sun_azimuth_deg: round(sun.azimuth_deg, 2), sun_elevation_deg: round(sun.elevation_deg, 2),
    servo_wh: 3.21, device_wh: 41.7, wind_ms: null, estimated: [],
  };
}

export function dailySky(site, day) {
  const start = Date.parse(`${day}T00:00:00Z`) - site.offset_h * 3_600_000;
  const sky = { sunrise: null, sunset: null, t: [], azimuth_deg: [], elevation_deg: [] };
  for (let t = start; t <= start + 86_400_000; t += 300_000) {
    const { azimuth_deg, elevation_deg } = sunAt(site, t);
    const before = sky.elevation_deg.at(-1);
    if (before !== undefined && before < -0.833 && elevation_deg >= -0.833) {
      sky.sunrise = new Date(t).toISOString();
    }
    if (before !== undefined && before >= -0.833 && elevation_deg < -0.833) {
      sky.sunset = new Date(t).toISOString();
    }
    sky.t.push(t);
    sky.azimuth_deg.push(round(azimuth_deg, 3));
    sky.elevation_deg.push(round(elevation_deg, 3));
  }
  return sky;
}
