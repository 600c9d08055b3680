import './energy.css';
import { memo } from 'react';
import type { EnergyRow } from '../../api/shapes';
import { Estimated } from '../../shared/estimated';
import { dayAndMonth, decimal, energy, kUnknown } from '../../shared/format';

// Below this share of the day's samples a bar is hatched: its height is a lower bound.
const kWholeCoverage = 0.9;
const kHeight = 96;
const kStep = 24;
const kBar = 16;

export type Day = { start: number; energyWh: number | null; coverage: number; today: boolean };

/** The rows of the server with today's replaced by the live count. */
export function daysOf(rows: readonly EnergyRow[], todayWh: number | null): Day[] {
  return rows.map((row, index) => {
    const today = index === rows.length - 1;
    const known = row.coverage > 0 ? row.energy_wh : null;
    return {
      start: Date.parse(row.start),
      energyWh: today ? (todayWh ?? known) : known,
      coverage: row.coverage,
      today,
    };
  });
}

function text(wh: number | null): string {
  if (wh === null) return kUnknown;
  const said = energy(wh);
  return `${said.text} ${said.unit}`;
}

/** Thirty days of energy, one bar a day, in the site's days. */
export const MonthStrip = memo(function MonthStrip(props: {
  rows: readonly EnergyRow[];
  todayWh: number | null;
  zone: string;
  /** The counter of today is an estimate, and nobody knows what it was on other days. */
  estimated: boolean;
}) {
  const { rows, todayWh, zone } = props;
  const days = daysOf(rows, todayWh);
  const known = days.filter((day) => day.energyWh !== null);
  const most = Math.max(1, ...known.map((day) => day.energyWh ?? 0));
  const total = known.reduce((sum, day) => sum + (day.energyWh ?? 0), 0);
  const best = known.reduce<Day | null>(
    (top, day) => (top && (top.energyWh ?? 0) >= (day.energyWh ?? 0) ? top : day),
    null,
  );
  const width = days.length * kStep;
  const bestSaid = best ? `best ${text(best.energyWh)} on ${dayAndMonth(best.start, zone)}` : '';
  return (
    <>
      <p className="strip-figures">
        <b>{text(total)}</b> in {known.length} {known.length === 1 ? 'day' : 'days'}
        {best && <span>, {bestSaid}</span>}
        <Estimated when={props.estimated} />
      </p>
      <svg
        viewBox={`0 0 ${width} ${kHeight + 20}`}
        preserveAspectRatio="none"
        className="strip"
        role="img"
        aria-label={`Energy of the last ${days.length} days: ${text(total)} in all, ${bestSaid}.`}
      >
        <defs>
          <pattern id="strip-hatch" width="5" height="5" patternUnits="userSpaceOnUse">
            <path d="M-1 6L6-1M4 6l2-2M-1 1l2-2" className="hatch" />
          </pattern>
        </defs>
        {days.map((day, index) => {
          const height = ((day.energyWh ?? 0) / most) * kHeight;
          const x = index * kStep + (kStep - kBar) / 2;
          const kind = day.today ? 'today' : day.coverage < kWholeCoverage ? 'part' : 'whole';
          return (
            <g key={day.start} className={`strip-day ${kind}`}>
              <title>{`${dayAndMonth(day.start, zone)}: ${text(day.energyWh)}`}</title>
              <rect x={index * kStep} y="0" width={kStep} height={kHeight} className="reach" />
              {day.energyWh === null ? (
                <path d={`M${x + 4} ${kHeight - 1}h8`} className="unknown" />
              ) : (
                <rect
                  x={x}
                  y={kHeight - Math.max(2, height)}
                  width={kBar}
                  height={Math.max(2, height)}
                  rx="3"
                  className="bar"
                />
              )}
            </g>
          );
        })}
      </svg>
      <p className="strip-ends" aria-hidden="true">
        <span>{days[0] ? dayAndMonth(days[0].start, zone) : ''}</span>
        <span>today</span>
      </p>
      <details className="as-table">
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Energy</th>
              <th scope="col">Data present</th>
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <tr key={day.start}>
                <th scope="row">{day.today ? 'today' : dayAndMonth(day.start, zone)}</th>
                <td>{text(day.energyWh)}</td>
                <td>{decimal(day.coverage * 100, 0)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
});
