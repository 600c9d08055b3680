// Today's energy: the server's sum at load, plus what the counter has gained since then.
import type { Energy } from '../../api/shapes';

/** The server's answer, and what the page had counted for this device when it came. */
export type CountedEnergy = { energy: Energy; gainedWh: number };
export type TodayBase = { energyWh: number; gainedWh: number };

/** The last row is today's; a day without any sample has no known energy, but it has begun: 0. */
export function baseOf(counted: CountedEnergy | null): TodayBase | null {
  const row = counted?.energy.rows.at(-1);
  if (!counted || !row) return null;
  return { energyWh: row.energy_wh ?? 0, gainedWh: counted.gainedWh };
}

export function todayWh(base: TodayBase | null, gainedWh: number): number | null {
  if (!base) return null;
  return base.energyWh + Math.max(0, gainedWh - base.gainedWh);
}
