import type { Backfill } from '../../api/shapes';
import { decimal, duration } from '../../shared/format';

/** How far the filling of past days has come, how fast, and how long it still takes. */
export function BackfillBar({ backfill }: { backfill: Backfill }) {
  const { done, total, per_s, seconds_left } = backfill;
  const part = total > 0 ? Math.min(1, done / total) : 0;
  const percent = Math.floor(part * 100);
  const left = seconds_left === null ? '' : `, ${duration(seconds_left * 1000)} left`;
  const rate = `${decimal(per_s, 0)} a second${left}`;
  return (
    <div className="backfill">
      <p>
        <b>Filling in past days</b>{' '}
        <span className="number">
          {decimal(done, 0)} of {decimal(total, 0)} samples, {rate}
        </span>
      </p>
      <progress
        value={done}
        max={Math.max(1, total)}
        aria-label={`Filling in past days, ${percent} %`}
      >
        {percent} %
      </progress>
    </div>
  );
}
