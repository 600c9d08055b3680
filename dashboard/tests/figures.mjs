// What the page shows of one tracker, for tests/journey/page_truth.py. Opens the page at once and
// prints "open"; then prints, for each line read, the figures of that page and of one opened anew,
// as one JSON object.
//   figures.mjs http://127.0.0.1:8080 DEVICE
import { createInterface } from 'node:readline';
import { launch, visit } from './browser/open.mjs';

const [, , server, device] = process.argv;
const kSettleMs = 700; // Numbers glide for 300 ms; unchanged for this long, they stand.

async function open(browser) {
  const visitor = await visit(browser);
  await visitor.page.goto(`${server}/?device=${device}`);
  await visitor.page.locator('.strip-table tbody tr, details table tbody tr').first().waitFor({ state: 'attached' });
  return visitor;
}

function read(page) {
  return page.evaluate(() => {
    const text = (element) => element?.textContent?.trim().replaceAll(/\s+/g, ' ') ?? null;
    const tiles = {};
    for (const tile of document.querySelectorAll('.tile')) {
      tiles[text(tile.querySelector('.tile-name span'))] = {
        value: text(tile.querySelector('.tile-value')),
        note: text(tile.querySelector('.tile-note')),
        estimated: tile.querySelector('.estimated') !== null,
      };
    }
    const days = [...document.querySelectorAll('details table tbody tr')].map((row) =>
      [...row.cells].map((cell) => text(cell)),
    );
    return { sentence: text(document.querySelector('h1')), phones: text(document.querySelector('.phone-row b')), tiles, days };
  });
}

async function settled(page) {
  let before = '';
  for (;;) {
    const figures = await read(page);
    const now = JSON.stringify(figures);
    if (now === before) return figures;
    before = now;
    await page.waitForTimeout(kSettleMs);
  }
}

const browser = await launch();
const watcher = await open(browser);
await settled(watcher.page);
console.log('open');
for await (const _ of createInterface({ input: process.stdin })) {
  const fresh = await open(browser);
  const figures = { watched: await settled(watcher.page), fresh: await settled(fresh.page) };
  const complaints = [...watcher.complaints, ...fresh.complaints, ...watcher.strayed, ...fresh.strayed];
  console.log(JSON.stringify({ ...figures, complaints }));
  await fresh.context.close();
}
await browser.close();
