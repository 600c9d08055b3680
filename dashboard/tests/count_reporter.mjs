/** Ends the run with one line that ./dev can add up. */
export default class CountReporter {
  onTestRunEnd(modules, errors) {
    let passed = 0;
    let failed = errors.length;
    for (const module of modules) {
      let inside = 0;
      for (const test of module.children.allTests()) {
        inside += 1;
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        if (state === 'failed') failed += 1;
      }
      // A file that could not be loaded has no tests that could fail.
      if (inside === 0) failed += 1;
    }
    process.stdout.write(`IDAST-TESTS passed=${passed} failed=${failed}\n`);
  }
}
