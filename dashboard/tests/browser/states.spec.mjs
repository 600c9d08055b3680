// Every state of the Overview in a real browser, on a desk and in a hand, against scripted answers.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { kSites } from '../fake_sun.mjs';
import { startFake } from '../fake_server.mjs';
import { accessible, largeTargets, noSidewaysScroll, power, quiet } from './expect.mjs';
import { kDesktop, kPhone, launch, visit } from './open.mjs';

const kFirst = kSites[0].device;
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Opens the first tracker in a scenario, and closes everything afterwards. */
async function opened(scenario, how, look) {
  const server = await startFake({ scenario });
  const visitor = await visit(browser, how);
  try {
    await visitor.page.goto(`${server.url}/?device=${kFirst}`);
    await look({ ...visitor, fake: server.fake, url: server.url });
  } finally {
    await visitor.context.close();
    await server.close();
  }
}
const shows = (page, text) => page.getByText(text).filter({ visible: true }).first().waitFor({ timeout: 5_000 });
const heading = (page) => page.getByRole('heading', { level: 1 });

// state → what a person must read in it
const kStates = {
  live: [
    /Tracking the sun\./,
    /Wh so far today: \d+ phones/,
    /LIVE/,
    /About 24 % more than a fixed panel so far today\./,
    /between \+21 and \+27 %/,
  ],
  notpaying: [/About 3 % more than a fixed panel/, /Tracking is not paying here: over the last 6 days/],
  delayed: [/DELAYED/],
  stale: [/No reading for 3 min/, /STALE/, /panel output as of 13:59:/],
  offline: [/This tracker is offline since 13:40/, /OFFLINE/],
  night: [/Sunrise in 6 h 1\d m/, /ASLEEP/, /made today, at most/],
  unknown: [/no power sensor, so there is nothing to compare/, /direction not known/, /no battery sensor/, /no current sensor/, /est\./],
  estimated: [/About \d+ Wh so far today/, /no power sensor fitted/],
  nosite: [/Tracking the sun/, /UTC/, /place is not set/],
  backfill: [/18,240 of 43,200 samples, 2,130 a second, 12 s left/],
  fleet: [/Tracking the sun/],
  crowded: [/The server’s disk is full in 12 days\./, /412 MB free, 34 MB more each day: room for 12 days/],
  young: [/1\.2 MB used, 81 GB free; how long that lasts is known after the first whole day/],
  empty: [/Ready for your first tracker/, /idast twin --mqtt mqtt:\/\/127\.0\.0\.1:1883 --devices 1/],
  loading: [/Reaching the server/],
};
const kLooks = [
  { viewport: kDesktop, scheme: 'light' },
  { viewport: kPhone, scheme: 'dark' },
];
const kOtherLooks = [
  { viewport: kDesktop, scheme: 'dark' },
  { viewport: kPhone, scheme: 'light' },
];
// The scenes of the sky with their own colours are looked at in every combination.
const kSeenInAll = new Set(['live', 'night']);

for (const [state, texts] of Object.entries(kStates)) {
  test(`${state}: says so, without a barrier, in both themes, on a desk and in a hand`, async () => {
    for (const look of kSeenInAll.has(state) ? [...kLooks, ...kOtherLooks] : kLooks) {
      await opened(state, look, async ({ page, strayed, complaints }) => {
        for (const text of texts) await shows(page, text);
        await accessible(page);
        await noSidewaysScroll(page);
        await largeTargets(page);
        quiet({ strayed, complaints });
      });
    }
  });
}

for (const viewport of [kDesktop, kPhone]) {
  test(`a number changes within a second of its change (${viewport.width} px)`, async () => {
    await opened('live', { viewport }, async ({ page, fake }) => {
      await shows(page, /LIVE/);
      for (const watts of [4.21, 7.77]) {
        const start = Date.now();
        fake.send({ power_w: watts });
        await page.locator('.power-number', { hasText: watts.toFixed(2) }).waitFor({ timeout: 1_000 });
        assert.ok(Date.now() - start < 1_000);
      }
    });
  });
}

