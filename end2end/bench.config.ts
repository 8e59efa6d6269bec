// How `make ui-bench` runs: as the tests do, but alone, against the server that people run.

import { defineConfig } from "@playwright/test";
import tests from "./playwright.config";

export default defineConfig(tests, {
  testDir: ".",
  testMatch: "bench.spec.ts",
  workers: 1,
  timeout: 480_000,
  use: { trace: "off" },
});
