// How `make screenshots` runs: as the tests do, but with the size and colours of a picture.

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig(tests, {
  testDir: ".",
  testMatch: "screenshots.spec.ts",
  // The best moment of the sample lasts a second, which a busy machine may miss.
  retries: 2,
  timeout: 60_000,
  use: {
    viewport: { width: 1680, height: 950 },
    deviceScaleFactor: 1,
    colorScheme: "light",
    trace: "off",
  },
});
