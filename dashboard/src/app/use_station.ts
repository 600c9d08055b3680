// Everything the Overview knows about one tracker: the live state and the answers asked beside it.
import { fetchDailyEnergy, fetchGain, fetchSamples, fetchSky } from '../api/client';
import type { DeviceState } from '../api/live_store';
import type { Buckets, Energy, Gain, Sky } from '../api/shapes';
import { baseOf, todayWh, type CountedEnergy } from '../features/energy/today';
import { kLiveWindowMs, trailOf } from '../features/power/columns';
import { isoDay } from '../shared/format';
import { useLiveStore, useOverall } from '../shared/live';
import { useAnswer } from '../shared/use_answer';

const kSkyEveryMs = 3_600_000;
const kEnergyEveryMs = 120_000;
const kGainEveryMs = 300_000;
// While past days are being filled in, their bars grow under the reader's eyes.
const kEnergyWhileFillingMs = 5_000;
const kTodayEveryMs = 60_000;
const kTodayWhileFillingMs = 10_000;
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
  gain: Gain | null;
  /** The last question about today's readings went unanswered. */
  failed: boolean;
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
    subject: site ? `sky/${id}/${day}` : null,
    asked: live,
    version: 0,
    everyMs: kSkyEveryMs,
    ask: (signal) => fetchSky(id, day, signal),
  }).value;
  const sunset = sky?.sunset ? Date.parse(sky.sunset) : NaN;
  const tomorrow = isoDay(now + kDayMs, zone);
  const nextSky = useAnswer({
    subject: site && now > sunset ? `sky/${id}/${tomorrow}` : null,
    asked: live,
    version: 0,
    everyMs: kSkyEveryMs,
    ask: (signal) => fetchSky(id, tomorrow, signal),
  }).value;

  const counted = useAnswer<CountedEnergy>({
    subject: `energy/${id}/${day}`,
    asked: live,
    version: epoch,
    everyMs: device.backfill ? kEnergyWhileFillingMs : kEnergyEveryMs,
    ask: async (signal) => {
      const answer = await fetchDailyEnergy(id, signal);
      if (!answer.ok) return answer;
      return { ok: true, value: { energy: answer.value, gainedWh: store.gainedWh(id) } };
    },
  }).value;

  const dayStart = startOfDay(now, zone);
  const { value: today, error: todayError } = useAnswer({
    subject: `today/${id}/${day}`,
    asked: live,
    version: epoch,
    everyMs: device.backfill ? kTodayWhileFillingMs : kTodayEveryMs,
    ask: (signal) => {
      const fields = ['power_w', 'battery_pct'];
      const range = { from: dayStart, to: store.serverNow(), points: kTodayPoints, fields };
      return fetchSamples(id, range, signal);
    },
  });

  const gain = useAnswer({
    subject: site ? `gain/${id}/${day}` : null,
    asked: live,
    version: epoch,
    everyMs: kGainEveryMs,
    ask: (signal) => fetchGain(id, signal),
  }).value;

  useAnswer({
    subject: `trail/${id}`,
    asked: live,
    version: epoch,
    everyMs: kDayMs,
    ask: async (signal) => {
      const to = store.serverNow();
      const range = { from: to - kLiveWindowMs, to, points: kLivePoints, fields: ['power_w'] };
      const answer = await fetchSamples(id, range, signal);
      if (answer.ok && !signal.aborted) store.seedTrail(id, trailOf(answer.value));
      return answer;
    },
  });

  return {
    zone,
    dayStart,
    sky,
    nextSky,
    energy: counted?.energy ?? null,
    todayWh: todayWh(baseOf(counted), device.gainedWh),
    coverage: counted?.energy.rows.at(-1)?.coverage ?? null,
    today,
    gain,
    failed: todayError !== null,
  };
}
