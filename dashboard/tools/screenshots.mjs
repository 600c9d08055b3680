// Takes pictures of the page in its states: `npm run screenshots -- --out DIR [--only live,night]`.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kDesktop, kPhone, launch, visit } from '../tests/browser/open.mjs';
import { startFake } from '../tests/fake_server.mjs';

const kStates = ['live', 'golden', 'night', 'delayed', 'stale', 'offline', 'unknown', 'estimated', 'empty', 'loading', 'backfill', 'lost', 'nosite', 'notpaying', 'fleet', 'keeping'];
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: fileURLToPath(new URL('../../build/screenshots', import.meta.url)) },
    only: { type: 'string', default: kStates.join(',') },
    full: { type: 'boolean', default: false },
    sizes: { type: 'string', default: 'desktop,phone' },
    themes: { type: 'string', default: 'light,dark' },
  },
});
const kSizes = { desktop: kDesktop, phone: kPhone };

await mkdir(values.out, { recursive: true });
const browser = await launch();
for (const state of values.only.split(',')) {
  const server = await startFake({ scenario: state === 'lost' ? 'live' : state });
  for (const size of values.sizes.split(',')) {
    for (const scheme of values.themes.split(',')) {
      const { context, page, complaints } = await visit(browser, { viewport: kSizes[size], scheme });
      server.fake.heal();
      const first = 'esp32-receiver-A1B2C3';
      await page.goto(`${server.url}/?device=${first}`);
      await page.waitForTimeout(1600);
      if (state === 'lost') {
        server.fake.cut();
        await page.waitForTimeout(700);
      }
      await page.screenshot({ path: join(values.out, `${state}-${size}-${scheme}.png`), fullPage: values.full });
      if (complaints.length > 0) console.log(state, size, scheme, complaints);
      await context.close();
    }
  }
  await server.close();
}
await browser.close();
