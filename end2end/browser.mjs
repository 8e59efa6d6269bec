// Which Chromium the tests drive: the machine's own, where there is one. And which programs there are.

import { execFileSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { basename, delimiter, join } from "node:path";

const names = ["chromium", "google-chrome", "google-chrome-stable"];

/**
 * The path of a Chromium on PATH that starts, or undefined: Playwright then takes the one that it
 * downloaded.
 *
 * @returns {string | undefined}
 */
export function chromiumOnPath() {
  return names.flatMap(onPath).find(starts);
}

/**
 * Whether there is such a program.
 *
 * @param {string} name
 */
export function isThere(name) {
  return onPath(name).some(existsSync);
}

/** @param {string} name */
function onPath(name) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.map((folder) => join(folder, name));
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
