#!/usr/bin/env python3
"""Code that must not compile. Each case is one line; the same file with the case left out must compile,
so that a case never 'fails' for a reason of its own."""
import concurrent.futures
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PRELUDE = """
#include "core/base/time.h"
#include "core/telemetry/schema.h"
#include "core/units/units.h"
using namespace idast;
void take(Watts); void at(Instant);
int main() { Volts voltage = volts(6.f); Amperes current = amperes(1.f); Degrees angle = degrees(3.f);
  Instant now; UtcMillis utc; (void)voltage; (void)current; (void)angle; (void)now; (void)utc; take(voltage * current); at(now);
"""
CASES = {
    "volts are not watts": "take(voltage);",
    "a bare number is not an angle": "Degrees wrong = 12.5f;",
    "a quantity does not become a number without its unit": "float wrong = voltage;",
    "volts and amperes do not add": "auto wrong = voltage + current;",
    "an angle does not leave in volts": "float wrong = angle.in(volts);",
    "degrees times volts make no sense": "auto wrong = angle * voltage;",
    "wall time is not monotonic time": "at(utc);",
    "monotonic time is not wall time": "utc = now;",
    "the two clocks do not subtract": "auto wrong = now - utc;",
    "a number is not an instant": "now = 350;",
    "a misspelt column does not exist": 'constexpr auto wrong = telemetry::position_of("power_mw");',
    "a JSON key is not a column": 'constexpr auto wrong = telemetry::position_of("powerW");',
    "a battery charge is not a voltage": "telemetry::Sample s; s.battery_charge = voltage;",
    "a seq is not a boot": "telemetry::Sample s; s.boot = std::int64_t{3};",
}


def compiles(statement: str) -> bool:
    source = PRELUDE + statement + "\n}\n"
    done = subprocess.run(["g++", "-std=c++23", "-fsyntax-only", f"-I{ROOT}", "-x", "c++", "-"],
                          input=source, text=True, capture_output=True)
    return done.returncode == 0


def main() -> int:
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        control = pool.submit(compiles, "")
        results = {name: pool.submit(compiles, code) for name, code in CASES.items()}
        if not control.result():
            print("FAIL: the prelude itself does not compile")
            failed += 1
        for name, result in results.items():
            if result.result():
                print(f"FAIL: compiles, and must not: {name}")
                failed += 1
    print(f"IDAST-TESTS passed={len(CASES) + 1 - failed} failed={failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
