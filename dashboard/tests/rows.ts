// Rows and devices for unit tests: plausible, and easy to change one column of.
import { kAbsent, type Device, type Row, type Site } from '../src/api/shapes';

export const kSite: Site = {
  id: 'roof',
  name: 'Rooftop North',
  lat: 13.75,
  lon: 121.05,
  time_zone: 'Asia/Manila',
  currency: 'PHP',
  price_per_kwh: 12,
  grid_factor: 0.6836,
  panel_w: 10,
};

export function row(columns: Partial<Row> = {}): Row {
  return {
    ...kAbsent,
    ts: '2026-10-14T06:02:11.000Z',
    power_w: 8.5,
    energy_wh: 1250.5,
    energy_kwh: 1.2505,
    phones: 104.208,
    pesos: 15.01,
    co2_kg: 0.5002,
    steady: 1,
    manual: 0,
    ...columns,
  };
}

export function device(parts: Partial<Device> = {}): Device {
  return {
    id: 'esp32-receiver-A1B2C3',
    name: 'Rooftop North',
    site: kSite,
    mount: 'az_el',
    status: 'live',
    last_seen: '2026-10-14T06:02:11.000Z',
    online: true,
    latest: row(),
    backfill: null,
    ...parts,
  };
}
