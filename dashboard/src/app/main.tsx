import './font.css';
import 'uplot/dist/uPlot.min.css';
import './app.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { LiveStore } from '../api/live_store';
import { LiveProvider } from '../shared/live';
import { connect } from './connect';
import { Page } from './page';
import { keepSaved, restoreSaved } from './saved';

const store = new LiveStore((flush) => requestAnimationFrame(flush));
restoreSaved(store);
const { retryNow } = connect(store);
keepSaved(store);

// On a slow link the system's font is better than nothing; and a page in the background is never seen.
const kReadyWithinMs = 800;

/** The page asks for the font in its head. */
function fontReady(): Promise<unknown> {
  const faces = ['A', '₱'].map((text) => document.fonts.load('16px "Figtree Variable"', text));
  return Promise.allSettled(faces);
}

/** The first screen of index.html was seen: building the page before that would only hold it back. */
function firstScreenSeen(): Promise<unknown> {
  return new Promise((done) => {
    new PerformanceObserver((list) => {
      if (list.getEntriesByName('first-contentful-paint').length > 0) done(null);
    }).observe({ type: 'paint', buffered: true });
  });
}

function ready(): Promise<unknown> {
  const late = new Promise((done) => setTimeout(done, kReadyWithinMs));
  return Promise.race([Promise.all([fontReady(), firstScreenSeen()]), late]);
}

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
const page = (
  <StrictMode>
    <LiveProvider value={store}>
      <Page onRetry={retryNow} />
    </LiveProvider>
  </StrictMode>
);
void ready().then(() => createRoot(root).render(page));
