// A stand-in for `idast serve` that plays scripted states: the fixture of the browser tests and a
// server to develop against (`npm run fake -- --scenario night`). It serves dist/ under the same
// strict content security policy as the real one. Its clock starts where the script says.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { dailySky, kSites, powerAt, sampleAt } from './fake_sun.mjs';

const kDist = fileURLToPath(new URL('../dist', import.meta.url));
const kPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
  "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";
const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
// 14:02:11 in Batangas: early afternoon there, morning in Nairobi, night in Quito.
export const kAfternoon = Date.parse('2026-10-14T06:02:11.000Z');
// 17:12 in Batangas: half an hour before sunset.
export const kGolden = Date.parse('2026-10-14T09:12:00.000Z');
// 23:38 in Batangas: sunrise in 6 h and a few minutes.
export const kNight = Date.parse('2026-10-14T15:38:00.000Z');
const kSampleMs = 350;
const kDayMs = 86_400_000;

/**
 * What each scenario changes; `device` rewrites the first device, `sample` its samples.
 * Without `samples: false` a new sample comes every 350 ms.
 */
const kScenarios = {
  live: {},
  empty: { sites: [] },
  loading: { silent: true },
  stale: { age: 185_000, samples: false, device: { status: 'stale' } },
  delayed: { age: 6_000, samples: false, device: { status: 'delayed' } },
  offline: { age: 22 * 60_000, samples: false, device: { status: 'offline', online: false } },
  golden: { now: kGolden },
  night: { now: kNight, device: { status: 'asleep' } },
  backfill: { device: { backfill: { done: 18_240, total: 43_200, per_s: 2_130, seconds_left: 12 } } },
  unknown: {
    sample: {
      battery_pct: null,
      battery_v: null,
      battery_a: null,
      temp_c: null,
      power_actual_w: null,
      efficiency: null,
      panel_v: null,
      panel_a: null,
      azimuth_deg: null,
      elevation_deg: null,
      estimated: ['powerW', 'energyWh'],
    },
  },
  estimated: { sample: { power_actual_w: null, estimated: ['powerW', 'energyWh', 'batteryPct'] } },
  notpaying: { gain: { days: -0.07, today: 0.03, verdict: 'not_paying' } },
  nosite: { device: { site: null, mount: null } },
  fleet: { many: 9 },
  crowded: { storage: { disk_free_bytes: 411_800_000, days_left: 12, bytes_a_day: 34_300_000 } },
  young: { storage: { database_bytes: 1_240_000, bytes_a_day: null, days_left: null } },
  keeping: {
    ready: {
      ready: false,
      reasons: ['database: cannot write to the database: database is locked', 'spool: 12346 kB wait for the database'],
      spool_waiting_bytes: 12_345_678,
    },
  },
};

export async function startFake({ scenario = 'live', port = 0 } = {}) {
  const fake = new Fake(scenario);
  const server = createServer((request, response) => void fake.answer(request, response));
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  const { port: bound } = server.address();
  return {
    url: `http://127.0.0.1:${bound}`,
    fake,
    close: () =>
      new Promise((done) => {
        fake.stop();
        server.close(done);
        server.closeAllConnections();
      }),
  };
}

class Fake {
  constructor(scenario) {
    this.streams = new Set();
    this.refuseStreams = false;
    this.event = 0;
    this.set(scenario);
    this.timer = setInterval(() => this.tick(), kSampleMs);
  }

  /** Starts a scenario; every open page is told by a new whole state. */
  set(name) {
    this.script = kScenarios[name];
    if (!this.script) throw new Error(`no scenario named ${name}`);
    this.startedAt = Date.now();
    this.startNow = this.script.now ?? kAfternoon;
    this.patch = { ...this.script.sample };
    const sites = this.script.sites ?? kSites;
    this.sites = this.script.many
      ? Array.from({ length: this.script.many }, (_, index) => sites[index % sites.length])
      : sites;
    for (const stream of this.streams) this.sendState(stream);
  }

  now() {
    return this.startNow + (Date.now() - this.startedAt);
  }

  /** From now on the first device sends these columns; the next sample goes out at once. */
  send(patch) {
    this.patch = { ...this.patch, ...patch };
    this.tick();
  }

  stop() {
    clearInterval(this.timer);
    for (const stream of this.streams) stream.end();
  }

