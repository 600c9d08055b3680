import './energy_flow.css';
import type { ReactNode } from 'react';
import type { Row } from '../../api/shapes';
import { EasedNumber } from '../../shared/eased_number';
import { Estimated, isEstimated } from '../../shared/estimated';
import { decimal, kUnknown } from '../../shared/format';

// Below this a current is noise of the sensor, and an arrow would tell of nothing.
const kFlowsAboveW = 0.05;

export type Flow = {
  panelW: number | null;
  batteryW: number | null;
  loadW: number | null;
  batteryPct: number | null;
  /** The panel's power is not measured, nor then what is left of it for the load. */
  panelEstimated: boolean;
};

/** Battery power from V·A (positive charges); the load is what the panel makes beyond that. */
export function flowOf(latest: Row | null): Flow {
  const panelW = latest?.power_w ?? null;
  const volts = latest?.battery_v ?? null;
  const amperes = latest?.battery_a ?? null;
  const batteryW = volts === null || amperes === null ? null : volts * amperes;
  const loadW = panelW === null || batteryW === null ? null : Math.max(0, panelW - batteryW);
  const panelEstimated = isEstimated(latest, 'power_w');
  return { panelW, batteryW, loadW, batteryPct: latest?.battery_pct ?? null, panelEstimated };
}

function Link(props: { watts: number | null; moving: boolean; back?: boolean }) {
  const flows = props.watts !== null && Math.abs(props.watts) > kFlowsAboveW;
  const kind = !flows ? 'still' : props.back ? 'back' : 'on';
  return <div className={`flow-link ${kind} ${props.moving ? '' : 'stopped'}`} aria-hidden="true" />;
}

function Watts({ value, estimated }: { value: number | null; estimated?: boolean }) {
  if (value === null) return <b>{kUnknown}</b>;
  return (
    <b>
      <EasedNumber value={Math.abs(value)} format={(watts) => decimal(watts, 1)} /> W
      <Estimated when={estimated === true} />
    </b>
  );
}

function Node(props: {
  icon: string;
  name: string;
  children: ReactNode;
  note: string;
  from?: ReactNode;
}) {
  return (
    <li className="flow-node">
      {props.from}
      <svg className="flow-icon" viewBox="0 0 32 32" aria-hidden="true">
        <path d={props.icon} />
      </svg>
      <div className="flow-text">
        <span className="flow-name">{props.name}</span>
        {props.children}
        <small>{props.note}</small>
      </div>
    </li>
  );
}

const kSun =
  'M16 10.5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11M16 3.5v3M16 25.5v3M3.5 16h3M25.5 16h3' +
  'M7.2 7.2l2.1 2.1M22.7 22.7l2.1 2.1M7.2 24.8l2.1-2.1M22.7 9.3l2.1-2.1';
const kPanel = 'M8 7h16l4 14H4zM16 7v14M6.2 14h19.6M16 21v5M11 26h10';
const kBattery = 'M4 10h22v12H4zM26 14h2.5v4H26';
const kPhone = 'M10.5 4h11v24h-11zM14.5 24.5h3';

function batteryWord(watts: number | null): string {
  if (watts === null) return 'no current sensor';
  if (Math.abs(watts) <= kFlowsAboveW) return 'resting';
  return watts > 0 ? 'charging' : 'giving';
}

/** Sun → panel → battery → load, moving only as far as it is known. */
export function EnergyFlow(props: {
  flow: Flow;
  sunUp: boolean | null;
  sunNote: string;
  phone: string | null;
  moving: boolean;
}) {
  const { flow, moving } = props;
  const draining = flow.batteryW !== null && flow.batteryW < -kFlowsAboveW;
  const batteryNote = batteryWord(flow.batteryW);
  return (
    <ol className="flow" aria-label="Where the energy goes">
      <Node icon={kSun} name="Sun" note={props.sunNote}>
        <b>{props.sunUp === null ? kUnknown : props.sunUp ? 'up' : 'down'}</b>
      </Node>
      <Node
        icon={kPanel}
        name="Panel"
        note="making"
        from={<Link watts={props.sunUp === false ? 0 : flow.panelW} moving={moving} />}
      >
        <Watts value={flow.panelW} estimated={flow.panelEstimated} />
      </Node>
      <Node
        icon={kBattery}
        name="Battery"
        note={batteryNote}
        from={<Link watts={flow.batteryW} moving={moving} back={draining} />}
      >
        <Watts value={flow.batteryW} />
      </Node>
      <Node
        icon={kPhone}
        name="Load"
        note={props.phone ?? 'electronics'}
        from={<Link watts={flow.loadW} moving={moving} />}
      >
        <Watts value={flow.loadW} estimated={flow.panelEstimated} />
      </Node>
    </ol>
  );
}
