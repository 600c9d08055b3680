// The Overview of one tracker: is it working, and what is it earning me?
import './overview.css';
import { useDeferredValue, useEffect } from 'react';
import { factors, fields } from '../api/generated';
import type { DeviceState, Overall } from '../api/live_store';
import type { Row, Sky } from '../api/shapes';
import { MonthStrip } from '../features/energy/month_strip';
import { GainCard } from '../features/gain/gain_card';
import { gainNow, gainSentence } from '../features/gain/gain_words';
import { EnergyFlow, flowOf } from '../features/flow/energy_flow';
import { peakOf } from '../features/power/columns';
import { LiveChart, TodayChart } from '../features/power/power_charts';
import { EarnedTiles, StationTiles, type TilesProps } from '../features/readings/tiles';
import type { Direction } from '../features/sky/geometry';
import { angleBetween } from '../features/sky/geometry';
import { Stars } from '../features/sky/stars';
import { SkyDome } from '../features/sky/sky_dome';
import { sceneOf, sunAt, windOf, type Scene, type Trim } from '../features/sky/sky_day';
import { Announcer } from '../features/status/announcer';
import { BackfillBar } from '../features/status/backfill_bar';
import { sentence } from '../features/status/words';
import { EasedNumber } from '../shared/eased_number';
import { Estimated, isEstimated } from '../shared/estimated';
import { clock, clockSeconds, decimal, duration, energy, kUnknown } from '../shared/format';
import { freshness, isDimmed } from '../shared/freshness';
import { useLiveStore, useServerNow } from '../shared/live';
import { PhoneRow } from '../features/energy/phone_row';
import { useStation, type Station } from './use_station';

// The device's own sun further from the site's than this runs on another clock (a replayed day).
const kOwnClockDegrees = 4;

function direction(azimuth: number | null, elevation: number | null): Direction | null {
  if (azimuth === null || elevation === null) return null;
  return { azimuth_deg: azimuth, elevation_deg: elevation };
}

/**
 * What the tracker has learned of its mount, as it turns and raises the panel now: both angles, or
 * nothing. The learned tilt is the servo's; beyond flat (90°) an az-el mount looks backwards, and
 * the same error lowers the panel that it raised before.
 */
export function trimOf(latest: Row | null, mount: string | null): Trim | null {
  const trim = direction(latest?.trim_azimuth_deg ?? null, latest?.trim_elevation_deg ?? null);
  const flipped = mount !== 'tilt_tilt' && (latest?.tilt_angle ?? 90) > 90;
  return trim && flipped ? { ...trim, elevation_deg: -trim.elevation_deg } : trim;
}

type Suns = { sun: Direction | null; panel: Direction | null; ownClock: boolean };

/** The sun from the site's path, or the device's own where that runs on another clock. */
export function sunsOf(latest: Row | null, sky: Sky | null, now: number): Suns {
  const told = direction(latest?.sun_azimuth_deg ?? null, latest?.sun_elevation_deg ?? null);
  const panel = direction(latest?.azimuth_deg ?? null, latest?.elevation_deg ?? null);
  const computed = sky ? sunAt(sky, now) : null;
  if (!computed) return { sun: told, panel, ownClock: false };
  const ownClock = told !== null && latest !== null && isFresh(latest, now)
    && angleBetween(told, computed) > kOwnClockDegrees;
  return { sun: ownClock ? told : computed, panel, ownClock };
}

function isFresh(latest: Row, now: number): boolean {
  return Math.abs(now - Date.parse(latest.ts)) < 60_000;
}

type OverviewProps = { device: DeviceState; overall: Overall };

function heightWords(sun: Direction | null): string {
  if (!sun) return 'place not set';
  const degrees = `${decimal(Math.abs(sun.elevation_deg), 0)}°`;
  return sun.elevation_deg < 0 ? `${degrees} below` : `${degrees} high`;
}

function nextSunrise(station: Station, now: number): number | null {
  for (const sky of [station.sky, station.nextSky]) {
    const sunrise = sky?.sunrise ? Date.parse(sky.sunrise) : NaN;
    if (sunrise > now) return sunrise;
  }
  return null;
}

