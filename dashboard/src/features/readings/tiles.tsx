// Every number of the original device as a tile: what it earned, and how the station is.
import { factors, fields, type Column } from '../../api/generated';
import type { NumberColumn, Row, Site } from '../../api/shapes';
import { isEstimated } from '../../shared/estimated';
import { decimal, energy, kUnknown, money, reading } from '../../shared/format';
import { Explain } from './explain';
import { Tile } from './tile';

// Minutes of phone use that one Wh gives.
const kPhoneMinutesPerWh = 60 / factors.phone_use_w;

export type TilesProps = {
  latest: Row | null;
  site: Site | null;
  todayWh: number | null;
  /** Share of today's samples that are there, 0–1. */
  coverage: number | null;
  dimmed: boolean;
};

const kNotSent = 'not sent by this tracker';
const kMissing: Partial<Record<Column, string>> = {
  battery_pct: 'no battery sensor',
  battery_v: 'no battery sensor',
  temp_c: 'no temperature sensor',
  power_actual_w: 'no power sensor fitted',
  efficiency: 'below 0.5 W, or no sensor',
};

function missing(column: Column, latest: Row | null): string {
  if (!latest) return 'no reading yet';
  return kMissing[column] ?? kNotSent;
}

function said(latest: Row | null, column: NumberColumn): string {
  const { text, unit } = reading(column, latest?.[column] ?? null);
  return text === kUnknown || unit === '' ? text : `${text} ${unit}`;
}

/** The parts that every column tile shares; the schema gives unit and at most its decimals. */
function base(props: TilesProps, column: NumberColumn, digits?: number) {
  const decimals = Math.min(fields[column].decimals, digits ?? 99);
  return {
    value: props.latest?.[column] ?? null,
    format: (value: number) => decimal(value, decimals),
    unit: fields[column].unit,
    missing: missing(column, props.latest),
    estimated: isEstimated(props.latest, column),
    dimmed: props.dimmed,
  };
}

function EnergyToday(props: TilesProps) {
  const { todayWh, latest } = props;
  const counter = latest?.energy_wh ?? null;
  const total = counter === null ? null : energy(counter);
  return (
    <Tile
      name="Energy today"
      tone="sun"
      value={todayWh}
      format={(value) => energy(value).text}
      unit={energy(todayWh ?? 0).unit}
      note={total ? `${total.text} ${total.unit} in all` : 'no counter sent'}
      missing="waiting for today's sum"
      estimated={isEstimated(latest, 'energy_wh')}
      dimmed={props.dimmed}
      explain={
        <Explain
          column="energy_wh"
          formula="sum of the counter's rises since the site's midnight"
          inputs={[['Counter now', said(latest, 'energy_wh')]]}
          missing={props.coverage === null ? null : 1 - props.coverage}
        />
      }
    />
  );
}

function today(todayWh: number | null, say: (wh: number) => string): string {
  return todayWh === null ? 'since the counter began' : `${say(todayWh)} today`;
}

function Phones(props: TilesProps) {
  const { latest, todayWh } = props;
  return (
    <Tile
      {...base(props, 'phones', 1)}
      name="Phone charges"
      note={today(todayWh, (wh) => decimal(wh / factors.phone_charge_wh, 1))}
      explain={
        <Explain
          column="phones"
          formula={`energy ÷ ${factors.phone_charge_wh} Wh for one full charge`}
          inputs={[['Energy', said(latest, 'energy_wh')]]}
          source={`${factors.phone_charge_wh} Wh: a phone battery of about 3 Ah with its charging losses.`}
        />
      }
    />
  );
}

function PhoneMinutes(props: TilesProps) {
  const { latest, todayWh } = props;
  return (
    <Tile
      {...base(props, 'phone_minutes')}
      name="Phone minutes"
      note={today(todayWh, (wh) => decimal(wh * kPhoneMinutesPerWh, 0))}
      explain={
        <Explain
          column="phone_minutes"
          formula={`energy × ${kPhoneMinutesPerWh} min per Wh, for a phone that draws ${factors.phone_use_w} W`}
          inputs={[['Energy', said(latest, 'energy_wh')]]}
        />
      }
    />
  );
}

function Savings(props: TilesProps) {
  const { latest, site, todayWh } = props;
  const currency = site?.currency ?? 'PHP';
  const price = latest?.grid_price ?? site?.price_per_kwh ?? null;
  const worth = (wh: number): string => money((wh / 1000) * (price ?? 0), currency);
  return (
    <Tile
      {...base(props, 'pesos')}
      name="Saved"
      unit=""
      format={(value) => money(value, currency)}
      note={price === null ? 'no price known' : today(todayWh, worth)}
      explain={
        <Explain
          formula="energy (kWh) × price per kWh"
          inputs={[
            ['Energy', said(latest, 'energy_kwh')],
            ['Price', price === null ? kUnknown : `${money(price, currency)} per kWh`],
          ]}
          source={
            latest?.grid_price === null || latest === null
              ? 'Price from the site’s settings.'
              : 'Price as the tracker reports it.'
          }
        />
      }
    />
  );
}

function Carbon(props: TilesProps) {
  const { latest, site, todayWh } = props;
  const kg = latest?.co2_kg ?? null;
  const kwh = latest?.energy_kwh ?? null;
  const used = kg === null || kwh === null || kwh <= 0 ? null : kg / kwh;
  const factor = site?.grid_factor ?? used;
  return (
    <Tile
      {...base(props, 'co2_kg', 2)}
      name="CO₂ avoided"
      note={
        factor === null
          ? 'since the counter began'
          : today(todayWh, (wh) => `${decimal((wh / 1000) * factor, 3)} kg`)
      }
      explain={
        <Explain
          formula="energy (kWh) × grid factor"
          inputs={[
            ['Energy', said(latest, 'energy_kwh')],
            ['Factor in this number', used === null ? kUnknown : `${decimal(used, 4)} kg/kWh`],
            ['Site’s factor', site ? `${decimal(site.grid_factor, 4)} kg/kWh` : 'no site'],
          ]}
          source={`Default ${factors.grid_factor_default} kg/kWh: Luzon–Visayas grid, combined margin, DOE 2015–17. Older trackers use 0.4.`}
        />
      }
    />
  );
}

