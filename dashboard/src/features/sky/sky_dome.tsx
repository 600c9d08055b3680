// The signature picture: the sky over the tracker as a glass dome, the day's path of the sun on it,
// the panel beneath, and how far apart the two point. Drawn by hand in SVG.
import './sky_dome.css';
import { memo, useId, useMemo } from 'react';
import type { Sky } from '../../api/shapes';
import { clock } from '../../shared/format';
import * as geometry from './geometry';
import type { Direction, Point, Vector, View } from './geometry';
import { noon, spokenSky, sunAt, trimWords, untrimmed, type Trim } from './sky_day';

const kWidth = 640;
// The picture begins below y = 0: the sun's light may reach out of it, the dome does not.
const kTop = 40;
const kHeight = 396;
const kRadius = 240;
// From the side of the noon sun, turned a little, so that morning and evening both show depth.
const kCameraTurn = 22;
const kCameraElevation = 24;
const kPivot: Vector = [0, 0, 0.2];
const kPanelHalf = { width: 0.27, height: 0.17 };

export type SkyDomeProps = {
  sky: Sky | null;
  zone: string;
  now: number;
  sun: Direction | null;
  panel: Direction | null;
  /** What the tracker has learned of its mount; null for laws that learn nothing. */
  trim: Trim | null;
  /** An old pointing is drawn as an outline only; the computed sun goes on. */
  panelIsOld: boolean;
  /** The device's clock runs apart from the site's: its sun is not on today's path. */
  ownClock: boolean;
};

type Stretch = { path: string; front: boolean; passed: boolean };

function viewFor(sky: Sky | null): View {
  const highest = sky ? noon(sky) : null;
  const south = !highest || Math.cos((highest.azimuth_deg - 180) * (Math.PI / 180)) >= 0;
  const azimuth = (south ? 180 : 0) - kCameraTurn;
  const centre = { x: kWidth / 2, y: 306 };
  return { camera: geometry.camera(azimuth, kCameraElevation), centre, radius: kRadius };
}

/** The path above the horizon, cut where it passes behind the dome and at the present moment. */
function stretches(sky: Sky, view: View, now: number): Stretch[] {
  const pieces: { points: Point[]; front: boolean; passed: boolean }[] = [];
  let last: Point | null = null;
  const add = (point: Point, passed: boolean): void => {
    const front = point.depth >= 0;
    const piece = pieces.at(-1);
    if (piece && last && piece.front === front && piece.passed === passed) {
      piece.points.push(point);
    } else {
      pieces.push({ points: last ? [last, point] : [point], front, passed });
    }
    last = point;
  };
  const at = (direction: Direction): Point => geometry.project(view, geometry.vector(direction));
  const sun = sunAt(sky, now);
  let passedBefore = true;
  sky.t.forEach((time, index) => {
    const azimuth_deg = sky.azimuth_deg[index] ?? 0;
    const elevation_deg = sky.elevation_deg[index] ?? -90;
    const passed = time <= now;
    if (passedBefore && !passed && last && sun && sun.elevation_deg > 0) add(at(sun), true);
    passedBefore = passed;
    if (elevation_deg < -0.9) {
      last = null;
      return;
    }
    add(at({ azimuth_deg, elevation_deg: Math.max(0, elevation_deg) }), passed);
  });
  return pieces.map(({ points, front, passed }) => ({
    path: geometry.path(points),
    front,
    passed,
  }));
}

type HourMark = { point: Point; x: number; y: number; label: string };

/** Every third site-local hour on the path, with its label pushed outwards. */
function hourMarks(sky: Sky, view: View, zone: string): HourMark[] {
  const marks: HourMark[] = [];
  const [first, last] = [sky.t[0], sky.t.at(-1)];
  if (first === undefined || last === undefined) return marks;
  for (let t = first; t <= last; t += 15 * 60_000) {
    const label = clock(t, zone);
    if (!/^(06|09|12|15|18):00$/.test(label)) continue;
    const sun = sunAt(sky, t);
    if (!sun || sun.elevation_deg < 12) continue;
    // Pushed away from the middle of the picture, where the panel and the letters are.
    const point = geometry.project(view, geometry.vector(sun));
    const away = Math.hypot(point.x - view.centre.x, point.y - view.centre.y) || 1;
    const x = point.x + (23 * (point.x - view.centre.x)) / away;
    const y = point.y + (23 * (point.y - view.centre.y)) / away;
    marks.push({ point, x, y, label });
  }
  return marks;
}

// Rings, arches and letters stand still; the page renders at every sample.
const StillParts = memo(function StillParts({ view }: { view: View }) {
  return (
    <>
      <Compass view={view} />
      <DomeLine points={geometry.ring(view, 30)} />
      <DomeLine points={geometry.ring(view, 60)} />
      <DomeLine points={geometry.arch(view, 0)} />
      <DomeLine points={geometry.arch(view, 90)} />
    </>
  );
});

