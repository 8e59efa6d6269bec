// Which Chromium the tests drive: the machine's own, where there is one.

import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

const names = ["chromium", "google-chrome", "google-chrome-stable"];

/**
 * The path of a Chromium on PATH that starts, or undefined: Playwright then takes the one that it
 * downloaded.
 *
 * @returns {string | undefined}
 */
export function chromiumOnPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(starts);
}

/** @param {string} path */
function starts(path) {
  try {
    // A browser from snap sees no temporary folder but its own, and Playwright's is not that one.
    if (basename(realpathSync(path)) === "snap") return false;
    execFileSync(path, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
