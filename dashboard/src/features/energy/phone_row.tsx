import { factors } from '../../api/generated';
import { EasedNumber } from '../../shared/eased_number';
import { Estimated } from '../../shared/estimated';
import { decimal } from '../../shared/format';
import { Info } from '../../shared/info';

// More pictures than this are a texture, not a count.
const kDrawnMost = 24;

function Phone({ part, id }: { part: number; id: string }) {
  return (
    <svg viewBox="0 0 12 20" className={part >= 1 ? 'phone full' : 'phone'} aria-hidden="true">
      <clipPath id={id}>
        <rect x="0" y={20 - 20 * part} width="12" height={20 * part} />
      </clipPath>
      <rect x="1" y="1" width="10" height="18" rx="2.6" className="case" />
      <rect x="2.6" y="2.6" width="6.8" height="14.8" rx="1.2" className="charge" clipPath={`url(#${id})`} />
    </svg>
  );
}

/** Full phone charges in today's energy, as a number and as phones filling up. */
export function PhoneRow({ phones, estimated }: { phones: number | null; estimated: boolean }) {
  const drawn = phones === null ? 0 : Math.min(kDrawnMost, Math.max(1, Math.ceil(phones)));
  return (
    <div className={phones === null ? 'phone-row waiting' : 'phone-row'}>
      <div>
        <p>
          <b>
            <EasedNumber value={phones} format={(value) => decimal(value, 1)} />
          </b>{' '}
          phone charges today
          <Estimated when={phones !== null && estimated} />
        </p>
        <Info about="Phone charges">
          <p className="formula">energy today ÷ {factors.phone_charge_wh} Wh for one full charge</p>
          <p className="source">
            A phone battery of about 3 Ah with its charging losses. Counts today’s panel energy,
            before what the battery and the electronics keep.
          </p>
        </Info>
      </div>
      <div className="phones">
        {Array.from({ length: drawn }, (_, index) => (
          <Phone
            key={index}
            id={`phone-${index}`}
            part={Math.min(1, Math.max(0, (phones ?? 0) - index))}
          />
        ))}
      </div>
    </div>
  );
}
