// The sky as a hemisphere seen from outside: directions in, points of the picture out.
//
// Axes: east, north, up, all of length 1 at the dome. Azimuth clockwise from true north, elevation
// above the horizon, both in degrees. The camera is orthographic, so parallel stays parallel.

export type Vector = readonly [east: number, north: number, up: number];
export type Direction = { azimuth_deg: number; elevation_deg: number };
export type Point = { x: number; y: number; depth: number };

const kRadian = Math.PI / 180;

export function vector(direction: Direction): Vector {
  const azimuth = direction.azimuth_deg * kRadian;
  const elevation = direction.elevation_deg * kRadian;
  const flat = Math.cos(elevation);
  return [flat * Math.sin(azimuth), flat * Math.cos(azimuth), Math.sin(elevation)];
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function sum(...terms: readonly (readonly [number, Vector])[]): Vector {
  const total: [number, number, number] = [0, 0, 0];
  for (const [factor, v] of terms) {
    total[0] += factor * v[0];
    total[1] += factor * v[1];
    total[2] += factor * v[2];
  }
  return total;
}

export function unit(v: Vector): Vector {
  const length = Math.hypot(...v);
  return length === 0 ? [0, 0, 1] : [v[0] / length, v[1] / length, v[2] / length];
}

/** The angle between two directions, 0–180°. */
export function angleBetween(a: Direction, b: Direction): number {
  // By cross and dot product: the arc cosine alone loses all digits below a tenth of a degree.
  const u = vector(a);
  const v = vector(b);
  return Math.atan2(Math.hypot(...cross(u, v)), dot(u, v)) / kRadian;
}

export type Camera = { right: Vector; up: Vector; toward: Vector };

/** A camera that stands in direction `azimuth_deg` of the dome, raised by `elevation_deg`. */
export function camera(azimuth_deg: number, elevation_deg: number): Camera {
  const toward = vector({ azimuth_deg, elevation_deg });
  const right = unit(cross([0, 0, 1], toward));
  return { right, up: cross(toward, right), toward };
}

export type View = { camera: Camera; centre: { x: number; y: number }; radius: number };

export function project(view: View, v: Vector): Point {
  return {
    x: view.centre.x + view.radius * dot(v, view.camera.right),
    y: view.centre.y - view.radius * dot(v, view.camera.up),
    depth: dot(v, view.camera.toward),
  };
}

/** Points as an SVG path; two decimals are a hundredth of a pixel. */
export function path(points: readonly Point[], closed = false): string {
  if (points.length === 0) return '';
  const text = points.map((point) => `${point.x.toFixed(1)} ${point.y.toFixed(1)}`).join('L');
  return `M${text}${closed ? 'Z' : ''}`;
}

/** A horizontal circle of the dome at one elevation. */
export function ring(view: View, elevation_deg: number): Point[] {
  return Array.from({ length: 73 }, (_, step) =>
    project(view, vector({ azimuth_deg: step * 5, elevation_deg })),
  );
}

/** A half circle over the zenith, from one azimuth to the opposite one. */
export function arch(view: View, azimuth_deg: number): Point[] {
  return Array.from({ length: 37 }, (_, step) =>
    project(view, vector({ azimuth_deg, elevation_deg: step * 5 })),
  );
}

/** The panel's four corners around `pivot`, face first; long side level, as the mount holds it. */
export function panelCorners(
  normal: Vector,
  pivot: Vector,
  half: { width: number; height: number },
): Vector[] {
  // A panel that looks straight up has no level axis of its own; east serves.
  const across: Vector =
    Math.hypot(normal[0], normal[1]) < 1e-6 ? [1, 0, 0] : unit(cross([0, 0, 1], normal));
  const along = cross(normal, across);
  const corner = (u: number, v: number): Vector =>
    sum([1, pivot], [u * half.width, across], [v * half.height, along]);
  return [corner(-1, 1), corner(1, 1), corner(1, -1), corner(-1, -1)];
}

/** Where a point's shadow falls on the ground, along the sun's rays; null below the horizon. */
export function shadow(point: Vector, sun: Vector): Vector | null {
  if (sun[2] <= 0.02) return null;
  const length = point[2] / sun[2];
  return [point[0] - length * sun[0], point[1] - length * sun[1], 0];
}