function Compass({ view }: { view: View }) {
  const letters = ['N', 'E', 'S', 'W'] as const;
  return (
    <g className="dome-compass">
      {letters.map((letter, index) => {
        const v = geometry.vector({ azimuth_deg: index * 90, elevation_deg: 0 });
        // On the far side a letter outside the ring would float in the sky.
        const far = geometry.dot(v, view.camera.toward) < -0.2;
        const { x, y } = geometry.project(view, geometry.sum([far ? 0.87 : 1.12, v]));
        return (
          <text key={letter} x={x} y={y + 5} className={letter === 'N' ? 'north' : undefined}>
            {letter}
          </text>
        );
      })}
      {Array.from({ length: 36 }, (_, step) => {
        const v = geometry.vector({ azimuth_deg: step * 10, elevation_deg: 0 });
        const inner = geometry.project(view, geometry.sum([step % 3 === 0 ? 0.955 : 0.975, v]));
        const outer = geometry.project(view, v);
        return <path key={step} d={geometry.path([inner, outer])} />;
      })}
    </g>
  );
}

/** A line of the dome, its far half fainter than the near one. */
function DomeLine({ points }: { points: Point[] }) {
  const far = points.filter((point) => point.depth < 0);
  const pieces: Point[][] = [[]];
  for (const point of points) {
    if (point.depth >= 0) pieces.at(-1)?.push(point);
    else if (pieces.at(-1)?.length) pieces.push([]);
  }
  return (
    <>
      {far.length > 0 && <path d={geometry.path(points)} className="dome-line far" />}
      {pieces.map((piece) =>
        piece.length > 1 ? (
          <path key={piece[0]?.x} d={geometry.path(piece)} className="dome-line near" />
        ) : null,
      )}
    </>
  );
}

function Panel(props: { view: View; panel: Direction; sun: Direction | null; old: boolean; clip: string }) {
  const { view, panel, sun, old } = props;
  const normal = geometry.vector(panel);
  const corners = geometry.panelCorners(normal, kPivot, kPanelHalf);
  const at = (v: Vector): Point => geometry.project(view, v);
  const facing = geometry.dot(normal, view.camera.toward) > 0;
  const [a, b, c, d] = corners as [Vector, Vector, Vector, Vector];
  const between = (p: Vector, q: Vector, part: number): Point =>
    at(geometry.sum([1 - part, p], [part, q]));
  const grid = [1, 2, 3].map((step) =>
    geometry.path([between(a, b, step / 4), between(d, c, step / 4)]),
  );
  grid.push(geometry.path([between(a, d, 0.5), between(b, c, 0.5)]));

  const ray = sun && sun.elevation_deg > 4 ? geometry.vector(sun) : null;
  const cast = ray ? corners.map((corner) => geometry.shadow(corner, ray)) : [];
  const fallen = cast.filter((v) => v !== null).map(at);
  const base = at([0, 0, 0]);
  const pivot = at(kPivot);
  return (
    <g className={old ? 'dome-panel old' : 'dome-panel'}>
      {fallen.length === 4 && !old && (
        <path d={geometry.path(fallen, true)} className="shadow" clipPath={`url(#${props.clip})`} />
      )}
      <ellipse cx={base.x} cy={base.y} rx="15" ry="6" className="foot" />
      <path d={geometry.path([base, pivot])} className="pole" />
      <path
        d={geometry.path(corners.map(at), true)}
        className={facing ? 'face' : 'face away'}
      />
      {facing && <path d={grid.join('')} className="cells" />}
    </g>
  );
}

/** The ray of light to the panel, the panel's own line of sight, and the gap between the two. */
function Pointing(props: { view: View; panel: Direction | null; sun: Direction | null }) {
  const { view, panel, sun } = props;
  const pivot = geometry.project(view, kPivot);
  const aim = panel ? geometry.project(view, geometry.vector(panel)) : null;
  const light =
    panel && sun && sun.elevation_deg > 0 ? geometry.project(view, geometry.vector(sun)) : null;
  return (
    <g className="dome-pointing">
      {light && <path d={geometry.path([light, pivot])} className="ray" />}
      {aim && <path d={geometry.path([pivot, aim])} className="sight" />}
      {aim && (
        <g transform={`translate(${aim.x.toFixed(1)} ${aim.y.toFixed(1)})`} className="aim">
          <circle r="24" />
          <path d="M0-30v10M0 20v10M-30 0h10M20 0h10" />
        </g>
      )}
    </g>
  );
}

// Nearer than this the mark would only smudge the aim.
const kTrimDrawn = 0.3;

/** Where the panel would look without what it has learned: a small ring beside its aim. */
function TrimMark({ view, panel, trim }: { view: View; panel: Direction; trim: Trim }) {
  const without = untrimmed(panel, trim);
  if (geometry.angleBetween(panel, without) < kTrimDrawn) return null;
  const from = geometry.project(view, geometry.vector(panel));
  const to = geometry.project(view, geometry.vector(without));
  return (
    <g className="dome-trim">
      <path d={geometry.path([from, to])} />
      <circle cx={to.x} cy={to.y} r="6" />
    </g>
  );
}

