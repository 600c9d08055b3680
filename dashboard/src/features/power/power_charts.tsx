import { memo, useMemo } from 'react';
import { fields } from '../../api/generated';
import type { Trail } from '../../api/live_store';
import type { Buckets, Curve, Sky } from '../../api/shapes';
import { Chart, type Line } from '../../shared/chart';
import { clock, decimal } from '../../shared/format';
import { bucketColumns, extremes, kLiveWindowMs, liveColumns, withCurve } from './columns';

const power: Line = {
  label: fields.power_w.label,
  unit: fields.power_w.unit,
  decimals: 2,
  colour: '--sun-line',
  scale: 'left',
  fill: true,
  width: 2,
};
const mean: Line = { ...power, fill: false };
const battery: Line = {
  label: fields.battery_pct.label,
  unit: fields.battery_pct.unit,
  decimals: 0,
  colour: '--battery-line',
  scale: 'right',
  fill: false,
  width: 1.5,
};
const estimate: Line = { ...mean, width: 1.5, dashed: true };
const fixed: Line = { ...estimate, label: 'Fixed panel, estimated', colour: '--fixed-line' };
const ideal: Line = { ...estimate, label: 'Ideal, estimated', colour: '--ideal-line' };
const kLive = [power];
const kToday = [mean, battery];
const kTodayAndModel = [mean, battery, fixed, ideal];
const kPercent = [0, 100] as const;

function summary(what: string, column: readonly (number | null)[]): string {
  const found = extremes(column);
  if (!found) return `${what}: no readings.`;
  const watts = (value: number): string => `${decimal(value, 1)} watts`;
  return `${what}: now ${watts(found.last)}, lowest ${watts(found.low)}, highest ${watts(found.high)}.`;
}

/** Power of the last five minutes, moving with the server's clock. */
export function LiveChart(props: { trail: Trail; version: number; now: number; zone: string }) {
  const { trail, version, now, zone } = props;
  // The trail grows in place; `version` says that it did.
  // oxlint-disable-next-line react-hooks/exhaustive-deps
  const data = useMemo(() => liveColumns(trail, now), [trail, version, now]);
  return (
    <Chart
      sentence={summary('Panel power of the last five minutes', data.values[0] ?? [])}
      zone={zone}
      lines={kLive}
      data={data}
      range={{ from: (now - kLiveWindowMs) / 1000, to: now / 1000 }}
      seconds
    />
  );
}

const kBeforeSunriseMs = 30 * 60_000;

/** The hours worth showing: daylight with half an hour around it, or the whole day. */
export function dayRange(sky: Sky | null, dayStart: number): { from: number; to: number } {
  const sunrise = sky?.sunrise ? Date.parse(sky.sunrise) : NaN;
  const sunset = sky?.sunset ? Date.parse(sky.sunset) : NaN;
  if (Number.isNaN(sunrise) || Number.isNaN(sunset) || sunset < sunrise) {
    return { from: dayStart, to: dayStart + 24 * 3_600_000 };
  }
  return { from: sunrise - kBeforeSunriseMs, to: sunset + kBeforeSunriseMs };
}

/** Today's power (mean, with the span between lowest and highest) and state of charge. */
export const TodayChart = memo(function TodayChart(props: {
  buckets: Buckets | null;
  failed: boolean;
  sky: Sky | null;
  dayStart: number;
  zone: string;
  /** What a fixed and an ideal panel would have made; null draws neither. */
  curve: Curve | null;
}) {
  const { buckets, sky, dayStart, zone, curve } = props;
  const modelled = curve !== null && curve.t.length > 1;
  const data = useMemo(() => {
    if (!buckets) return null;
    const measured = bucketColumns(buckets);
    return modelled ? withCurve(measured, curve) : measured;
  }, [buckets, curve, modelled]);
  const { from, to } = dayRange(sky, dayStart);
  if (!data && props.failed) {
    return (
      <div className="chart nothing">
        <p>Today’s readings did not come; trying again.</p>
      </div>
    );
  }
  if (!data) return <div className="chart skeleton" role="img" aria-label="Loading today's chart" />;
  const known = extremes(data.values[0] ?? []);
  if (!known) {
    return (
      <div className="chart nothing">
        <p>No readings yet today{sky?.sunrise ? `; sunrise at ${clock(Date.parse(sky.sunrise), zone)}` : ''}.</p>
      </div>
    );
  }
  return (
    <Chart
      sentence={
        summary("Today's panel power", data.values[0] ?? []) +
        (modelled ? ' Dashed: estimates for a fixed and an ideal panel.' : '')
      }
      zone={zone}
      lines={modelled ? kTodayAndModel : kToday}
      data={data}
      range={{ from: from / 1000, to: to / 1000 }}
      right={kPercent}
    />
  );
});
