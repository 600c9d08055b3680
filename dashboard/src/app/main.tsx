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

// The page asks for the font in its head; on a slow link the system's font is better than nothing.
const kFontWithinMs = 800;

function fontReady(): Promise<unknown> {
  const faces = ['A', '₱'].map((text) => document.fonts.load('16px "Figtree Variable"', text));
  return Promise.race([
    Promise.allSettled(faces),
    new Promise((done) => setTimeout(done, kFontWithinMs)),
  ]);
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
void fontReady().then(() => createRoot(root).render(page));
