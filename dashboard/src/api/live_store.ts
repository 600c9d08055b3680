// The latest of every device, as the stream told it. Events change the store at once; the screen
// hears of it once a frame, and only the parts that look at a changed device draw again.
//
// Time: the server's clock is the only one that freshness is measured by; a browser clock that is
// an hour off must not make a tracker look dead.
import { kAbsent } from './shapes';
import type { Backfill, Change, ChangesEvent, Device, DeviceChange, Row } from './shapes';
import type { Site, StateEvent, Status } from './shapes';
import type { Connection } from './stream';

/** The last minutes of power, oldest first. Columns, because charts take columns. */
export type Trail = { t: number[]; power: (number | null)[] };

export type DeviceState = {
  id: string;
  name: string;
  site: Site | null;
  mount: string | null;
  status: Status;
  lastSeen: number | null;
  online: boolean | null;
  latest: Row | null;
  backfill: Backfill | null;
  /** Wh counted from counter differences since this page opened; only ever grows. */
  gainedWh: number;
  /** Grows with every sample, so that a chart knows when its trail did. */
  samples: number;
};

export type Overall = {
  connection: Connection;
  broker: string | null;
  /** Server time (ms) at which the shown values were saved, while no live value has come yet. */
  savedAt: number | null;
  /** Grows with every whole state: what was asked over HTTP before it may have holes. */
  epoch: number;
  deviceIds: readonly string[];
};

// Five minutes at 350 ms are 857 samples; twice that leaves room for faster devices.
const kTrailSamples = 2_000;
const kTrailMs = 6 * 60_000;

// A device that restored a counter saved some minutes ago falls by less than this part of it.
const kStepBackPart = 10;

/**
 * Energy between two readings of a cumulative counter, by the same rule as the server
 * (server/store/energy.h). A fall starts a new count, made since the restart; a small fall is a
 * restored counter and adds nothing.
 */
export function counterGain(before: number | null, after: number | null): number {
  if (before === null || after === null) return 0;
  if (after >= before) return after - before;
  const steppedBack = after > before - before / kStepBackPart;
  return steppedBack || after < 0 ? 0 : after;
}

export class LiveStore {
  private readonly devices = new Map<string, DeviceState>();
  private readonly trails = new Map<string, Trail>();
  private readonly shown = new Map<string, DeviceState>();
  private readonly dirty = new Set<string>();
  private readonly deviceListeners = new Map<string, Set<() => void>>();
  private readonly overallListeners = new Set<() => void>();
  private overall: Overall = {
    connection: { kind: 'connecting' },
    broker: null,
    savedAt: null,
    epoch: 0,
    deviceIds: [],
  };
  private shownOverall = this.overall;
  private serverMs = Date.now();
  private heardAtMs = performance.now();
  private flushPlanned = false;

  constructor(private readonly onceAFrame: (flush: () => void) => void) {}

  /**
   * The server's clock now, ms: its last word plus what our monotonic clock says has passed. It
   * stands still while the server is out of reach (its silence must not age its trackers) and
   * while saved values are shown.
   */
  serverNow(): number {
    const { connection, epoch, savedAt } = this.overall;
    if (savedAt !== null || (connection.kind !== 'open' && epoch > 0)) return this.serverMs;
    return this.serverMs + (performance.now() - this.heardAtMs);
  }

  /** Wh that the device's counter has gained up to this very event, shown or not yet. */
  gainedWh(id: string): number {
    return this.devices.get(id)?.gainedWh ?? 0;
  }

  /** Shows what an earlier visit saved, until the first live state replaces it. */
  restore(saved: StateEvent): void {
    for (const device of saved.devices) this.replaceDevice(device);
    this.trails.clear();
    const savedAt = timeOf(saved.server_time);
    this.serverMs = savedAt ?? this.serverMs;
    const deviceIds = saved.devices.map((device) => device.id);
    this.overall = { ...this.overall, broker: saved.broker ?? null, savedAt, deviceIds };
    this.flush();
  }

  /** What the browser keeps between visits: the same shape as the stream's first event. */
  save(): StateEvent {
    const { savedAt, broker } = this.overall;
    return {
      server_time: new Date(savedAt ?? this.serverNow()).toISOString(),
      broker,
      devices: [...this.devices.values()].map((device) => ({
        id: device.id,
        name: device.name,
        site: device.site,
        mount: device.mount,
        status: device.status,
        last_seen: device.lastSeen === null ? null : new Date(device.lastSeen).toISOString(),
        online: device.online,
        latest: device.latest,
        backfill: null,
      })),
    };
  }

  applyState(event: StateEvent): void {
    this.hear(event.server_time);
    const known = new Set(event.devices.map((device) => device.id));
    for (const id of this.devices.keys()) {
      if (known.has(id)) continue;
      this.devices.delete(id);
      this.trails.delete(id);
      this.dirty.add(id);
    }
    for (const device of event.devices) this.replaceDevice(device);
    this.overall = {
      ...this.overall,
      broker: event.broker ?? null,
      savedAt: null,
      epoch: this.overall.epoch + 1,
      deviceIds: event.devices.map((device) => device.id),
    };
    this.planFlush();
  }

  applyChanges(event: ChangesEvent): void {
    this.hear(event.server_time);
    for (const change of event.devices) this.changeDevice(change);
    this.planFlush();
  }

  setConnection(connection: Connection): void {
    this.overall = { ...this.overall, connection };
    this.planFlush();
  }

  device(id: string): DeviceState | null {
    return this.shown.get(id) ?? null;
  }

  trail(id: string): Trail {
    return this.trails.get(id) ?? { t: [], power: [] };
  }

