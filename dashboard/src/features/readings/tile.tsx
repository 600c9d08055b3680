import './tiles.css';
import type { ReactNode } from 'react';
import { EasedNumber } from '../../shared/eased_number';
import { Estimated } from '../../shared/estimated';
import { Info } from '../../shared/info';

export type TileProps = {
  name: string;
  /** A number to glide to, or ready text; null is unknown and then `missing` says why. */
  value: number | string | null;
  format?: (value: number) => string;
  unit?: string;
  note?: string;
  missing: string;
  estimated?: boolean;
  dimmed: boolean;
  tone?: 'sun' | 'plain';
  explain: ReactNode;
};

/** One reading: name, number, unit, and an (i) that says where it comes from. */
export function Tile(props: TileProps) {
  const { value, estimated, dimmed } = props;
  const known = value !== null;
  return (
    <div className={`tile ${props.tone ?? 'plain'} ${dimmed ? 'dimmed' : ''}`}>
      <div className="tile-name">
        <span>{props.name}</span>
        <Info about={props.name}>{props.explain}</Info>
      </div>
      <p className="tile-value">
        {typeof value === 'string' ? (
          <span>{value}</span>
        ) : (
          <EasedNumber value={value} format={props.format ?? String} />
        )}
        {known && props.unit ? <span className="unit"> {props.unit}</span> : null}
        <Estimated when={known && estimated === true} />
      </p>
      <p className="tile-note number">{known ? props.note : props.missing}</p>
    </div>
  );
}
