// What tracking gained over a fixed panel, in words. Every figure here is an estimate and says so.
import type { Gain, GainRow } from '../../api/shapes';
import { decimal } from '../../shared/format';

/** Today's row, when the server could compare. */
export function gainNow(gain: Gain | null): GainRow | null {
  const today = gain?.rows.at(-1);
  return today && today.gain !== null ? today : null;
}

/** "+24 %", "−6 %", "0 %". */
export function signed(share: number): string {
  const percent = Math.round(share * 100);
  if (percent === 0) return '0 %';
  return `${percent > 0 ? '+' : '−'}${decimal(Math.abs(percent), 0)} %`;
}

/** "between +21 and +27 %" */
export function band(row: GainRow): string {
  if (row.gain_low === null || row.gain_high === null) return '';
  return `between ${signed(row.gain_low).replace(' %', '')} and ${signed(row.gain_high)}`;
}

/** "About 24 % more than a fixed panel so far today."; empty when nothing can be compared. */
export function gainSentence(gain: Gain | null, over: boolean): string {
  const today = gainNow(gain);
  if (!today || today.gain === null) return '';
  const when = over ? 'today' : 'so far today';
  const percent = Math.round(Math.abs(today.gain) * 100);
  if (percent === 0) return `About the same as a fixed panel ${when}.`;
  const more = today.gain > 0 ? 'more' : 'less';
  return `About ${decimal(percent, 0)} % ${more} than a fixed panel ${when}.`;
}

const kWhy: Readonly<Record<string, string>> = {
  no_samples: 'Nothing was stored today yet.',
  no_power: 'This tracker has no power sensor, so there is nothing to compare.',
  no_direction: 'This tracker does not say where its panel points, so its light is not known.',
  night: 'There is not yet enough light today to compare.',
  off_mpp: 'The battery was full for most of today: the panel gave less than it could.',
  little_covered: 'Too much of today is missing to compare fairly.',
  pending: 'Being worked out.',
};

/** Why there is no gain for today yet, in a sentence. */
export function whyNot(gain: Gain | null, placed: boolean): string {
  if (!placed) return 'This tracker’s place is not set, so its sun is not known.';
  if (!gain) return 'Waiting for the server’s estimate.';
  const why = gain.rows.at(-1)?.why ?? 'no_samples';
  return kWhy[why] ?? 'Not known for today.';
}

/** What the past days say about whether tracking pays; empty while they say nothing. */
export function verdictSentence(gain: Gain | null): string {
  const past = gain?.summary;
  if (!gain || !past) return '';
  const days = gain.summary_days === 1 ? 'On the last day' : `Over the last ${gain.summary_days} days`;
  const net = past.net_gain;
  if (past.verdict === 'not_paying') {
    if (net === null) return `Tracking is not paying here: ${days.toLowerCase()} a fixed panel would have made more.`;
    return `Tracking is not paying here: ${days.toLowerCase()}, after what motion and electronics used, a fixed panel would have left about ${decimal(Math.abs(net) * 100, 0)} % more.`;
  }
  if (net === null) return '';
  const left = `after motion and electronics about ${signed(net)} were left`;
  if (past.verdict === 'paying') return `${days} tracking paid: ${left}.`;
  return `${days} it is not clear whether tracking paid: ${left}, within what the estimate may be off.`;
}
