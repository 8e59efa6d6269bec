import { defineConfig, devices } from "@playwright/test";
import { chromiumOnPath, isThere } from "./browser.mjs";
import type { Options } from "./fixtures";

const executablePath = chromiumOnPath();

const fronts = [
  { name: "nginx", needs: "nginx", use: { front: "nginx" as const } },
  { name: "caddy", needs: "caddy", use: { front: "caddy" as const } },
  { name: "tls", needs: "openssl", use: { front: "tls" as const, ignoreHTTPSErrors: true } },
];
for (const { name, needs } of fronts) {
  if (!isThere(needs)) console.error(`SKIPPED: the flows of ${name}, because there is no ${needs}`);
}

export default defineConfig<Options>({
  testDir: "specs",
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // A flow that passes only when tried again has found something.
  retries: 0,
  // Some of what is awaited starts a process first, on a machine that runs other tests beside it.
  expect: { timeout: 10_000 },
  // The longest flow starts thirty of them: it took 26 s on a machine that compiled beside it.
  timeout: 90_000,
  reporter: process.env.CI ? [["list"]] : [["list"], ["html", { open: "never" }]],
  projects: [
    { name: "here" },
    // What has to work wherever the board is shown.
    ...fronts.filter(({ needs }) => isThere(needs)).map(({ name, use }) => ({
      name,
      use,
      testMatch: "smoke.spec.ts",
    })),
  ],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      ...(executablePath ? { executablePath } : {}),
      // Playwright itself already keeps the browser from calling home.
      args: ["--disable-gpu", "--disable-quic", "--disable-sync"],
    },
  },
});