/**
 * What the ring means. In the picture's corner, so that it moves nothing when it appears; in the
 * right one, since the camera's turn puts the near letter of the compass on the left; short enough
 * on a phone to end before that letter with ten degrees of both errors.
 */
function TrimLegend({ trim }: { trim: Trim }) {
  const words = trimWords(trim);
  const y = kTop + kHeight - 10;
  return (
    <g className="dome-trim-legend">
      <circle cx={kWidth - 10} cy={y - 5} r="6" />
      <text x={kWidth - 24} y={y}>
        {words === null ? 'Trim: mount stands true' : `Trim: ${words}`}
      </text>
    </g>
  );
}

function Sun({ view, sun, glow }: { view: View; sun: Direction; glow: string }) {
  if (sun.elevation_deg < -0.9) return null;
  const { x, y } = geometry.project(view, geometry.vector(sun));
  return (
    <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`} className="dome-sun">
      <circle r="128" fill={`url(#${glow})`} />
      <circle r="17" className="disc" />
    </g>
  );
}

// Closer than this to the sun, an hour's label would be read as the sun's.
const kClearOfSun = 44;

function Hours(props: { view: View; hours: HourMark[]; sun: Direction | null }) {
  const { view, hours, sun } = props;
  const at = sun ? geometry.project(view, geometry.vector(sun)) : null;
  return (
    <g className="dome-hour">
      {hours.map((mark) => {
        const { x, y } = mark.point;
        if (at && Math.hypot(x - at.x, y - at.y) < kClearOfSun) return null;
        return (
          <g key={mark.label}>
            <circle cx={x} cy={y} r="3.2" />
            <text x={mark.x} y={mark.y + 4}>
              {mark.label.slice(0, 2)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

export function SkyDome(props: SkyDomeProps) {
  const { sky, zone, now, sun, panel } = props;
  const trim = props.panelIsOld ? null : props.trim;
  const ids = useId();
  const view = useMemo(() => viewFor(sky), [sky]);
  // The path moves by a sixth of a degree a minute; drawing it anew at every sample would be waste.
  const minute = Math.floor(now / 60_000) * 60_000;
  const path = useMemo(() => (sky ? stretches(sky, view, minute) : []), [sky, view, minute]);
  const hours = useMemo(() => (sky ? hourMarks(sky, view, zone) : []), [sky, view, zone]);
  const ground = useMemo(() => geometry.path(geometry.ring(view, 0), true), [view]);
  const offBy = sun && panel && sun.elevation_deg > 0 ? geometry.angleBetween(sun, panel) : null;
  const { x, y } = view.centre;
  const flat = kRadius * Math.sin((kCameraElevation * Math.PI) / 180);
  const edge =
    `M${x - kRadius} ${y}A${kRadius} ${kRadius} 0 0 1 ${x + kRadius} ${y}` +
    `A${kRadius} ${flat} 0 0 1 ${x - kRadius} ${y}`;
  const dark = !sun || sun.elevation_deg < -6;

  return (
    <svg
      viewBox={`0 ${kTop} ${kWidth} ${kHeight}`}
      className="dome"
      role="img"
      aria-label={spokenSky(sun, panel, offBy, trim)}
    >
      <defs>
        <radialGradient id={`${ids}glow`}>
          <stop offset="0" className="glow-core" />
          <stop offset="0.17" className="glow-near" />
          <stop offset="0.42" className="glow-mid" />
          <stop offset="0.7" className="glow-out" />
          <stop offset="1" className="glow-far" />
        </radialGradient>
        <linearGradient id={`${ids}earth`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" className="ground-far" />
          <stop offset="1" className="ground-near" />
        </linearGradient>
        <radialGradient id={`${ids}glass`} cx="0.36" cy="0.22" r="0.95">
          <stop offset="0" className="glass-light" />
          <stop offset="0.55" className="glass-mid" />
          <stop offset="1" className="glass-edge" />
        </radialGradient>
        <clipPath id={`${ids}ground`}>
          <path d={ground} />
        </clipPath>
      </defs>
      <path d={ground} className="dome-ground" fill={`url(#${ids}earth)`} />
      <StillParts view={view} />
      <path d={edge} className="dome-glass" fill={`url(#${ids}glass)`} />
      {path.map((stretch) => (
        <path
          key={stretch.path}
          d={stretch.path}
          className={[
            'dome-path',
            stretch.front ? 'near' : 'far',
            stretch.passed && !props.ownClock ? 'passed' : 'ahead',
          ].join(' ')}
        />
      ))}
      {panel && <Panel view={view} panel={panel} sun={sun} old={props.panelIsOld} clip={`${ids}ground`} />}
      {sun && <Sun view={view} sun={sun} glow={`${ids}glow`} />}
      <Hours view={view} hours={hours} sun={sun} />
      {!props.panelIsOld && !dark && <Pointing view={view} panel={panel} sun={sun} />}
      {panel && trim && !dark && <TrimMark view={view} panel={panel} trim={trim} />}
      {panel && trim && <TrimLegend trim={trim} />}
    </svg>
  );
}
