// Numbers, money and times as text. Times are the site's, not the viewer's.
import { fields, type Column } from '../api/generated';

/** What stands where a value is unknown. Unknown is not zero. */
export const kUnknown = '–';

const kLocale = 'en';
const numberFormats = new Map<string, Intl.NumberFormat>();
const timeFormats = new Map<string, Intl.DateTimeFormat>();

export function decimal(value: number, decimals: number): string {
  const key = `n${decimals}`;
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(kLocale, {
      minimumFractionDigits: decimals,
      maximumFractionDigits: decimals,
    });
    numberFormats.set(key, format);
  }
  const text = format.format(value);
  // A rounded "-0.0" reads as a reading below zero.
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** A column's value with the digits and unit that the schema gives it. */
export function reading(column: Column, value: number | null): { text: string; unit: string } {
  const { decimals, unit } = fields[column];
  return { text: value === null ? kUnknown : decimal(value, decimals), unit };
}

/** Wh below a kilowatt-hour, kWh above: "8.4 Wh", "214 Wh", "1.25 kWh". */
export function energy(wh: number): { text: string; unit: string } {
  if (Math.abs(wh) < 9.95) return { text: decimal(wh, 1), unit: 'Wh' };
  if (Math.abs(wh) < 999.5) return { text: decimal(wh, 0), unit: 'Wh' };
  return { text: decimal(wh / 1000, 2), unit: 'kWh' };
}

/** Money in the site's currency; an unknown code is written out rather than guessed. */
export function money(value: number, currency: string): string {
  // A day of a small panel in a strong currency is less than a cent; three digits still say it.
  const decimals = value !== 0 && Math.abs(value) < 0.095 ? 3 : 2;
  const key = `m${decimals}${currency}`;
  let format = numberFormats.get(key);
  if (!format) {
    try {
      format = new Intl.NumberFormat(kLocale, {
        style: 'currency',
        currency,
        currencyDisplay: 'narrowSymbol',
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
    } catch {
      return `${decimal(value, decimals)} ${currency}`.trim();
    }
    numberFormats.set(key, format);
  }
  return format.format(value);
}

function times(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let format = timeFormats.get(key);
  if (!format) {
    try {
      format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
    }
    timeFormats.set(key, format);
  }
  return format;
}

/** "14:02" in the given time zone. */
export function clock(ms: number, zone: string): string {
  return times(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms);
}

/** "14:02:11" in the given time zone. */
export function clockSeconds(ms: number, zone: string): string {
  return times(zone, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(ms);
}

/** "14 Oct" in the given time zone. */
export function dayAndMonth(ms: number, zone: string): string {
  return times(zone, { day: 'numeric', month: 'short' }).format(ms);
}

/** "2026-10-14": the calendar day in the given time zone. */
export function isoDay(ms: number, zone: string): string {
  const parts = times(zone, { year: 'numeric', month: '2-digit', day: '2-digit' });
  const named = new Map(parts.formatToParts(ms).map((part) => [part.type, part.value]));
  return `${named.get('year')}-${named.get('month')}-${named.get('day')}`;
}

/** "GMT+8": how the zone differs from UTC at that moment. */
export function zoneOffset(ms: number, zone: string): string {
  const parts = times(zone, { hour: 'numeric', timeZoneName: 'shortOffset' }).formatToParts(ms);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? zone;
}

/** "42 s", "3 min", "6 h 12 m", "4 d 2 h": two units at most, rounded down. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} m`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** "1 phone", "17 phones". */
export function count(value: number, one: string, many: string): string {
  return `${decimal(value, 0)} ${value === 1 ? one : many}`;
}
