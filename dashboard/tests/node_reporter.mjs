// One line per test, the whole story of a failure, and a last line that ./dev can add up.
export default async function* report(source) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') yield data.message;
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    // A file is reported as a test of its own, and so is a group; only their tests count.
    if (data.details.type === 'suite' || data.name.endsWith('.mjs')) {
      if (type === 'test:fail' && data.details.error.failureType !== 'subtestsFailed') {
        failed += 1;
        yield `FAIL ${data.name}\n${data.details.error.cause?.stack ?? data.details.error}\n`;
      }
      continue;
    }
    if (data.skip !== undefined) {
      yield `SKIPPED ${data.name}: ${data.skip}\n`;
      continue;
    }
    const ms = Math.round(data.details.duration_ms);
    if (type === 'test:pass') {
      passed += 1;
      yield `ok   ${data.name} (${ms} ms)\n`;
    } else {
      failed += 1;
      yield `FAIL ${data.name} (${ms} ms)\n${data.details.error.cause?.stack ?? data.details.error}\n`;
    }
  }
  yield `IDAST-TESTS passed=${passed} failed=${failed}\n`;
}