function Trees(props: TilesProps) {
  const { latest } = props;
  return (
    <Tile
      {...base(props, 'trees', 3)}
      name="Trees"
      note="working for a year"
      explain={
        <Explain
          formula={`CO₂ avoided ÷ ${factors.tree_kg_per_year} kg a tree takes up in a year`}
          inputs={[['CO₂ avoided', said(latest, 'co2_kg')]]}
        />
      }
    />
  );
}

/** What the sun has earned: today's energy first, money after phones. */
export function EarnedTiles(props: TilesProps) {
  return (
    <div className="tiles">
      <EnergyToday {...props} />
      <Phones {...props} />
      <PhoneMinutes {...props} />
      <Savings {...props} />
      <Carbon {...props} />
      <Trees {...props} />
    </div>
  );
}

const kStateNotes: Readonly<Record<string, string>> = {
  acquire: 'finding the sun',
  track: 'following the sun',
  diffuse: 'clouds: facing the brightest sky',
  stow: 'flat, out of the wind',
  night: 'waiting for sunrise',
  manual: 'held by hand',
  fault: 'stopped by a fault',
};

/** "Locked" and "Tracking" are the device's own two words: steady or not. */
function stateOf(latest: Row | null): string | null {
  if (!latest) return null;
  if (latest.state === 'fault') return 'Fault';
  if (latest.state === 'stow') return 'Stowed';
  if (latest.state === 'night') return 'Night';
  if (latest.manual === 1) return 'Manual';
  if (latest.steady === null) return null;
  return latest.steady === 1 ? 'Locked' : 'Tracking';
}

// The words of core/base/state.h that do not explain themselves; others are shown as they are.
const kReasons: Readonly<Record<string, string>> = {
  sun_unguarded: 'no anemometer',
  light_unguarded: 'by light, no anemometer',
  light: 'by light',
  calibrating: 'learning its mount',
  overcast: 'sky is overcast',
  searching: 'no clock, searching by light',
  clock_doubted: 'clock or place in doubt',
  sensor_fault: 'a light sensor fails',
  not_moving: 'panel does not follow',
};

function reasonOf(word: string | null): string | null {
  return word === null ? null : (kReasons[word] ?? word.replaceAll('_', ' '));
}

function StateTile({ latest, dimmed }: TilesProps) {
  const reason = reasonOf(latest?.state_reason ?? null);
  const note = latest?.state ? (kStateNotes[latest.state] ?? latest.state) : '';
  return (
    <Tile
      name="State"
      value={stateOf(latest)}
      note={reason && note !== '' ? `${note}, ${reason}` : (reason ?? note)}
      missing={latest ? kNotSent : 'no reading yet'}
      dimmed={dimmed}
      explain={
        <Explain
          formula="Locked: both light errors are within the dead band. Tracking: the motors correct."
          inputs={[
            ['Horizontal error', said(latest, 'horizontal_error')],
            ['Vertical error', said(latest, 'vertical_error')],
          ]}
        />
      }
    />
  );
}

function BatteryTile(props: TilesProps) {
  const { latest } = props;
  return (
    <Tile
      {...base(props, 'battery_pct', 1)}
      name="Battery"
      note={(latest?.battery_a ?? null) === null ? 'state of charge' : chargeWord(latest)}
      explain={<Explain column="battery_pct" inputs={[['Voltage', said(latest, 'battery_v')]]} />}
    />
  );
}

function chargeWord(latest: Row | null): string {
  const amperes = latest?.battery_a ?? 0;
  if (Math.abs(amperes) < 0.01) return 'resting';
  return amperes > 0 ? 'charging' : 'giving';
}

function PowerTile(props: TilesProps) {
  const { latest } = props;
  return (
    <Tile
      {...base(props, 'power_actual_w')}
      name="Measured power"
      note="volts × amperes"
      explain={
        <Explain
          column="power_actual_w"
          formula="panel volts × panel amperes"
          inputs={[
            ['Voltage', said(latest, 'panel_v')],
            ['Current', said(latest, 'panel_a')],
            ['Panel power', said(latest, 'power_w')],
          ]}
        />
      }
    />
  );
}

/** How the station is: battery, heat, charging, and what the tracker does. */
export function StationTiles(props: TilesProps) {
  const { latest } = props;
  return (
    <div className="tiles">
      <StateTile {...props} />
      <BatteryTile {...props} />
      <Tile
        {...base(props, 'battery_v')}
        name="Battery voltage"
        note={(latest?.battery_a ?? null) === null ? '' : said(latest, 'battery_a')}
        explain={<Explain column="battery_v" />}
      />
      <Tile
        {...base(props, 'efficiency', 1)}
        name="Efficiency"
        note="into the battery"
        explain={
          <Explain
            column="efficiency"
            formula="power into the battery ÷ panel power, over the last minute"
            inputs={[
              ['Panel power', said(latest, 'power_w')],
              ['Battery current', said(latest, 'battery_a')],
            ]}
          />
        }
      />
      <Tile
        {...base(props, 'temp_c', 1)}
        name="Panel temperature"
        note="at the back of the panel"
        explain={<Explain column="temp_c" />}
      />
      <PowerTile {...props} />
    </div>
  );
}
