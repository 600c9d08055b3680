import type { ReactNode } from 'react';
import { fields, type Column } from '../../api/generated';

export type Explained = {
  /** What the number is, as the schema says it. */
  column?: Column;
  formula?: string;
  /** The inputs with their present values. */
  inputs?: readonly (readonly [name: string, value: string])[];
  source?: string;
  /** Share of the day's data that is missing, 0–1. */
  missing?: number | null;
  note?: ReactNode;
};

/** The inside of an (i): formula, inputs, factor and source, and what is missing. */
export function Explain(props: Explained) {
  const { column, formula, inputs, source, missing, note } = props;
  return (
    <>
      {column && <p>{fields[column].about.replaceAll('`', '')}</p>}
      {formula && <p className="formula">{formula}</p>}
      {inputs && inputs.length > 0 && (
        <dl>
          {inputs.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd className="number">{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {source && <p className="source">{source}</p>}
      {missing !== null && missing !== undefined && (
        <p className="source number">Data missing today: {Math.round(missing * 100)} %.</p>
      )}
      {note && <p className="source">{note}</p>}
    </>
  );
}
