// Opens pages in Debian's Chromium. Every request that would leave the machine is blocked and kept,
// so that a test can say that there was none.
import { chromium } from 'playwright-core';

const kFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
export const kDesktop = { width: 1280, height: 900 };
export const kPhone = { width: 390, height: 844 };
const kLoopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

export async function launch() {
  return chromium.launch({
    executablePath: process.env.IDAST_CHROMIUM ?? '/usr/bin/chromium',
    args: kFlags,
  });
}

/**
 * A fresh visitor. `strayed` collects what tried to leave the machine, `complaints` what the page
 * logged as an error (a refused style or script is one).
 */
export async function visit(browser, { viewport = kDesktop, scheme = 'light', motion = 'no-preference', zone = 'Europe/Berlin' } = {}) {
  const context = await browser.newContext({
    viewport,
    colorScheme: scheme,
    reducedMotion: motion,
    timezoneId: zone,
    isMobile: viewport.width < 500,
    hasTouch: viewport.width < 500,
    deviceScaleFactor: viewport.width < 500 ? 2 : 1,
  });
  const strayed = [];
  const complaints = [];
  await context.route('**/*', (route) => {
    const url = new URL(route.request().url());
    if (kLoopback.has(url.hostname) || url.protocol === 'data:') return route.continue();
    strayed.push(url.href);
    return route.abort();
  });
  const page = await context.newPage();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { context, page, strayed, complaints };
}
