// How long a page takes and how much it holds, as Chromium itself tells.

import type { Browser, Page } from "@playwright/test";

/** When an opened page was painted, and when it answered, in milliseconds. */
export interface Visit {
  painted: number;
  answers: number;
}

/** What a page holds once the garbage is out, in megabytes. */
export interface Held {
  scripts: number;
  /** WASM never gives back what it once asked for. */
  wasm: number;
}

/** An event of a trace: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  /** For how long its thread was at work, in microseconds. */
  tdur?: number;
  args: { name?: string };
}

const megabyte = 1_000_000;

/** Opens an address anew. */
export async function visit(page: Page, url: string): Promise<Visit> {
  await page.goto(url, { waitUntil: "commit" });
  const answered = await page.waitForFunction(
    () => document.documentElement.hasAttribute("data-hydrated") && performance.now(),
    undefined,
    { polling: "raf" },
  );
  // The browser may tell of the paint only after the page has answered.
  const painted = await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    undefined,
    { polling: "raf" },
  );
  return { painted: Number(await painted.jsonValue()), answers: Number(await answered.jsonValue()) };
}

/**
 * For how long, in milliseconds, the page was busy with one thing at most while something went on. A
 * frame waits for what is under way: it is late when that takes longer than a frame. Time in which the
 * machine did something else is not counted. The action must not look for elements by their roles:
 * that is work in the page too.
 */
export async function busiest(
  browser: Browser,
  page: Page,
  action: () => Promise<void>,
): Promise<number> {
  const categories = ["__metadata", "disabled-by-default-devtools.timeline"];
  await browser.startTracing(page, { categories });
  await action();
  const trace = (await browser.stopTracing()).toString();
  const { traceEvents: events }: { traceEvents: TraceEvent[] } = JSON.parse(trace);
  const thread = ({ pid, tid }: TraceEvent): string => `${pid} ${tid}`;
  const names = events.filter((event) => event.name === "thread_name");
  const ofPages = new Set(names.filter((it) => it.args.name === "CrRendererMain").map(thread));
  const tasks = events.filter((event) => event.name === "RunTask" && ofPages.has(thread(event)));
  if (tasks.length === 0) throw new Error("the trace tells of no task of a page");
  return Math.max(...tasks.map((task) => (task.tdur ?? 0) / 1_000));
}

export async function held(page: Page): Promise<Held> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  const prototype = await session.send("Runtime.evaluate", {
    expression: "WebAssembly.Memory.prototype",
  });
  const found = await session.send("Runtime.queryObjects", {
    prototypeObjectId: prototype.result.objectId ?? "",
  });
  const wasm = await session.send("Runtime.callFunctionOn", {
    objectId: found.objects.objectId ?? "",
    functionDeclaration: "function () { return this.reduce((sum, it) => sum + it.buffer.byteLength, 0); }",
    returnByValue: true,
  });
  await session.detach();
  return { scripts: usedSize / megabyte, wasm: Number(wasm.result.value) / megabyte };
}

/** The middle one counts: a busy moment of the machine is not the page's. */
export function middle(numbers: number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
