// What is not measured says so wherever it is shown.
import { fields, type Column } from '../api/generated';
import type { Row } from '../api/shapes';

// What follows from the energy counter is no better than the counter.
const kFromEnergy: ReadonlySet<Column> = new Set<Column>([
  'energy_kwh',
  'co2_kg',
  'trees',
  'phones',
  'phone_minutes',
  'pesos',
]);

/** Whether the device says that this column, or the one it follows from, is an estimate. */
export function isEstimated(latest: Row | null, column: Column): boolean {
  const named = latest?.estimated ?? [];
  if (named.includes(fields[column].json) || named.includes(column)) return true;
  return kFromEnergy.has(column) && isEstimated(latest, 'energy_wh');
}

/** The mark behind a number. */
export function Estimated({ when }: { when: boolean }) {
  if (!when) return null;
  return (
    <abbr className="estimated" title="An estimate, not a measurement">
      est.
    </abbr>
  );
}
