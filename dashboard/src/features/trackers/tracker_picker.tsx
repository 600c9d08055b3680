import './trackers.css';
import { memo } from 'react';
import { EasedNumber } from '../../shared/eased_number';
import { Estimated, isEstimated } from '../../shared/estimated';
import { useDevice, useOfDevice } from '../../shared/live';
import { decimal } from '../../shared/format';

// More than this and a row of names is slower to read than a list.
const kNamesInARow = 6;

export type Choice = { id: string; href: string };

function Name({ choice, current, onPick }: PickProps) {
  const device = useDevice(choice.id);
  if (!device) return null;
  const power = device.status === 'live' ? (device.latest?.power_w ?? null) : null;
  return (
    <li>
      <a
        href={choice.href}
        className={`tracker ${device.status}`}
        aria-current={current ? 'page' : undefined}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          onPick(choice.id);
        }}
      >
        <span className="tracker-name">{device.name}</span>
        <span className="tracker-note">
          {power === null ? (
            device.status
          ) : (
            <>
              <EasedNumber value={power} format={(value) => decimal(value, 1)} /> W
              <Estimated when={isEstimated(device.latest, 'power_w')} />
            </>
          )}
        </span>
      </a>
    </li>
  );
}

type PickProps = { choice: Choice; current: boolean; onPick: (id: string) => void };

function Option({ id }: { id: string }) {
  const label = useOfDevice(
    id,
    (device) => `${device?.name ?? id} (${device?.status ?? 'unknown'})`,
  );
  return <option value={id}>{label}</option>;
}

/** Which tracker the page shows: names in a row while they fit, a list when they are many. */
export const TrackerPicker = memo(function TrackerPicker(props: {
  choices: readonly Choice[];
  current: string | null;
  onPick: (id: string) => void;
}) {
  const { choices, current, onPick } = props;
  if (choices.length > kNamesInARow) {
    return (
      <label className="tracker-list">
        <span className="visually-hidden">Tracker</span>
        <select value={current ?? ''} onChange={(event) => onPick(event.target.value)}>
          {choices.map((choice) => (
            <Option key={choice.id} id={choice.id} />
          ))}
        </select>
      </label>
    );
  }
  return (
    <nav aria-label="Trackers" className="trackers">
      <ul>
        {choices.map((choice) => (
          <Name
            key={choice.id}
            choice={choice}
            current={choice.id === current}
            onPick={onPick}
          />
        ))}
      </ul>
    </nav>
  );
});