  /** Puts the server's own samples first, then what the stream has sent beyond them. */
  seedTrail(id: string, older: Trail): void {
    const now = this.trail(id);
    const last = older.t.at(-1) ?? -Infinity;
    const beyond = now.t.findIndex((t) => t > last);
    const from = beyond < 0 ? now.t.length : beyond;
    this.trails.set(id, {
      t: [...older.t, ...now.t.slice(from)],
      power: [...older.power, ...now.power.slice(from)],
    });
    const device = this.devices.get(id);
    if (device) this.devices.set(id, { ...device, samples: device.samples + 1 });
    this.dirty.add(id);
    this.planFlush();
  }

  overallNow(): Overall {
    return this.shownOverall;
  }

  subscribeDevice(id: string, listener: () => void): () => void {
    const listeners = this.deviceListeners.get(id) ?? new Set();
    this.deviceListeners.set(id, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  subscribeOverall(listener: () => void): () => void {
    this.overallListeners.add(listener);
    return () => this.overallListeners.delete(listener);
  }

  private hear(serverTime: string): void {
    const ms = Date.parse(serverTime);
    if (Number.isNaN(ms)) return;
    this.serverMs = ms;
    this.heardAtMs = performance.now();
  }

  private replaceDevice(device: Device): void {
    const before = this.devices.get(device.id);
    const gain = counterGain(before?.latest?.energy_wh ?? null, device.latest?.energy_wh ?? null);
    this.devices.set(device.id, {
      id: device.id,
      name: device.name,
      site: device.site,
      mount: device.mount ?? null,
      status: device.status,
      lastSeen: timeOf(device.last_seen),
      online: device.online ?? null,
      latest: device.latest,
      backfill: device.backfill ?? null,
      gainedWh: (before?.gainedWh ?? 0) + gain,
      samples: (before?.samples ?? 0) + 1,
    });
    if (device.latest) this.follow(device.id, device.latest);
    this.dirty.add(device.id);
  }

  private changeDevice(change: DeviceChange): void {
    const before = this.devices.get(change.id);
    if (!before) {
      this.addDevice(change);
      return;
    }
    const after: DeviceState = {
      ...before,
      name: change.name ?? before.name,
      site: change.site === undefined ? before.site : change.site,
      mount: change.mount === undefined ? before.mount : change.mount,
      status: change.status ?? before.status,
      lastSeen: change.last_seen === undefined ? before.lastSeen : timeOf(change.last_seen),
      online: change.online === undefined ? before.online : change.online,
      backfill: change.backfill === undefined ? before.backfill : change.backfill,
    };
    for (const sample of change.samples ?? []) this.addSample(after, sample);
    this.devices.set(change.id, after);
    this.dirty.add(change.id);
  }

  /** A device that appeared while we listened comes whole; anything less waits for the next state. */
  private addDevice(change: DeviceChange): void {
    if (change.latest === undefined || change.status === undefined) return;
    const { latest, status, samples } = change;
    this.replaceDevice({
      id: change.id,
      name: change.name ?? change.id,
      site: change.site ?? null,
      mount: change.mount ?? null,
      status,
      last_seen: change.last_seen ?? null,
      online: change.online ?? null,
      latest,
      backfill: change.backfill ?? null,
    });
    this.overall = { ...this.overall, deviceIds: [...this.overall.deviceIds, change.id] };
    if (samples) this.changeDevice({ id: change.id, samples });
  }

  private addSample(device: DeviceState, sample: Change): void {
    const before = device.latest;
    const after: Row = before ? { ...before, ...sample } : { ...kAbsent, ...sample };
    device.latest = after;
    device.gainedWh += counterGain(before?.energy_wh ?? null, after.energy_wh);
    device.samples += 1;
    device.lastSeen = Math.max(device.lastSeen ?? 0, this.serverMs);
    this.follow(device.id, after);
  }

  private follow(id: string, row: Row): void {
    const ms = Date.parse(row.ts);
    const known = this.trails.get(id);
    const last = known?.t.at(-1) ?? -Infinity;
    // A backlog may bring an older sample; the chart of the last minutes only moves forward.
    const setBack = ms < last - kTrailMs;
    if (Number.isNaN(ms) || (ms <= last && !setBack)) return;
    // Beyond the trail's whole length it is the device's clock that was set back.
    const trail: Trail = known && !setBack ? known : { t: [], power: [] };
    this.trails.set(id, trail);
    trail.t.push(ms);
    trail.power.push(row.power_w);
    const oldest = ms - kTrailMs;
    let drop = Math.max(0, trail.t.length - kTrailSamples);
    while ((trail.t[drop] ?? Infinity) < oldest) drop += 1;
    // Dropping one by one would copy the columns at every sample.
    if (drop < 64) return;
    trail.t.splice(0, drop);
    trail.power.splice(0, drop);
  }

  private planFlush(): void {
    if (this.flushPlanned) return;
    this.flushPlanned = true;
    this.onceAFrame(() => this.flush());
  }

  private flush(): void {
    this.flushPlanned = false;
    const changed = [...this.dirty];
    this.dirty.clear();
    for (const id of changed) {
      const device = this.devices.get(id);
      if (device) this.shown.set(id, device);
      if (!device) this.shown.delete(id);
    }
    const overallChanged = this.shownOverall !== this.overall;
    this.shownOverall = this.overall;
    for (const id of changed) this.deviceListeners.get(id)?.forEach((listener) => listener());
    if (overallChanged) this.overallListeners.forEach((listener) => listener());
  }
}

function timeOf(iso: string | null): number | null {
  if (iso === null) return null;
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? null : ms;
}