test('today’s energy grows with the counter, and a restart starts a new count', async () => {
  await opened('live', {}, async ({ page, fake }) => {
    const today = page.locator('.tile', { hasText: 'Energy today' }).locator('.tile-value .number');
    await page.waitForFunction(() => /^\d+$/.test(document.querySelector('.tile-value .number')?.textContent));
    const counter = fake.row(0).energy_wh + 1;
    const shown = async (energy_wh) => {
      fake.send({ energy_wh });
      await page.waitForTimeout(800);
      return Number(await today.textContent());
    };
    const before = await shown(counter);
    assert.equal(await shown(counter + 40), before + 40);
    assert.equal(await shown(10), before + 50);
    assert.equal(await shown(9.5), before + 50);
  });
});

test('a lost server is the browser’s fault, never a tracker’s, and heals by itself', async () => {
  await opened('live', { viewport: kPhone }, async ({ page, fake, strayed }) => {
    await shows(page, /LIVE/);
    const shown = await power(page).textContent();
    fake.cut();
    await shows(page, 'Your browser lost the server.');
    await shows(page, /Next try in \d+ s|Trying now/);
    await shows(page, /LAST SEEN/);
    const words = await page.locator('body').innerText();
    assert.doesNotMatch(words, /offline/i);
    assert.ok(Math.abs(Number(await power(page).textContent()) - Number(shown)) < 1, 'values stay');
    await accessible(page);
    await noSidewaysScroll(page);
    fake.heal();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.getByText('Your browser lost the server.').waitFor({ state: 'detached', timeout: 5_000 });
    await shows(page, /LIVE/);
    assert.deepEqual(strayed, []);
  });
});

test('no estimate is shown without its mark', async () => {
  await opened('estimated', {}, async ({ page }) => {
    await shows(page, /LIVE/);
    const marked = '.power-note, .phone-row > div > p, .strip-figures, [aria-current=page] .tracker-note';
    for (const place of await page.locator(marked).all()) {
      assert.match(await place.innerText(), /est\./);
    }
    const bare = [];
    for (const name of ['Energy today', 'Phone charges', 'Phone minutes', 'Saved', 'CO₂ avoided', 'Trees', 'Battery']) {
      const tile = page.locator('.tile').filter({ has: page.locator('.tile-name > span', { hasText: new RegExp(`^${name}$`) }) });
      if (!/est\./.test(await tile.locator('.tile-value').innerText())) bare.push(name);
    }
    for (const node of ['Panel', 'Load']) {
      const shown = await page.locator('.flow-node').filter({ has: page.locator('.flow-name', { hasText: node }) }).innerText();
      if (!/est\./.test(shown)) bare.push(`flow: ${node}`);
    }
    for (const heading of [/^Power, last 5 minutes/, /^Today power/]) {
      const text = await page.getByRole('heading', { name: heading }).innerText();
      if (!/est\./.test(text)) bare.push(text);
    }
    assert.deepEqual(bare, []);
  });
});

test('one tracker offline dims only itself', async () => {
  await opened('offline', {}, async ({ page }) => {
    await shows(page, /This tracker is offline/);
    assert.equal(await page.getByText('Your browser lost the server.').count(), 0);
    await page.getByRole('link', { name: /Nairobi/ }).click();
    await shows(page, /LIVE/);
    assert.equal(await page.locator('.dimmed').count(), 0);
  });
});

test('the last known values paint first, marked as saved', async () => {
  await opened('live', {}, async ({ page, fake, context, url }) => {
    await shows(page, /LIVE/);
    await page.waitForFunction(() => document.querySelectorAll('.strip-day').length === 30);
    await page.close();
    fake.set('loading');
    const again = await context.newPage();
    await again.goto(`${url}/?device=${kFirst}`);
    await again.getByText('SAVED', { exact: true }).waitFor({ timeout: 3_000 });
    await again.getByText(/As it was at 14:0\d/).first().waitFor();
    assert.match(await power(again).textContent(), /^\d+\.\d\d$/);
    assert.equal(await again.locator('.strip-day').count(), 30);
  });
});

