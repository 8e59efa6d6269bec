// Leaves a Chromium for the tests: the one on PATH, else Debian's, else Playwright's own.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chromium } from "@playwright/test";
import { chromiumOnPath } from "./browser.mjs";

if (chromiumOnPath() || (await playwrightsOwnStarts())) process.exit(0);

const asRoot = rootPrefix();

if (asRoot !== undefined && isDebian()) {
  console.log("• install Debian's chromium for the browser tests");
  const install = "apt-get install --yes --no-install-recommends chromium";
  // Package lists may be missing or old: fetch them, and try once more.
  if (!run(`${asRoot} ${install}`) && run(`${asRoot} apt-get update`)) run(`${asRoot} ${install}`);
  if (chromiumOnPath()) process.exit(0);
}

console.log("• download Playwright's Chromium for the browser tests");
const withDeps = asRoot === undefined ? "" : "--with-deps";
run(`npx --no playwright install --only-shell ${withDeps} chromium`);
if (await playwrightsOwnStarts()) process.exit(0);

console.error(
  "There is no browser for the tests, and none could be installed. Install one " +
    "(Debian: sudo apt-get install chromium), then run make test again.",
);
process.exit(1);

async function playwrightsOwnStarts() {
  try {
    await (await chromium.launch()).close();
    return true;
  } catch {
    return false;
  }
}

/** What to put before a command to run it as root, if that needs no password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return "";
  return run("sudo --non-interactive true 2>/dev/null") ? "sudo --non-interactive" : undefined;
}

/** Ubuntu's package of that name only points to snap. */
function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

/** @param {string} command */
function run(command) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync(command, { shell: true, stdio: "inherit", env }).status === 0;
}
