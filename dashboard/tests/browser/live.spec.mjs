// The page on a real server: a publish to the broker is on the screen within a second.
//   IDAST_URL      where the server listens, e.g. http://127.0.0.1:8080
//   IDAST_PUBLISH  a program called with a topic and a payload; it publishes them at QoS 1
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { accessible, noSidewaysScroll, quiet } from './expect.mjs';
import { kDesktop, kPhone, launch, visit } from './open.mjs';

const { IDAST_URL, IDAST_PUBLISH } = process.env;
const kReady = IDAST_URL && IDAST_PUBLISH;
const options = kReady ? {} : { skip: 'IDAST_URL and IDAST_PUBLISH name no server' };
const run = promisify(execFile);

let browser;
before(async () => {
  if (kReady) browser = await launch();
});
after(() => browser?.close());

async function publish(id, columns) {
  const sample = {
    timestamp: Date.now(),
    device_id: id,
    batteryPct: 87.5,
    batteryV: 6.2,
    energyWh: 1250.5,
    energyKWh: 1.2505,
    pesos: 15.01,
    steady: true,
    manual: false,
    mode: 'live',
    ...columns,
  };
  await run(IDAST_PUBLISH, [`solar-tracker/${id}/telemetry`, JSON.stringify(sample)]);
}

for (const [name, viewport] of [['desktop', kDesktop], ['phone', kPhone]]) {
  test(`a publish is on the ${name}’s screen within a second`, options, async () => {
    const id = `esp32-receiver-${name.toUpperCase()}`;
    await publish(id, { powerW: 1.11 });
    const { context, page, strayed, complaints } = await visit(browser, { viewport });
    try {
      await page.goto(`${IDAST_URL}/?device=${id}`);
      await page.locator('.power-number', { hasText: '1.11' }).waitFor({ timeout: 10_000 });
      for (const watts of [4.21, 8.5, 3.07]) {
        await publish(id, { powerW: watts });
        const published = Date.now();
        await page
          .locator('.power-number', { hasText: watts.toFixed(2) })
          .waitFor({ timeout: 1_000 });
        console.log(`${name}: on the screen ${Date.now() - published} ms after the publish`);
      }
      assert.match(await page.locator('.tile', { hasText: 'Saved' }).innerText(), /15\.01/);
      await accessible(page);
      await noSidewaysScroll(page);
      quiet({ strayed, complaints });
    } finally {
      await context.close();
    }
  });
}
