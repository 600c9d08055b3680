// Everything the Overview knows about one tracker: the live state and the answers asked beside it.
import { useEffect, useRef, useState } from 'react';
import { fetchDailyEnergy, fetchSamples, fetchSky } from '../api/client';
import type { DeviceState } from '../api/live_store';
import type { Buckets, Energy, Sky } from '../api/shapes';
import { baseOf, todayWh, type TodayBase } from '../features/energy/today';
import { kLiveWindowMs, trailOf } from '../features/power/columns';
import { isoDay } from '../shared/format';
import { useLiveStore, useOverall } from '../shared/live';
import { useAnswer } from '../shared/use_answer';

const kSkyEveryMs = 3_600_000;
const kEnergyEveryMs = 120_000;
// While past days are being filled in, their bars grow under the reader's eyes.
const kEnergyWhileFillingMs = 5_000;
const kTodayEveryMs = 60_000;
const kTodayPoints = 480;
const kLivePoints = 600;

export type Station = {
  zone: string;
  /** Server ms of the site's midnight. */
  dayStart: number;
  sky: Sky | null;
  /** The next day's path, asked for once today's sun has set. */
  nextSky: Sky | null;
  energy: Energy | null;
  todayWh: number | null;
  coverage: number | null;
  today: Buckets | null;
};

const kDayMs = 24 * 3_600_000;

/** Midnight of the site's day that holds `now`, found by the clock that the zone shows. */
export function startOfDay(now: number, zone: string): number {
  const today = isoDay(now, zone);
  let low = now - 26 * 3_600_000;
  let high = now;
  while (high - low > 1000) {
    const middle = (low + high) / 2;
    if (isoDay(middle, zone) === today) high = middle;
    else low = middle;
  }
  return Math.round(high / 60_000) * 60_000;
}

export function useStation(device: DeviceState, now: number): Station {
  const store = useLiveStore();
  const { epoch } = useOverall();
  const { id, site } = device;
  const zone = site?.time_zone ?? 'UTC';
  const day = isoDay(now, zone);
  const live = epoch > 0;

  const sky = useAnswer({
    subject: site && live ? `sky/${id}/${day}` : null,
    version: 0,
    everyMs: kSkyEveryMs,
    ask: (signal) => fetchSky(id, day, signal),
  }).value;
  const sunset = sky?.sunset ? Date.parse(sky.sunset) : NaN;
  const tomorrow = isoDay(now + kDayMs, zone);
  const nextSky = useAnswer({
    subject: site && now > sunset ? `sky/${id}/${tomorrow}` : null,
    version: 0,
    everyMs: kSkyEveryMs,
    ask: (signal) => fetchSky(id, tomorrow, signal),
  }).value;

  const energy = useAnswer({
    subject: live ? `energy/${id}/${day}` : null,
    version: epoch,
    everyMs: device.backfill ? kEnergyWhileFillingMs : kEnergyEveryMs,
    ask: (signal) => fetchDailyEnergy(id, signal),
  }).value;
  const [base, setBase] = useState<(TodayBase & { id: string }) | null>(null);
  const gained = useRef(0);
  gained.current = device.gainedWh;
  useEffect(() => {
    const found = baseOf(energy, gained.current);
    setBase(found ? { ...found, id } : null);
  }, [energy, id]);

  const dayStart = startOfDay(now, zone);
  const today = useAnswer({
    subject: live ? `today/${id}/${day}` : null,
    version: epoch,
    everyMs: kTodayEveryMs,
    ask: (signal) => {
      const fields = ['power_w', 'battery_pct'];
      const range = { from: dayStart, to: store.serverNow(), points: kTodayPoints, fields };
      return fetchSamples(id, range, signal);
    },
  }).value;

  useEffect(() => {
    if (!live) return;
    const abort = new AbortController();
    const to = store.serverNow();
    const range = { from: to - kLiveWindowMs, to, points: kLivePoints, fields: ['power_w'] };
    void fetchSamples(id, range, abort.signal).then((answer) => {
      if (answer.ok && !abort.signal.aborted) store.seedTrail(id, trailOf(answer.value));
    });
    return () => abort.abort();
  }, [store, id, epoch, live]);

  return {
    zone,
    dayStart,
    sky,
    nextSky,
    energy,
    todayWh: base?.id === id ? todayWh(base, device.gainedWh) : null,
    coverage: energy?.rows.at(-1)?.coverage ?? null,
    today,
  };
}
