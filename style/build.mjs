// Makes the site: `node style/build.mjs <folder of the WASM and its script> <folder of the site>`.
//
// Files that did not change are left alone, so their times tell cargo that nothing is new.

import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { build, transform } from "esbuild";

const style = dirname(fileURLToPath(import.meta.url));
const [pkg, site] = process.argv.slice(2);
if (!pkg || !site) throw new Error("which folders? see the first line of this file");

const files = new Map([
  ["pkg/kanban.css", await styles()],
  ...(await scriptsAndWasm()),
  ...(await assets()),
]);
for (const [name, content] of files) await put(name, content);
await removeOthers();

/** One file of styles. Layers, nesting and `light-dark()` reach the browser as they are written. */
async function styles() {
  const bundle = await build({
    entryPoints: [join(style, "main.css")],
    bundle: true,
    minify: true,
    write: false,
    target: "esnext",
    logLevel: "warning",
  });
  return Buffer.from(bundle.outputFiles[0].contents);
}

async function scriptsAndWasm() {
  return Promise.all(
    (await filesIn(pkg)).map(async (name) => {
      const content = await readFile(join(pkg, name));
      if (!name.endsWith(".js")) return [join("pkg", name), content];
      const script = await transform(content, { minify: true, format: "esm", target: "esnext" });
      return [join("pkg", name), Buffer.from(script.code)];
    }),
  );
}

async function assets() {
  const folder = join(style, "assets");
  return Promise.all(
    (await filesIn(folder)).map(async (name) => [name, await readFile(join(folder, name))]),
  );
}

/** Writes a file and its compressed copies. Pictures and fonts are compressed already. */
async function put(name, content) {
  const path = join(site, name);
  const known = await readFile(path).catch(() => undefined);
  if (known?.equals(content)) return;

  await mkdir(dirname(path), { recursive: true });
  const copies = [];
  if (/\.(css|js|svg|txt|wasm|webmanifest)$/.test(name)) {
    const brotli = await promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
        [constants.BROTLI_PARAM_LGBLOCK]: constants.BROTLI_MAX_INPUT_BLOCK_BITS,
      },
    });
    copies.push([".br", brotli]);
    console.log(`  ${name}: ${kilobytes(content)}, sent as ${kilobytes(brotli)}`);
  }
  for (const [extension, copy] of copies) await writeFile(path + extension, copy);
  // The file itself comes last: if it is there, so are its copies.
  await writeFile(path, content);
}

/** What an earlier build left must not be carried by a later one. */
async function removeOthers() {
  for (const name of await filesIn(site)) {
    if (!files.has(name.replace(/\.br$/, ""))) await rm(join(site, name));
  }
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)));
}

function kilobytes(buffer) {
  return `${(buffer.length / 1000).toFixed(1)} kB`;
}