// Keeps what moved, and from where to where, in `globalThis.shifts`.
function watchShifts() {
  globalThis.shifts = [];
  const box = ({ x, y, width, height }) => `${x},${y} ${width}×${height}`;
  const told = ({ node, previousRect, currentRect }) =>
    `${node?.outerHTML?.slice(0, 60) ?? node?.textContent} ${box(previousRect)} → ${box(currentRect)}`;
  new PerformanceObserver((list) => {
    for (const { value, sources } of list.getEntries()) {
      globalThis.shifts.push(`${value.toFixed(4)} ${sources.map(told).join(', ')}`);
    }
  }).observe({ type: 'layout-shift', buffered: true });
}

test('nothing moves while the page loads: layout shift is 0', async () => {
  for (const viewport of [kDesktop, kPhone]) {
    const server = await startFake();
    const { context, page } = await visit(browser, { viewport });
    await page.addInitScript(watchShifts);
    for (const visitor of ['new', 'returning']) {
      await page.goto(`${server.url}/?device=${kFirst}`);
      await page.locator('.u-wrap').nth(1).waitFor();
      await page.waitForTimeout(1_500);
      assert.deepEqual(await page.evaluate(() => globalThis.shifts), [], visitor);
    }
    await context.close();
    await server.close();
  }
});

test('on a small phone sentence and power are seen without scrolling', async () => {
  await opened('live', { viewport: { width: 390, height: 640 } }, async ({ page }) => {
    await shows(page, /LIVE/);
    for (const locator of [heading(page), power(page)]) {
      const box = await locator.boundingBox();
      assert.ok(box.y >= 0 && box.y + box.height <= 640, JSON.stringify(box));
    }
    assert.equal(await page.evaluate(() => scrollY), 0);
  });
});

test('nothing is cut off on any width from 320 px on (WCAG reflow)', async () => {
  for (const width of [320, 640, 820, 1024, 1920]) {
    await opened('live', { viewport: { width, height: 800 } }, async ({ page }) => {
      await shows(page, /LIVE/);
      await noSidewaysScroll(page);
    });
  }
});

test('at 200 % zoom nothing is cut off, covered or out of reach', async () => {
  // A desk's 1280 × 900 at 200 %.
  for (const state of ['live', 'unknown', 'backfill']) {
    await opened(state, { viewport: { width: 640, height: 450 } }, async ({ page }) => {
      await heading(page).waitFor();
      await page.waitForTimeout(500);
      await noSidewaysScroll(page);
      await accessible(page);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll('main *, header *')]
          .filter((element) => element.checkVisibility() && getComputedStyle(element).overflowX === 'hidden')
          .filter((element) => !element.classList.contains('visually-hidden'))
          .filter((element) => element.textContent !== '' && element.scrollWidth > element.clientWidth + 1)
          .map((element) => element.outerHTML.slice(0, 90)),
      );
      assert.deepEqual(cut, [], state);
    });
  }
});

