// The state of a tracker in one sentence that a person would say.
import type { Row, Status } from '../../api/shapes';
import { clock, count, duration, energy } from '../../shared/format';
import { kPhoneWh } from '../../shared/factors';

export type Told = {
  status: Status;
  latest: Row | null;
  todayWh: number | null;
  /** Server ms of the last sign of life. */
  lastSeen: number | null;
  now: number;
  zone: string;
  sunrise: number | null;
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

/** What the tracker does now, from its state or, on fielded devices, from `manual` and `steady`. */
export function doing(latest: Row | null): string {
  if (!latest) return 'Waiting for the first reading.';
  if (latest.state === 'track' && latest.steady === 1) return 'Locked on the sun.';
  const said = latest.state === null ? undefined : kDoing[latest.state];
  if (said !== undefined) return said;
  if (latest.manual === 1) return 'Held by hand.';
  if (latest.steady === null) return 'Connected.';
  return latest.steady === 1 ? 'Locked on the sun.' : 'Tracking the sun.';
}

/** "214 Wh so far today: 17 phones." */
export function earned(todayWh: number | null, lead: string): string {
  if (todayWh === null) return '';
  const { text, unit } = energy(todayWh);
  const phones = Math.floor(todayWh / kPhoneWh);
  const worth = phones > 0 ? `: ${count(phones, 'phone', 'phones')}` : '';
  return `${text} ${unit} ${lead}${worth}.`;
}

export function sentence(told: Told): string {
  const { status, todayWh, lastSeen, now, zone } = told;
  if (told.frozen) {
    const at = lastSeen === null ? '' : ` from ${clock(lastSeen, zone)}`;
    return `The last known values${at}. ${earned(todayWh, 'by then')}`.trim();
  }
  if (status === 'offline') {
    const since = lastSeen === null ? '' : ` since ${clock(lastSeen, zone)}`;
    return `This tracker is offline${since}. ${earned(todayWh, 'known for today')}`.trim();
  }
  if (status === 'stale') {
    const age = lastSeen === null ? '' : ` for ${duration(now - lastSeen)}`;
    return `No reading${age}. ${earned(todayWh, 'so far today')}`.trim();
  }
  if (status === 'asleep') {
    const wakes = told.sunrise === null ? '' : ` Sunrise in ${duration(told.sunrise - now)}.`;
    return `Asleep.${wakes} ${earned(todayWh, 'today')}`.trim();
  }
  return `${doing(told.latest)} ${earned(todayWh, 'so far today')}`.trim();
}
