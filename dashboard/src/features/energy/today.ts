// Today's energy: the server's sum at load, plus what the counter has gained since then.
import type { Energy } from '../../api/shapes';

/** The server's answer and what the page had counted when it came. */
export type TodayBase = { energyWh: number; gainedWh: number };

/** The last row is today's; a day without any sample has no known energy, but it has begun: 0. */
export function baseOf(energy: Energy | null, gainedWh: number): TodayBase | null {
  const row = energy?.rows.at(-1);
  if (!row) return null;
  return { energyWh: row.energy_wh ?? 0, gainedWh };
}

export function todayWh(base: TodayBase | null, gainedWh: number): number | null {
  if (!base) return null;
  return base.energyWh + Math.max(0, gainedWh - base.gainedWh);
}