describe('with the keyboard alone', () => {
  test('the first stop skips to the readings', async () => {
    await opened('live', {}, async ({ page }) => {
      await shows(page, /LIVE/);
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the readings');
      await page.keyboard.press('Enter');
      assert.equal(await page.evaluate(() => document.activeElement.id), 'main');
    });
  });

  test('an (i) opens, says its formula, closes with Escape and gives the focus back', async () => {
    await opened('live', {}, async ({ page }) => {
      const about = page.getByRole('button', { name: 'About Saved' });
      await about.focus();
      await page.keyboard.press('Enter');
      const formula = page.getByText('energy (kWh) × price per kWh');
      await formula.waitFor();
      const box = await formula.boundingBox();
      assert.ok(box.x >= 0 && box.x + box.width <= kDesktop.width);
      await accessible(page);
      await page.keyboard.press('Escape');
      await formula.waitFor({ state: 'hidden' });
      assert.equal(await about.evaluate((button) => button === document.activeElement), true);
    });
  });

  test('another tracker is chosen, and Back returns', async () => {
    await opened('live', {}, async ({ page, url }) => {
      await page.getByRole('link', { name: /Nairobi/ }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('link', { name: /Nairobi/, current: 'page' }).waitFor();
      assert.equal(page.url(), `${url}/?device=${kSites[1].device}`);
      await page.goBack();
      await page.getByRole('link', { name: /Batangas/, current: 'page' }).waitFor();
    });
  });

  for (const state of ['live', 'fleet', 'empty', 'offline']) {
    test(`Tab reaches everything that can be pressed, in order, and comes out again: ${state}`, async () => {
      await opened(state, {}, async ({ page }) => {
        await heading(page).waitFor();
        if (state !== 'empty') await page.locator('.strip-day').first().waitFor();
        const pressable = await page.evaluate(() => {
          const all = [...document.querySelectorAll('a[href], button, select, summary, input, [tabindex="0"]')];
          const shown = all.filter((element) => element.checkVisibility() || element.classList.contains('skip'));
          shown.forEach((element, index) => (element.dataset.stop = index));
          return shown.length;
        });
        const stops = [];
        for (let stop = 0; stop <= pressable; stop += 1) {
          await page.keyboard.press('Tab');
          const at = await page.evaluate(() => document.activeElement?.dataset.stop ?? null);
          if (at === null) break;
          stops.push(Number(at));
        }
        assert.deepEqual(stops, Array.from({ length: pressable }, (_, index) => index));
      });
    });
  }

  test('every stop of the Tab key has a visible ring', async () => {
    await opened('live', {}, async ({ page }) => {
      await shows(page, /LIVE/);
      const bare = [];
      for (let stop = 0; stop < 24; stop += 1) {
        await page.keyboard.press('Tab');
        const seen = await page.evaluate(() => {
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
          const name = document.activeElement.outerHTML.slice(0, 80);
          if (document.activeElement === document.body) return null;
          return { ringed: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, name };
        });
        if (seen === null) break;
        if (!seen.ringed) bare.push(seen.name);
      }
      assert.deepEqual(bare, []);
    });
  });
});

test('a person who wants no movement gets none', async () => {
  for (const state of ['live', 'night', 'loading', 'backfill']) {
    await opened(state, { motion: 'reduce' }, async ({ page, fake }) => {
      await heading(page).waitFor();
      await page.waitForTimeout(500);
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0, state);
      fake.cut();
      await page.waitForTimeout(500);
      assert.equal(await page.evaluate(() => document.getAnimations().length), 0, `${state}, server lost`);
    });
  }
});

test('a screen reader is not flooded: the spoken summary stands still for three seconds', async () => {
  await opened('live', {}, async ({ page }) => {
    await shows(page, /LIVE/);
    await page.waitForTimeout(500);
    const spoken = await page.evaluate(async () => {
      let changes = 0;
      const observer = new MutationObserver((records) => (changes += records.length));
      for (const region of document.querySelectorAll('[aria-live=polite], [role=status]')) {
        observer.observe(region, { childList: true, characterData: true, subtree: true });
      }
      await new Promise((done) => setTimeout(done, 3_000));
      return changes;
    });
    assert.equal(spoken, 0);
    const name = await page.locator('svg.dome').getAttribute('aria-label');
    // Ends with the trim when the tracker has learned one.
    assert.match(name, /^Sun in the south-west, \d+ degrees high; panel points \d+\.\d degrees off(; the mount stands [^;]+)?\.$/);
  });
});

test('the theme button changes the theme for good', async () => {
  await opened('live', { scheme: 'light' }, async ({ page }) => {
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /Theme: system/ }).click();
    await page.getByRole('button', { name: /Theme: light/ }).click();
    assert.notEqual(await ground(), light);
    await page.reload();
    await shows(page, /LIVE/);
    assert.notEqual(await ground(), light);
    await page.getByRole('button', { name: /Theme: dark/ }).waitFor();
  });
});

test('the address of a tracker’s own screen opens it too', async () => {
  await opened('live', {}, async ({ page, url }) => {
    await page.goto(`${url}/t/${kSites[1].device}`);
    await page.getByRole('link', { name: /Nairobi/, current: 'page' }).waitFor();
  });
});
