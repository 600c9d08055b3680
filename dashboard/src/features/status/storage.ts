// How long the server's disk lasts, in words.
import type { Storage } from '../../api/shapes';
import { count, decimal } from '../../shared/format';

// Time to buy a disk, or to decide what may go.
const kDaysLow = 30;
const kDaysMany = 3_650;

export type Room = { line: string; low: { fault: string; more: string } | null };

/** "420 kB", "35 MB", "4.6 GB", "120 GB": two digits at least, decimal units as disks are sold. */
export function bytes(value: number): string {
  const [unit, size] = value >= 999.5e6 ? ['GB', 1e9] : value >= 999.5e3 ? ['MB', 1e6] : ['kB', 1e3];
  const scaled = value / (size as number);
  return `${decimal(scaled, scaled < 9.95 ? 1 : 0)} ${unit}`;
}

function lasts(days: number): string {
  return days >= kDaysMany ? 'room for more than ten years' : `room for ${count(days, 'day', 'days')}`;
}

/** What is used, what a day adds, how many days are left; and whether that is too few. */
export function roomOf(storage: Storage): Room {
  const { database_bytes, disk_free_bytes, bytes_a_day, days_left } = storage;
  const used = `Storage: ${bytes(database_bytes)} used, ${bytes(disk_free_bytes)} free`;
  if (bytes_a_day === null) {
    return { line: `${used}; how long that lasts is known after the first whole day.`, low: null };
  }
  const daily = `${bytes(bytes_a_day)} more each day`;
  if (days_left === null) return { line: `${used}, ${daily}.`, low: null };
  const line = `${used}, ${daily}: ${lasts(days_left)}.`;
  if (days_left >= kDaysLow) return { line, low: null };
  const when = days_left < 1 ? 'within a day' : `in ${count(days_left, 'day', 'days')}`;
  return {
    line,
    low: {
      fault: `The server’s disk is full ${when}.`,
      more: `${bytes(disk_free_bytes)} are free, and ${bytes(bytes_a_day)} come each day. Move old files of the archive to another disk, or keep samples as they came for fewer days (keep_raw_days).`,
    },
  };
}