function SkyFigures(props: { suns: Suns; station: Station; now: number; old: number | null }) {
  const { sun, panel } = props.suns;
  const { sky, zone } = props.station;
  const sunrise = nextSunrise(props.station, props.now);
  const up = sun !== null && sun.elevation_deg > 0;
  const off = up && panel && props.old === null ? angleBetween(sun, panel) : null;
  const sunset = sky?.sunset ? Date.parse(sky.sunset) : NaN;
  return (
    <dl className="sky-figures number">
      {sun && up && (
        <div>
          <dt>Sun</dt>
          <dd>
            {decimal(sun.elevation_deg, 0)}° high, {windOf(sun.azimuth_deg)}
          </dd>
        </div>
      )}
      {off !== null && (
        <div>
          <dt>Panel</dt>
          <dd>{decimal(off, 1)}° off the sun</dd>
        </div>
      )}
      {panel && props.old !== null && (
        <div>
          <dt>Panel</dt>
          <dd>as of {clock(props.old, zone)}</dd>
        </div>
      )}
      {!panel && (
        <div>
          <dt>Panel</dt>
          <dd>direction not known</dd>
        </div>
      )}
      {up && sunset > props.now && !props.suns.ownClock && (
        <div>
          <dt>Sunset</dt>
          <dd>
            {clock(sunset, zone)}, in {duration(sunset - props.now)}
          </dd>
        </div>
      )}
      {!up && sunrise !== null && (
        <div>
          <dt>Sunrise</dt>
          <dd>
            {clock(sunrise, zone)}, in {duration(sunrise - props.now)}
          </dd>
        </div>
      )}
      {props.suns.ownClock && (
        <div>
          <dt>Replay</dt>
          <dd>this tracker runs on its own clock</dd>
        </div>
      )}
    </dl>
  );
}

type HeroProps = OverviewProps & {
  station: Station;
  suns: Suns;
  now: number;
  dim: boolean;
  frozen: boolean;
};

// Below this a panel at night reads its own noise, and the day's sum says more.
const kNightPowerW = 0.05;

function PowerNow({ device, station, dim, frozen }: HeroProps) {
  const { latest, lastSeen } = device;
  const power = latest?.power_w ?? null;
  const old = (dim || frozen) && lastSeen !== null;
  const note = old ? `panel output as of ${clockSeconds(lastSeen, station.zone)}` : 'panel output now';
  return (
    <>
      <p className={power === null ? 'power unknown' : 'power'} aria-live="off">
        <span className="power-number">
          <EasedNumber value={power} format={(value) => decimal(value, fields.power_w.decimals)} />
        </span>
        <span className="power-unit">{fields.power_w.unit}</span>
      </p>
      <p className="power-note number">
        {power === null ? 'no power reading' : note}
        <Estimated when={power !== null && isEstimated(latest, 'power_w')} />
      </p>
    </>
  );
}

/** After sunset the day's sum says more than a zero. */
function DaySummary({ station, device }: HeroProps) {
  const sum = station.todayWh === null ? null : energy(station.todayWh);
  const peak = station.today ? peakOf(station.today) : null;
  return (
    <>
      <p className="power" aria-live="off">
        <span className="power-number number">{sum ? sum.text : kUnknown}</span>
        <span className="power-unit">{sum?.unit ?? 'Wh'}</span>
      </p>
      <p className="power-note number">
        made today
        {peak && `, at most ${decimal(peak.watts, 1)} W at ${clock(peak.at, station.zone)}`}
        <Estimated when={isEstimated(device.latest, 'energy_wh')} />
      </p>
    </>
  );
}

/** The next visit begins under the sky of this one; see public/theme.js. */
function useSceneKept(scene: Scene): void {
  useEffect(() => {
    try {
      localStorage.setItem('idast.scene', scene);
    } catch {
      // Storage denied: the next visit begins by day.
    }
  }, [scene]);
}

function Hero(props: HeroProps) {
  const { device, station, suns, now, dim, frozen } = props;
  const { zone, todayWh } = station;
  const { status } = freshness(device.status, device.lastSeen, now, zone);
  const sunrise = nextSunrise(station, now);
  const { latest, lastSeen } = device;
  const elevation = suns.sun?.elevation_deg ?? null;
  const scene = sceneOf(elevation);
  useSceneKept(scene);
  const down = elevation !== null && elevation < -0.8;
  const resting = down && (latest?.power_w ?? 0) < kNightPowerW;
  const told = { status, latest, todayWh, lastSeen, now, zone, sunrise, frozen, resting };
  const words = sentence(told);
  // The line keeps its place while the answer is on its way, so that nothing below it jumps.
  const awaited = device.site !== null && station.gain === null;
  const gained = gainNow(station.gain) ? gainSentence(station.gain, down) : '';
  return (
    <section className={dim ? 'hero dimmed' : 'hero'} data-scene={scene} aria-label={device.name}>
      {scene === 'night' && <Stars />}
      <div className="hero-words">
        <h1>
          {words.state} <span>{words.earnings}</span>
          {(gained || awaited) && <span className="gained">{gained}</span>}
        </h1>
        <Announcer
          summary={`${device.name}: ${words.state} ${words.earnings} ${gained}`}
          status={frozen ? 'frozen' : status}
        />
        {resting ? <DaySummary {...props} /> : <PowerNow {...props} />}
        <PhoneRow
          phones={todayWh === null ? null : todayWh / factors.phone_charge_wh}
          estimated={isEstimated(latest, 'energy_wh')}
        />
      </div>
      <div className="hero-sky">
        <SkyDome
          sky={station.nextSky && down ? station.nextSky : station.sky}
          zone={zone}
          now={now}
          sun={suns.sun}
          panel={suns.panel}
          trim={trimOf(latest, device.mount)}
          panelIsOld={dim}
          ownClock={suns.ownClock}
        />
        <SkyFigures suns={suns} station={station} now={now} old={dim ? lastSeen : null} />
      </div>
    </section>
  );
}

