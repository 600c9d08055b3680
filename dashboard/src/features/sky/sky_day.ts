// Reading the day's sun path: where the sun is now, when it rises, what to say about it.
import type { Sky } from '../../api/shapes';
import { decimal } from '../../shared/format';
import type { Direction } from './geometry';

/** The sun at `now` (ms) by straight lines between the table's rows; null outside the table. */
export function sunAt(sky: Sky, now: number): Direction | null {
  const { t, azimuth_deg, elevation_deg } = sky;
  const after = t.findIndex((time) => time >= now);
  if (after < 0) return null;
  const before = Math.max(0, after - 1);
  const [t0, t1] = [t[before], t[after]];
  const [a0, a1] = [azimuth_deg[before], azimuth_deg[after]];
  const [e0, e1] = [elevation_deg[before], elevation_deg[after]];
  if (t0 === undefined || t1 === undefined || now < t0) return null;
  if (a0 === undefined || a1 === undefined || e0 === undefined || e1 === undefined) return null;
  const part = t1 === t0 ? 0 : (now - t0) / (t1 - t0);
  // The short way round: from 359° to 1° is two degrees, through north.
  const turn = ((a1 - a0 + 540) % 360) - 180;
  return { azimuth_deg: (a0 + part * turn + 360) % 360, elevation_deg: e0 + part * (e1 - e0) };
}

/** The highest point of the day's path. */
export function noon(sky: Sky): Direction | null {
  let best: Direction | null = null;
  sky.elevation_deg.forEach((elevation, index) => {
    const azimuth = sky.azimuth_deg[index];
    if (azimuth === undefined || (best && best.elevation_deg >= elevation)) return;
    best = { azimuth_deg: azimuth, elevation_deg: elevation };
  });
  return best;
}

const kWinds = [
  'north',
  'north-east',
  'east',
  'south-east',
  'south',
  'south-west',
  'west',
  'north-west',
] as const;

/** 232 → "south-west". */
export function windOf(azimuth_deg: number): string {
  return kWinds[Math.round((((azimuth_deg % 360) + 360) % 360) / 45) % 8] ?? 'north';
}

export type Scene = 'day' | 'golden' | 'night';

/** Which light the page's sky is painted in. Civil twilight ends with the sun 6° down. */
export function sceneOf(elevation_deg: number | null): Scene {
  if (elevation_deg === null) return 'day';
  if (elevation_deg < -6) return 'night';
  return elevation_deg < 9 ? 'golden' : 'day';
}

/** The mount's error that the tracker has learned and points around. */
export type Trim = { azimuth_deg: number; elevation_deg: number };

/** Where the panel would look without its trim: the mount's error on top of where it looks. */
export function untrimmed(panel: Direction, trim: Trim): Direction {
  return {
    azimuth_deg: (panel.azimuth_deg + trim.azimuth_deg + 360) % 360,
    elevation_deg: panel.elevation_deg + trim.elevation_deg,
  };
}

// Less reads as 0.0 and is no error that a person could see.
const kTrimSaid = 0.05;

/** "3.9° clockwise, 1.2° low"; null where the mount stands as it should. */
export function trimWords(trim: Trim, unit: '°' | ' degrees' = '°'): string | null {
  const { azimuth_deg: turned, elevation_deg: raised } = trim;
  const parts: string[] = [];
  if (Math.abs(turned) >= kTrimSaid) {
    parts.push(`${decimal(Math.abs(turned), 1)}${unit} ${turned > 0 ? 'clockwise' : 'anticlockwise'}`);
  }
  if (Math.abs(raised) >= kTrimSaid) {
    parts.push(`${decimal(Math.abs(raised), 1)}${unit} ${raised > 0 ? 'high' : 'low'}`);
  }
  return parts.length === 0 ? null : parts.join(', ');
}

/** The picture in one sentence, for those who hear the page. */
export function spokenSky(
  sun: Direction | null,
  panel: Direction | null,
  offBy: number | null,
  trim: Trim | null = null,
): string {
  const parts: string[] = [];
  if (sun) {
    const height = Math.round(Math.abs(sun.elevation_deg));
    const side = sun.elevation_deg < 0 ? 'below the horizon' : 'high';
    parts.push(`Sun in the ${windOf(sun.azimuth_deg)}, ${height} degrees ${side}`);
  }
  if (panel && offBy !== null) parts.push(`panel points ${offBy.toFixed(1)} degrees off`);
  if (panel && offBy === null) {
    const height = Math.round(panel.elevation_deg);
    parts.push(`panel faces ${windOf(panel.azimuth_deg)}, ${height} degrees up`);
  }
  if (!panel) parts.push('where the panel points is not known');
  const error = trim ? trimWords(trim, ' degrees') : null;
  if (panel && error) parts.push(`the mount stands ${error}, which is trimmed away`);
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
