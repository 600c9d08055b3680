import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

// jsdom has no media queries; a person who wants no movement gets numbers at once.
globalThis.matchMedia = (query) => ({
  matches: query.includes('reduced-motion'),
  media: query,
  addEventListener: () => undefined,
  removeEventListener: () => undefined,
});

afterEach(cleanup);