/** The last minutes and the whole day, side by side. */
function DayCharts(props: { device: DeviceState; station: Station; now: number }) {
  const { device, station, now } = props;
  const { latest } = device;
  const store = useLiveStore();
  const curve = station.gain?.curve ?? null;
  const gainCurve = curve && curve.t.length > 1 ? curve : null;
  return (
    <div className="two">
      <section className="card" aria-labelledby="live-chart">
        <h2 id="live-chart">
          Power, last 5 minutes <Estimated when={isEstimated(latest, 'power_w')} />
        </h2>
        <LiveChart
          trail={store.trail(device.id)}
          version={device.samples}
          now={now}
          zone={station.zone}
        />
      </section>
      <section className="card" aria-labelledby="today-chart">
        <h2 id="today-chart">
          Today <span className="key power-key">power</span>
          <Estimated when={isEstimated(latest, 'power_w')} />{' '}
          <span className="key battery-key">battery</span>
          <Estimated when={isEstimated(latest, 'battery_pct')} />
          {gainCurve && (
            <>
              {' '}
              <span className="key fixed-key">fixed</span>
              <Estimated when />{' '}
              <span className="key ideal-key">ideal</span>
              <Estimated when />
            </>
          )}
        </h2>
        <TodayChart
          buckets={station.today}
          failed={station.failed}
          sky={station.sky}
          dayStart={station.dayStart}
          zone={station.zone}
          curve={gainCurve}
        />
      </section>
    </div>
  );
}

type FurtherProps = OverviewProps & {
  station: Station;
  tiles: TilesProps;
  suns: Suns;
  now: number;
};

/** What most readers scroll to: curves, the comparison, the station and the month. */
function Further(props: FurtherProps) {
  const { device, station, tiles, suns, now } = props;
  // A bar is a few pixels a watt-hour: it need not be drawn anew at every sample.
  const shownWh = station.todayWh === null ? null : Math.round(station.todayWh * 10) / 10;
  return (
    <>
      <DayCharts device={device} station={station} now={now} />
      <GainCard
        gain={station.gain}
        placed={device.site !== null}
        over={suns.sun !== null && suns.sun.elevation_deg < -0.8}
        dimmed={tiles.dimmed}
      />
      <section aria-labelledby="station">
        <h2 id="station">How the station is</h2>
        <StationTiles {...tiles} />
      </section>
      <section className="card" aria-labelledby="month">
        <h2 id="month">Last 30 days</h2>
        {station.energy ? (
          <MonthStrip
            rows={station.energy.rows}
            todayWh={shownWh}
            zone={station.zone}
            estimated={isEstimated(device.latest, 'energy_wh')}
          />
        ) : (
          <div className="strip skeleton" />
        )}
      </section>
    </>
  );
}

export function Overview(props: OverviewProps) {
  const { device, overall } = props;
  const now = useServerNow(1_000);
  const station = useStation(device, now);
  const frozen = overall.connection.kind === 'lost' || overall.savedAt !== null;
  const { status } = freshness(device.status, device.lastSeen, now, station.zone);
  const dim = frozen || isDimmed(status);
  const suns = sunsOf(device.latest, station.sky, now);
  const { latest, site } = device;
  const tiles: TilesProps = {
    latest,
    site,
    todayWh: station.todayWh,
    coverage: station.coverage,
    dimmed: dim,
  };
  // What stands below the first screen is built after that was shown, in slices.
  const whole = useDeferredValue(true, false);
  const height = heightWords(suns.sun);
  return (
    <>
      {device.backfill && <BackfillBar backfill={device.backfill} />}
      <Hero {...props} station={station} suns={suns} now={now} dim={dim} frozen={frozen} />
      <section className="card" aria-label="Energy flow">
        <EnergyFlow
          flow={flowOf(latest)}
          sunUp={suns.sun ? suns.sun.elevation_deg > 0 : null}
          sunNote={height}
          phone={latest?.device_name || null}
          moving={!dim}
        />
      </section>
      <section aria-labelledby="earned">
        <h2 id="earned">What it has earned</h2>
        <EarnedTiles {...tiles} />
      </section>
      {whole ? (
        <Further {...props} station={station} tiles={tiles} suns={suns} now={now} />
      ) : (
        <div className="further-size" />
      )}
    </>
  );
}
