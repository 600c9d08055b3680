import '@fontsource-variable/figtree/index.css';
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

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');
createRoot(root).render(
  <StrictMode>
    <LiveProvider value={store}>
      <Page onRetry={retryNow} />
    </LiveProvider>
  </StrictMode>,
);
