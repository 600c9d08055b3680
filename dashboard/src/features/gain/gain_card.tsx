import './gain.css';
import { memo } from 'react';
import type { Gain, GainRow } from '../../api/shapes';
import { Estimated } from '../../shared/estimated';
import { energy } from '../../shared/format';
import { Info } from '../../shared/info';
import { band, gainNow, signed, verdictSentence, whyNot } from './gain_words';

type Bar = { name: string; wh: number; kind: 'fixed' | 'tracked' | 'ideal' };

function barsOf(row: GainRow): Bar[] {
  const bars: Bar[] = [];
  if (row.fixed_wh !== null) bars.push({ name: 'Fixed panel', wh: row.fixed_wh, kind: 'fixed' });
  if (row.tracked_wh !== null) bars.push({ name: 'This tracker', wh: row.tracked_wh, kind: 'tracked' });
  if (row.ideal_wh !== null) bars.push({ name: 'Ideal tracker', wh: row.ideal_wh, kind: 'ideal' });
  return bars;
}

/** Fixed, tracked and ideal beside each other, as long as their energy. */
function Bars({ row }: { row: GainRow }) {
  const bars = barsOf(row);
  const longest = Math.max(...bars.map((bar) => bar.wh), 0.001);
  return (
    <dl className="gain-bars number">
      {bars.map((bar) => {
        const { text, unit } = energy(bar.wh);
        return (
          <div key={bar.kind}>
            <dt>{bar.name}</dt>
            <dd>
              <svg className={`gain-bar ${bar.kind}`} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                <rect width={(bar.wh / longest) * 100} height="10" rx="1.5" />
              </svg>
              <span>
                {text} {unit} <Estimated when={bar.kind !== 'tracked' || row.off_mpp > 0.005} />
              </span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

function HowItIsKnown({ row }: { row: GainRow | null }) {
  return (
    <Info about="the comparison with a fixed panel">
      <p>
        From the panel’s own power and temperature the server works out how clear the sky was, and what
        the same panel would have made standing still, tilted by the latitude and facing the equator.
      </p>
      <p className="formula">gain = this tracker ÷ fixed panel − 1</p>
      <p className="source">
        Beam and diffuse light by Erbs 1982 and, in steady light, Ineichen 2002; other planes by
        Hay–Davies 1980. The truth lies in the band nine times in ten.
      </p>
      {row && (
        <p className="source number">
          Compared: {Math.round(row.coverage * 100)} % of the light. Battery full during{' '}
          {Math.round(row.off_mpp * 100)} %.
        </p>
      )}
    </Info>
  );
}

type GainCardProps = { gain: Gain | null; placed: boolean; over: boolean; dimmed: boolean };

/** Whether moving is worth it: today against a panel that stands still, and what the days say. */
export const GainCard = memo(function GainCard({ gain, placed, over, dimmed }: GainCardProps) {
  const today = gainNow(gain);
  const verdict = verdictSentence(gain);
  const paysNot = gain?.summary?.verdict === 'not_paying';
  return (
    <section className={dimmed ? 'card gain dimmed' : 'card gain'} aria-labelledby="gain">
      <div className="gain-head">
        <h2 id="gain">Against a fixed panel</h2>
        <HowItIsKnown row={today} />
      </div>
      {today && today.gain !== null ? (
        <div className="gain-today">
          <p className="gain-number number">
            {signed(today.gain)} <Estimated when />
            <span>
              {over ? 'today' : 'so far today'}, {band(today)}
            </span>
          </p>
          <Bars row={today} />
        </div>
      ) : (
        <p className="gain-why">{whyNot(gain, placed)}</p>
      )}
      {verdict && (
        <p className={paysNot ? 'gain-verdict pays-not' : 'gain-verdict'}>
          {verdict} <Estimated when />
        </p>
      )}
    </section>
  );
});
