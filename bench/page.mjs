// The page in Debian's Chromium on a live server; prints one JSON object of figures.
//   page.mjs URL BROKER_PORT [--samples 200] [--heap-minutes 1] [--throttle 1]
// One tracker is this program's own: its power grows by a watt with every sample. The number on the
// page glides to a new value within 300 ms; what is noted is when it first leaves the old one. The
// other trackers are the load's.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { kDesktop, launch, visit } from '../dashboard/tests/browser/open.mjs';

const kDevice = 'bench-page';
const kPeriodMs = 350;
const kLookMs = 5_000; // After the load of the page, before counting begins.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    samples: { type: 'string', default: '200' },
    'heap-minutes': { type: 'string', default: '1' },
    throttle: { type: 'string', default: '1' },
  },
});
const [url, brokerPort] = positionals;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const topic = `solar-tracker/${kDevice}/telemetry`;
const publisher = spawn('mosquitto_pub', ['-p', brokerPort, '-q', '1', '-t', topic, '-l']);
const boot = Array.from({ length: 16 }, () => Math.floor(Math.random() * 16).toString(16)).join('');
let seq = 0;
const published = []; // By seq, when.

function publish() {
  const sample = {
    timestamp: Date.now(), device_id: kDevice, powerW: seq, powerActualW: seq, batteryPct: 87.5,
    batteryV: 6.2, energyWh: 1250.5 + seq / 1000, steady: true, manual: false, mode: 'live', boot, seq,
    uptimeMs: seq * kPeriodMs,
  };
  seq += 1;
  published.push(performance.timeOrigin + performance.now());
  publisher.stdin.write(`${JSON.stringify(sample)}\n`);
}

// In the page: when each text of the power was painted, the shifts of the layout and the long tasks.
function watch() {
  const seen = { painted: [], shifts: 0, longTasks: [] };
  globalThis.idastBench = seen;
  const now = () => performance.timeOrigin + performance.now();
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shifts += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.longTasks.push(entry.duration);
  }).observe({ type: 'longtask' });
  let last;
  const look = () => {
    const text = document.querySelector('.power-number')?.textContent?.trim();
    if (!text || text === last) return;
    last = text;
    // A message posted in a frame's callback is taken after that frame was painted.
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => seen.painted.push([text, now()]);
      channel.port2.postMessage(0);
    });
  };
  const begin = () =>
    new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
  begin();
}

const percentile = (list, share) =>
  list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.ceil(share * list.length) - 1)];

async function heapMb(session) {
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return usedSize / 2 ** 20;
}

async function busySeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration').value;
}

const browser = await launch();
try {
  publish();
  await wait(1_000);
  const { page } = await visit(browser, { viewport: kDesktop });
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  if (values.throttle !== '1') {
    await session.send('Emulation.setCPUThrottlingRate', { rate: Number(values.throttle) });
  }
  await page.addInitScript(watch);
  await page.goto(`${url}/?device=${kDevice}`);
  await page.locator('.power-number').first().waitFor({ timeout: 20_000 });
  const timer = setInterval(publish, kPeriodMs);
  await wait(kLookMs);
  const heapBefore = await heapMb(session);
  const first = seq;
  await page.evaluate(() => (globalThis.idastBench.longTasks.length = 0));
  const [busyBefore, start] = [await busySeconds(session), performance.now()];
  await wait(Number(values.samples) * kPeriodMs);
  const busy = ((await busySeconds(session)) - busyBefore) / ((performance.now() - start) / 1000);
  const seen = await page.evaluate(() => globalThis.idastBench);
  await wait(Math.max(0, Number(values['heap-minutes']) * 60_000 - (performance.now() - start)));
  const heapAfter = await heapMb(session);
  clearInterval(timer);

  // Above n - 1 watts and up to n, the screen has left sample n - 1 for sample n.
  const shown = new Map();
  for (const [text, at] of seen.painted) {
    const sample = Math.ceil(Number(text.replaceAll(',', '')) - 0.005);
    if (sample >= first && !shown.has(sample)) shown.set(sample, at);
  }
  const delays = [...shown].map(([sample, at]) => at - published[sample]);
  console.log(JSON.stringify({
    shown: delays.length, asked: Number(values.samples), p50_ms: percentile(delays, 0.5), p95_ms: percentile(delays, 0.95),
    busy, long_tasks: seen.longTasks.length, long_task_ms: Math.max(0, ...seen.longTasks), cls: seen.shifts,
    heap_before_mb: heapBefore, heap_after_mb: heapAfter,
  }));
} finally {
  publisher.stdin.end();
  await browser.close();
}
