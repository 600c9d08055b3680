// The state of a tracker in one sentence that a person would say.
import { factors } from '../../api/generated';
import type { Row, Status } from '../../api/shapes';
import { isEstimated } from '../../shared/estimated';
import { clock, count, duration, energy } from '../../shared/format';

export type Told = {
  status: Status;
  latest: Row | null;
  todayWh: number | null;
  /** Server ms of the last sign of life. */
  lastSeen: number | null;
  now: number;
  zone: string;
  sunrise: number | null;
  /** The sun is below the horizon and the panel makes nothing. */
  resting: boolean;
  /** Values come from an earlier visit or the server is out of reach. */
  frozen: boolean;
};

const kDoing: Readonly<Record<string, string>> = {
  acquire: 'Looking for the sun.',
  track: 'Tracking the sun.',
  diffuse: 'Clouds overhead: facing the brightest sky.',
  stow: 'Stowed flat.',
  night: 'Resting for the night.',
  manual: 'Held by hand.',
  fault: 'Stopped by a fault.',
};

// A reason that says more than its state. Words of later versions fall back to the state's.
const kBecause: Readonly<Record<string, string>> = {
  calibrating: 'Looking around for a moment, to learn its mount.',
  overcast: 'Overcast: facing the brightest sky.',
  searching: 'Looking for the sun by its light: no clock yet.',
  clock_doubted: 'Following the light: its clock or its place seems wrong.',
  sensor_fault: 'Tracking the sun by the clock: a light sensor fails.',
  not_moving: 'Stopped: the panel does not go where it is sent.',
};
const kExplained = ['acquire', 'track', 'diffuse', 'fault'];

/** What the tracker does now, from its state or, on fielded devices, from `manual` and `steady`. */
export function doing(latest: Row | null): string {
  if (!latest) return 'Waiting for the first reading.';
  const { state, state_reason } = latest;
  if (state !== null && state_reason !== null && kExplained.includes(state)) {
    const because = kBecause[state_reason];
    if (because !== undefined) return because;
  }
  const said = latest.state === null ? undefined : kDoing[latest.state];
  if (said !== undefined) return said;
  if (latest.manual === 1) return 'Held by hand.';
  // `steady` flips many times a minute; the tile shows it, a sentence would stutter.
  return latest.steady === null ? 'Connected.' : 'Tracking the sun.';
}

/** "214 Wh so far today: 17 phones."; an estimate begins with "About". */
export function earned(todayWh: number | null, lead: string, about = ''): string {
  if (todayWh === null) return '';
  const { text, unit } = energy(todayWh);
  const phones = Math.floor(todayWh / factors.phone_charge_wh);
  const worth = phones > 0 ? `: ${count(phones, 'phone', 'phones')}` : '';
  return `${about}${text} ${unit} ${lead}${worth}.`;
}

/** Two parts: what it does, then what it has brought; either may be empty. */
export type Sentence = { state: string; earnings: string };

export function sentence(told: Told): Sentence {
  const { status, todayWh, lastSeen, now, zone } = told;
  const about = isEstimated(told.latest, 'energy_wh') ? 'About ' : '';
  if (told.frozen) {
    const state = lastSeen === null ? 'As last known.' : `As it was at ${clock(lastSeen, zone)}.`;
    return { state, earnings: earned(todayWh, 'by then', about) };
  }
  if (told.latest === null) return { state: doing(null), earnings: '' };
  if (status === 'offline') {
    const since = lastSeen === null ? '' : ` since ${clock(lastSeen, zone)}`;
    const state = `This tracker is offline${since}.`;
    return { state, earnings: earned(todayWh, 'known for today', about) };
  }
  if (status === 'stale') {
    const age = lastSeen === null ? '' : ` for ${duration(now - lastSeen)}`;
    return { state: `No reading${age}.`, earnings: earned(todayWh, 'so far today', about) };
  }
  // A tracker that still talks at night is as much at rest as one that sleeps.
  if (status === 'asleep' || told.resting) {
    const { sunrise } = told;
    const state = sunrise === null ? 'At rest.' : `Sunrise in ${duration(sunrise - now)}.`;
    return { state, earnings: earned(todayWh, 'today', about) };
  }
  return { state: doing(told.latest), earnings: earned(todayWh, 'so far today', about) };
}
