// How the page feels with 300, 1,000 and 10,000 cards. `make ui-bench` prints what a person would
// notice: when the board is painted, when it answers, how long its frames take while a card is
// dragged and while fifty events a second arrive, and what the page holds after ten thousand of
// them. It measures and judges nothing.

import type { APIRequestContext, CDPSession, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import type { BoardPage } from "./pages/board-page";

const sizes = [300, 1_000, 10_000];
/** Where the page's memory is looked at. */
const memorySize = 1_000;
const tasks = "/api/plugins/kanban/tasks";
/** Of some visits the middle one counts: a busy moment of the machine is not the page's. */
const visits = 5;
const seconds = 5;
const eventsEachSecond = 50;
/** About an hour of a busy board. */
const manyEvents = 10_000;
const eventsEachRequest = 500;
/** A frame of a screen that draws sixty a second, and a little for the clock's grain. */
const frameMs = 17.5;
const megabyte = 1_000_000;

interface Frames {
  slowest: number;
  late: number;
  all: number;
}

test("the page with few cards and with many", async ({ api, board, page }) => {
  const session = await page.context().newCDPSession(page);
  const rows: Record<string, Record<string, string>> = {};
  const ids: string[] = [];
  let memory = "";
  for (const size of sizes) {
    await fill(api, ids, size);
    const { painted, answers } = await visit(board);
    const drag = await frames(page, () => dragAbout(page));
    const live = await frames(page, () => change(api, ids));
    rows[`${size.toLocaleString("en")} cards`] = {
      painted: `${painted} ms`,
      answers: `${answers} ms`,
      "frames of a drag": inWords(drag),
      [`frames at ${eventsEachSecond} events/s`]: inWords(live),
    };
    if (size === memorySize) memory = await grown(api, board, session, ids);
  }
  const wasm = await api.get("/pkg/kanban_bg.wasm", { headers: { "accept-encoding": "br" } });
  console.table(rows);
  console.log(`WASM, as sent: ${Number(wasm.headers()["content-length"]) / 1_000} kB`);
  console.log(memory);
  expect(ids.length).toBe(sizes.at(-1));
});

function inWords({ slowest, late, all }: Frames): string {
  return `slowest ${slowest} ms, ${late} of ${all} late`;
}

/** When the board was painted, and when WASM had taken it over; the server and the files are known. */
async function visit(board: BoardPage): Promise<{ painted: number; answers: number }> {
  const times: { painted: number; answers: number }[] = [];
  for (let turn = 0; turn <= visits; turn += 1) {
    await board.page.goto("/", { waitUntil: "commit" });
    const answered = await board.page.waitForFunction(
      () => document.documentElement.hasAttribute("data-hydrated") && performance.now(),
      undefined,
      { polling: "raf" },
    );
    const painted = await board.page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN,
    );
    // The first one only makes the browser know the files.
    if (turn > 0) times.push({ painted, answers: Number(await answered.jsonValue()) });
  }
  return {
    painted: middle(times.map((time) => time.painted)),
    answers: middle(times.map((time) => time.answers)),
  };
}

function middle(numbers: number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}

/** The times between frames while something goes on. */
async function frames(page: Page, action: () => Promise<void>): Promise<Frames> {
  const recorded = await page.evaluateHandle(() => {
    const recording = { times: [] as number[], isOn: true };
    const tick = (now: number): void => {
      recording.times.push(now);
      if (recording.isOn) requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    return recording;
  });
  await action();
  const times = await recorded.evaluate((recording) => {
    recording.isOn = false;
    return recording.times;
  });
  const spans = times.slice(1).map((time, position) => time - (times[position] ?? time));
  return {
    slowest: Math.round(Math.max(0, ...spans)),
    late: spans.filter((span) => span > frameMs).length,
    all: spans.length,
  };
}

async function dragAbout(page: Page): Promise<void> {
  const ready = page.getByRole("region", { name: "Ready", exact: true });
  const box = await ready.getByRole("link").first().boundingBox();
  if (!box) throw new Error("nothing is ready");
  await page.mouse.move(box.x + 40, box.y + 8);
  await page.mouse.down();
  for (let step = 0; step <= 60; step += 1) {
    await page.mouse.move(box.x + 40 - step * 4, box.y + 8 + step * 3);
  }
  await page.mouse.up();
}

async function change(api: APIRequestContext, ids: string[]): Promise<void> {
  const some = ids.slice(0, eventsEachSecond);
  for (let round = 1; round <= seconds; round += 1) {
    const second = new Promise((end) => setTimeout(end, 1_000));
    // One after the other, as they come from workers.
    const sent = (async () => {
      for (const task of some) {
        await api.post("/fn/update_task", { data: { task, change: { set_priority: round } } });
      }
    })();
    await Promise.all([second, sent]);
  }
}

/** What the page holds before and after many events. */
async function grown(
  api: APIRequestContext,
  board: BoardPage,
  session: CDPSession,
  ids: string[],
): Promise<string> {
  const some = ids.slice(0, eventsEachRequest);
  const rounds = manyEvents / eventsEachRequest;
  const flood = async (from: number): Promise<void> => {
    for (let round = from; round < from + rounds; round += 1) {
      const changes = some.map((task) => [task, { set_priority: round }]);
      await api.post("/fn/bulk", { data: { changes } });
    }
    const last = board.column("Ready").getByTitle(`Priority ${from + rounds - 1}`, { exact: true });
    await expect(last.first()).toBeVisible({ timeout: 60_000 });
  };
  await flood(100);
  const before = await held(session);
  await flood(100 + rounds);
  const after = await held(session);
  return `memory after ${manyEvents} events ${before}, after as many more ${after}`;
}

/** What is in use once the garbage is out: by scripts, and by WASM, which never gives back. */
async function held(session: CDPSession): Promise<string> {
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
  const scripts = (usedSize / megabyte).toFixed(1);
  return `${scripts} MB in scripts and ${(Number(wasm.result.value) / megabyte).toFixed(1)} MB in WASM`;
}

/** Puts tasks on the board until there are as many as that. */
async function fill(api: APIRequestContext, ids: string[], size: number): Promise<void> {
  while (ids.length < size) {
    const from = ids.length;
    const numbers = Array.from({ length: Math.min(100, size - from) }, (_, at) => from + at + 1);
    const answers = await Promise.all(
      numbers.map((number) =>
        api.post(tasks, {
          data: { title: `Task ${number}`, triage: number % 3 === 0, tenant: "bench" },
        }),
      ),
    );
    for (const answer of answers) ids.push((await answer.json()).task.id);
  }
}
