import './status.css';
import type { DeviceState } from '../../api/live_store';
import type { Status } from '../../api/shapes';
import { freshness } from '../../shared/freshness';
import { useServerNow } from '../../shared/live';
import { clock, clockSeconds } from '../../shared/format';

// Ages change in tenths of a second; four times a second reads as steady without busying a phone.
const kTickMs = 250;

const kIcons: Readonly<Record<Status, string>> = {
  live: 'M8 8m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0',
  delayed: 'M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M8 5v3.2l2.2 1.4',
  stale: 'M8 3a5 5 0 1 0 0 10a5 5 0 1 0 0-10M5.8 8h4.4',
  offline: 'M3 3l10 10M5 6.5a5 5 0 0 1 1.5-.8M11 6.2q-.8-.6-2-.8M8 12v.1M6.3 9.6a2.4 2.4 0 0 1 2-.6',
  asleep: 'M12 9.6A4.6 4.6 0 1 1 6.4 4a3.7 3.7 0 0 0 5.6 5.6',
};

export function StatusIcon({ status }: { status: Status }) {
  return (
    <svg viewBox="0 0 16 16" className={`status-icon ${status}`} aria-hidden="true">
      <path d={kIcons[status]} />
    </svg>
  );
}

/** One chip per device: icon, word and age. Never by colour alone. */
export function FreshnessChip(props: {
  device: DeviceState;
  zone: string;
  /** When the shown values were saved by an earlier visit; null when they are this visit's. */
  savedAt: number | null;
  /** The server is out of reach: nothing can be said about the tracker now. */
  serverLost: boolean;
}) {
  const { device, zone, savedAt, serverLost } = props;
  const now = useServerNow(kTickMs);
  if (savedAt !== null) {
    return (
      <span className="chip saved">
        <StatusIcon status="stale" /> <b>SAVED</b> {clock(savedAt, zone)}
      </span>
    );
  }
  if (serverLost) {
    return (
      <span className="chip saved">
        <StatusIcon status="stale" /> <b>LAST SEEN</b>{' '}
        {device.lastSeen === null ? '' : clockSeconds(device.lastSeen, zone)}
      </span>
    );
  }
  const { status, word, age } = freshness(device.status, device.lastSeen, now, zone);
  return (
    <span className={`chip ${status}`}>
      <StatusIcon status={status} /> <b>{word}</b> <span className="number">{age}</span>
    </span>
  );
}
