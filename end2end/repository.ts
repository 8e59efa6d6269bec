// Repositories that tasks work in.

import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ada = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"];

/** Asks git in a repository. */
export function git(path: string, ...args: string[]): string {
  return execFileSync("git", [...ada, ...args], { cwd: path, encoding: "utf8" }).trim();
}

/** A repository with one commit, which stands on `main`. */
export function repository(): string {
  const path = mkdtempSync(join(tmpdir(), "kanban-e2e-repository-"));
  git(path, "init", "--quiet", "--initial-branch=main");
  git(path, "config", "user.name", "ada");
  git(path, "config", "user.email", "ada@example.com");
  writeFileSync(join(path, "words.txt"), "one\ntwo\n");
  git(path, "add", ".");
  git(path, "commit", "--quiet", "--message", "Begin");
  return path;
}

/** What a worker runs to commit all that it has written. */
export const commit = `git add . && git ${ada.join(" ")} commit --quiet -m Work`;
