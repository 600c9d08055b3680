// What every look at the page asks, whatever state it is in.
import { AxeBuilder } from '@axe-core/playwright';
import assert from 'node:assert/strict';

/** No rule of WCAG 2.2 A and AA, nor of good practice, is broken. */
export async function accessible(page) {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  const told = violations.map(({ id, help, nodes }) => {
    const where = nodes.map((node) => `    ${node.target.join(' ')} ${node.failureSummary}`);
    return `${id}: ${help}\n${where.join('\n')}`;
  });
  assert.equal(violations.length, 0, told.join('\n'));
}

/** Nothing left the machine, and the browser had nothing to complain of (a broken policy, a throw). */
export function quiet({ strayed, complaints }) {
  assert.deepEqual(strayed, [], 'requests that would leave the machine');
  assert.deepEqual(complaints, [], 'errors in the console');
}

/** The page is not wider than the screen. */
export async function noSidewaysScroll(page) {
  const [content, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(content <= screen, `${content} px of content on a screen of ${screen} px`);
}

/** Everything to press is at least 44 px in both directions. */
export async function largeTargets(page) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, select, summary')]
      .map((element) => ({ element, box: element.getBoundingClientRect() }))
      .filter(({ box, element }) => box.width > 0 && !element.classList.contains('skip'))
      .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
      .map(({ element, box }) => `${element.outerHTML.slice(0, 90)} ${box.width}×${box.height}`),
  );
  assert.deepEqual(small, []);
}

/** The power that the page shows, as text. */
export function power(page) {
  return page.locator('.power-number').first();
}
