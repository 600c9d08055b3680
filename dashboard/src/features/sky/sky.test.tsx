// @vitest-environment jsdom
import { render, screen } from '@testing-library/react';
import { describe, expect, test } from 'vitest';
import * as geometry from './geometry';
import { SkyDome } from './sky_dome';
import { noon, sceneOf, spokenSky, sunAt, trimWords, untrimmed, windOf } from './sky_day';

const kSky = {
  sunrise: '2026-10-13T21:48:00.000Z',
  sunset: '2026-10-14T09:40:00.000Z',
  t: [0, 3_600_000, 7_200_000],
  azimuth_deg: [350, 10, 30],
  elevation_deg: [-5, 20, 15],
};

describe('directions', () => {
  test('the angle between two directions is exact for small and large gaps', () => {
    const north = { azimuth_deg: 0, elevation_deg: 0 };
    expect(geometry.angleBetween(north, { azimuth_deg: 0.01, elevation_deg: 0 })).toBeCloseTo(0.01, 9);
    expect(geometry.angleBetween(north, { azimuth_deg: 180, elevation_deg: 0 })).toBeCloseTo(180, 9);
    expect(geometry.angleBetween(north, { azimuth_deg: 77, elevation_deg: 90 })).toBeCloseTo(90, 9);
  });

  test('a camera in the south sees east on its right and north far away', () => {
    const view = { camera: geometry.camera(180, 24), centre: { x: 0, y: 0 }, radius: 100 };
    const east = geometry.project(view, [1, 0, 0]);
    const north = geometry.project(view, [0, 1, 0]);
    const zenith = geometry.project(view, [0, 0, 1]);
    expect(east.x).toBeCloseTo(100, 6);
    expect(north.depth).toBeLessThan(0);
    expect(zenith.y).toBeLessThan(-90);
  });

  test('a panel’s corners lie in its plane, also when it looks straight up', () => {
    for (const elevation_deg of [20, 90]) {
      const normal = geometry.vector({ azimuth_deg: 120, elevation_deg });
      const corners = geometry.panelCorners(normal, [0, 0, 0], { width: 0.3, height: 0.2 });
      for (const corner of corners) expect(geometry.dot(corner, normal)).toBeCloseTo(0, 9);
    }
  });

  test('a shadow falls away from the sun, and there is none without sun', () => {
    const sun = geometry.vector({ azimuth_deg: 90, elevation_deg: 45 });
    const fallen = geometry.shadow([0, 0, 0.2], sun);
    expect(fallen?.[0]).toBeCloseTo(-0.2, 6);
    expect(geometry.shadow([0, 0, 0.2], [1, 0, -0.1])).toBeNull();
  });
});

describe('the day’s sun', () => {
  test('is found between two rows, the short way through north', () => {
    expect(sunAt(kSky, 1_800_000)).toEqual({ azimuth_deg: 0, elevation_deg: 7.5 });
  });

  test('is unknown outside the table', () => {
    expect(sunAt(kSky, 8_000_000)).toBeNull();
    expect(sunAt(kSky, -1)).toBeNull();
    expect(sunAt({ ...kSky, t: [], azimuth_deg: [], elevation_deg: [] }, 0)).toBeNull();
  });

  test('noon is the highest row', () => expect(noon(kSky)?.elevation_deg).toBe(20));

  test.each([
    [0, 'north'],
    [22.6, 'north-east'],
    [359, 'north'],
    [232, 'south-west'],
    [-90, 'west'],
  ])('%s° is %s', (azimuth, wind) => expect(windOf(azimuth)).toBe(wind));

  test('the scene follows the sun’s height; without a place it is day', () => {
    expect([null, 40, 5, -3, -7].map(sceneOf)).toEqual(['day', 'day', 'golden', 'golden', 'night']);
  });
});

describe('the dome', () => {
  const sun = { azimuth_deg: 180, elevation_deg: 69 };
  const panel = { azimuth_deg: 180, elevation_deg: 66.7 };

  test('is spoken in a sentence', () => {
    expect(spokenSky(sun, panel, 2.3)).toBe(
      'Sun in the south, 69 degrees high; panel points 2.3 degrees off.',
    );
    expect(spokenSky(null, null, null)).toBe('Where the panel points is not known.');
  });

  test('is one picture with that sentence, and stands without a sky or a panel', () => {
    const props = { zone: 'UTC', now: 0, panelIsOld: false, ownClock: false, trim: null };
    const { rerender } = render(<SkyDome {...props} sky={kSky} sun={sun} panel={panel} />);
    expect(screen.getByRole('img', { name: /panel points 2.3 degrees off/ })).toBeTruthy();
    rerender(<SkyDome {...props} sky={null} sun={null} panel={null} />);
    expect(screen.getByRole('img', { name: /not known/ })).toBeTruthy();
  });

  describe('the learned trim', () => {
    const props = { zone: 'UTC', now: 0, panelIsOld: false, ownClock: false, sky: kSky, sun, panel };
    const trim = { azimuth_deg: 3.94, elevation_deg: -1.2 };
    const mark = (root: Element) => root.querySelector('.dome-trim circle');

    test('is said in words, to the eye and to the ear', () => {
      expect(trimWords(trim)).toBe('3.9° clockwise, 1.2° low');
      expect(trimWords({ azimuth_deg: -0.2, elevation_deg: 0.04 })).toBe('0.2° anticlockwise');
      expect(trimWords({ azimuth_deg: 0.04, elevation_deg: -0.04 })).toBeNull();
      expect(spokenSky(sun, panel, 0.1, trim)).toContain(
        'panel points 0.1 degrees off; the mount stands 3.9 degrees clockwise, 1.2 degrees low',
      );
    });

    test('is drawn where the panel would look without it', () => {
      expect(untrimmed({ azimuth_deg: 358, elevation_deg: 40 }, trim).azimuth_deg).toBeCloseTo(1.94, 9);
      const { container } = render(<SkyDome {...props} trim={trim} />);
      const aim = container.querySelector('.dome-pointing .aim')?.getAttribute('transform') ?? '';
      const [aimX, aimY] = (aim.match(/-?[\d.]+/g) ?? []).map(Number);
      // A mount turned clockwise looks further west at noon: to the right, seen from the north,
      // where this sky's sun is highest.
      expect(Number(mark(container)?.getAttribute('cx'))).toBeGreaterThan(aimX ?? 999);
      expect(Number(mark(container)?.getAttribute('cy'))).toBeGreaterThan(aimY ?? 0);
      expect(container.textContent).toContain('Trim: 3.9° clockwise, 1.2° low');
    });

    test('has no mark where there is nothing to see, and no legend where nothing was learned', () => {
      const none = { azimuth_deg: 0.01, elevation_deg: 0 };
      const { container, rerender } = render(<SkyDome {...props} trim={none} />);
      expect(mark(container)).toBeNull();
      expect(container.textContent).toContain('Trim: mount stands true');
      rerender(<SkyDome {...props} trim={trim} panelIsOld />);
      expect(mark(container)).toBeNull();
      rerender(<SkyDome {...props} trim={null} />);
      expect(container.textContent).not.toContain('Trim');
    });
  });
});