  /** Cuts every stream and refuses new ones until `heal`. */
  cut() {
    this.refuseStreams = true;
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  heal() {
    this.refuseStreams = false;
  }

  id(index) {
    return index < kSites.length
      ? this.sites[index].device
      : `esp32-receiver-0000${String(index).padStart(2, '0')}`;
  }

  row(index) {
    const site = this.sites[index];
    const age = index === 0 ? (this.script.age ?? 0) : 0;
    const base = sampleAt(site, this.now() - age);
    const patch = index === 0 ? this.patch : {};
    return { id: null, device_id: this.id(index), ...base, ...patch };
  }

  device(index) {
    const site = this.sites[index];
    const age = index === 0 ? (this.script.age ?? 0) : 0;
    const latest = this.row(index);
    const up = latest.sun_elevation_deg > -0.8;
    const { device: _device, seed: _seed, clouds: _clouds, ...shown } = site;
    return {
      id: this.id(index),
      name: index < kSites.length ? site.name : `${site.name} ${index + 1}`,
      site: shown,
      mount: 'az_el',
      status: up ? 'live' : 'asleep',
      last_seen: new Date(this.now() - age).toISOString(),
      online: true,
      latest,
      backfill: null,
      ...(index === 0 ? this.script.device : {}),
    };
  }

  devices() {
    return this.sites.map((_, index) => this.device(index));
  }

  write(stream, name, data) {
    this.event += 1;
    stream.write(`id: ${this.event}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  sendState(stream) {
    if (this.script.silent) return;
    this.write(stream, 'state', {
      server_time: new Date(this.now()).toISOString(),
      broker: 'mqtt://127.0.0.1:1883',
      devices: this.devices(),
    });
  }

  tick() {
    if (this.script.silent) return;
    const devices = this.sites
      .map((_, index) => index)
      .filter((index) => index > 0 || this.script.samples !== false)
      .map((index) => ({ id: this.id(index), samples: [this.row(index)] }));
    const server_time = new Date(this.now()).toISOString();
    for (const stream of this.streams) this.write(stream, 'changes', { server_time, devices });
  }

  async answer(request, response) {
    const url = new URL(request.url, 'http://fake');
    if (url.pathname === '/api/v1/stream') return this.stream(request, response);
    if (url.pathname === '/ready') return this.ready(response);
    if (url.pathname.startsWith('/api/')) return this.api(url, response);
    return this.file(url.pathname, response);
  }

  stream(request, response) {
    if (this.refuseStreams) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': open\n\n');
    this.streams.add(response);
    request.on('close', () => this.streams.delete(response));
    this.sendState(response);
  }

  ready(response) {
    const body = this.script.ready ?? { ready: true, reasons: [] };
    response.writeHead(body.ready ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  api(url, response) {
    const json = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (url.pathname === '/api/v1/storage') {
      return json(200, {
        database_bytes: 4_560_000_000,
        disk_free_bytes: 81_000_000_000,
        keep_raw_days: 14,
        raw_window_bytes: 490_000_000,
        bytes_a_day: 14_200_000,
        days_left: 5_704,
        ...this.script.storage,
      });
    }
    const [, id, what] = /^\/api\/v1\/devices\/([^/]+)\/(\w+)$/.exec(url.pathname) ?? [];
    const index = this.sites.findIndex((_, at) => this.id(at) === id);
    if (index < 0 || this.refuseStreams) {
      return json(404, { error: { id: 'not_found', message: 'No such device.' } });
    }
    const site = this.sites[index];
    if (what === 'sky') {
      if (this.device(index).site === null) {
        return json(404, { error: { id: 'no_site', message: 'This device has no site.' } });
      }
      return json(200, dailySky(site, url.searchParams.get('day')));
    }
    if (what === 'energy') return json(200, this.energy(site));
    if (what === 'gain') {
      if (this.device(index).site === null) {
        return json(404, { error: { id: 'no_site', message: 'This device has no site.' } });
      }
      return json(200, this.gain(index));
    }
    if (what === 'samples') return json(200, this.samples(index, url.searchParams));
    return json(404, { error: { id: 'not_found', message: 'No such thing.' } });
  }

  energy(site) {
    const offset = site.offset_h * 3_600_000;
    const midnight = Math.floor((this.now() + offset) / kDayMs) * kDayMs - offset;
    const rows = Array.from({ length: 30 }, (_, index) => {
      const start = midnight - (29 - index) * kDayMs;
      const end = Math.min(start + kDayMs, this.now());
      let energy_wh = 0;
      for (let t = start; t < end; t += 300_000) energy_wh += powerAt(site, t) / 12;
      const gap = index === 11;
      const part = index === 19 ? 0.55 : 1;
      const coverage = gap ? 0 : part;
      return {
        start: new Date(start).toISOString(),
        energy_wh: gap ? null : energy_wh * part,
        coverage,
      };
    });
    return { period: 'day', rows };
  }

  /** The shape of the server's estimate; a fixed panel here makes a plain share of the tracker's. */
  gain(index) {
    const site = this.sites[index];
    const offset = site.offset_h * 3_600_000;
    const midnight = Math.floor((this.now() + offset) / kDayMs) * kDayMs - offset;
    const told = { days: 0.13, today: 0.24, verdict: 'paying', ...this.script.gain };
    const blind = index === 0 && this.patch.power_actual_w === null;
    const row = (start, gain, net_gain, verdict) => {
      let tracked = 0;
      const end = Math.min(start + kDayMs, this.now());
      for (let t = start; t < end; t += 300_000) tracked += powerAt(site, t) / 12;
      const why = blind ? 'no_power' : tracked < 1 ? 'night' : null;
      const known = (value) => (why === null ? value : null);
      return {
        start: new Date(start).toISOString(),
        energy_wh: known(tracked),
        tracked_wh: known(tracked),
        fixed_wh: known(tracked / (1 + gain)),
        ideal_wh: known(tracked * 1.015),
        gain: known(gain),
        gain_low: known(gain - 0.029),
        gain_high: known(gain + 0.029),
        net_gain: known(net_gain),
        motion_wh: 0.2,
        electronics_wh: 6.1,
        coverage: why === null ? 1 : 0,
        off_mpp: 0,
        verdict: known(verdict),
        why,
      };
    };
    const past = Array.from({ length: 6 }, (_, day) => {
      const start = midnight - (6 - day) * kDayMs;
      return row(start, told.today + 0.02 * (day % 3), told.days, told.verdict);
    });
    const curve = { step_ms: 600_000, t: [], fixed_w: [], ideal_w: [] };
    const until = blind ? midnight : this.now() - 600_000;
    for (let t = midnight; t < until; t += 600_000) {
      const power = powerAt(site, t + 300_000);
      if (power <= 0) continue;
      const hour = (t - midnight) / 3_600_000;
      curve.t.push(t);
      curve.ideal_w.push(power * 1.015);
      curve.fixed_w.push(power * Math.cos(((hour - 12) * Math.PI) / 15));
    }
    return {
      estimated: true,
      period: 'day',
      rows: [...past, row(midnight, told.today, null, null)],
      summary_days: blind ? 0 : 6,
      summary: blind ? null : past[0],
      curve,
      rating: { factor: 0.98, deviation: 0.03, clear_days: 4 },
    };
  }

  samples(index, query) {
    const site = this.sites[index];
    const from = Date.parse(query.get('from'));
    const to = Date.parse(query.get('to'));
    const step_ms = Math.max(350, Math.ceil((to - from) / Number(query.get('points'))));
    const last = this.now() - (index === 0 ? (this.script.age ?? 0) : 0);
    const answer = { from: query.get('from'), to: query.get('to'), step_ms, t: [], fields: {} };
    const columns = query.get('fields').split(',');
    for (const column of columns) answer.fields[column] = { min: [], mean: [], max: [] };
    for (let t = from; t <= to; t += step_ms) {
      // An hour of silence this morning: the chart must show a gap.
      const hour = ((t / 3_600_000 + site.offset_h) % 24) - 10.2;
      const silent = step_ms > 60_000 && hour > 0 && hour < 0.6;
      if (t > last || silent) continue;
      const row = { ...sampleAt(site, t), ...(index === 0 ? this.script.sample : {}) };
      answer.t.push(t);
      for (const column of columns) {
        const value = row[column] ?? null;
        const spread = column === 'power_w' && value !== null ? value * 0.08 : 0;
        answer.fields[column].mean.push(value);
        answer.fields[column].min.push(value === null ? null : value - spread);
        answer.fields[column].max.push(value === null ? null : value + spread);
      }
    }
    return answer;
  }

  async file(path, response) {
    const headers = { 'content-security-policy': kPolicy, 'x-content-type-options': 'nosniff' };
    const name = path === '/' || path.startsWith('/t/') ? '/index.html' : normalize(path);
    try {
      const body = await readFile(join(kDist, name));
      const type = kTypes[extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, { ...headers, 'content-type': type }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8090' },
      scenario: { type: 'string', default: 'live' },
    },
  });
  const { url } = await startFake({ scenario: values.scenario, port: Number(values.port) });
  console.log(`scenario ${values.scenario} at ${url}`);
}
