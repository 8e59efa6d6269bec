// How the page feels with 300, 1,000 and 10,000 cards. `make ui-bench` prints what a person would
// notice: when the board is painted, when it answers, and how long its frames take while a card is
// dragged and while fifty events a second arrive. It measures and judges nothing.

import type { APIRequestContext, Page } from "@playwright/test";
import { expect, test } from "./fixtures";

const sizes = [300, 1_000, 10_000];
const tasks = "/api/plugins/kanban/tasks";
/** How long events arrive. */
const rounds = 5;
const eventsEachSecond = 50;
/** A frame of a screen that draws sixty a second, and a little for the clock's grain. */
const frameMs = 17.5;

interface Times {
  slowest: number;
  late: number;
}

for (const size of sizes) {
  test(`${size} cards`, async ({ api, board, page }) => {
    const ids = await fill(api, size);
    // The second visit is what a person sees all day: the files are known, the server is warm.
    await board.goto();
    await board.goto();
    const paint = await page.evaluate(
      () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    );
    const answers = await timeToAnswer(page);
    const drag = await frames(page, () => dragAbout(page));
    const live = await frames(page, () => change(api, ids));
    console.log(
      [
        `${size} cards:`,
        `painted after ${Math.round(paint)} ms, answers after ${Math.round(answers)} ms;`,
        `while dragging: slowest frame ${drag.slowest} ms, ${drag.late} late;`,
        `at ${eventsEachSecond} events/s: slowest frame ${live.slowest} ms, ${live.late} late`,
      ].join(" "),
    );
    expect(ids.length).toBe(size);
  });
}

/** From the start of a visit to the moment at which WASM has taken the page over. */
async function timeToAnswer(page: Page): Promise<number> {
  await page.reload({ waitUntil: "commit" });
  const answered = await page.waitForFunction(
    () => document.documentElement.hasAttribute("data-hydrated") && performance.now(),
  );
  return Number(await answered.jsonValue());
}

/** The times between frames while something goes on. */
async function frames(page: Page, action: () => Promise<void>): Promise<Times> {
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
  for (let round = 1; round <= rounds; round += 1) {
    const second = new Promise((end) => setTimeout(end, 1_000));
    const sent = some.map((task) =>
      api.post("/fn/update_task", { data: { task, change: { set_priority: round } } }),
    );
    await Promise.all([second, ...sent]);
  }
}

async function fill(api: APIRequestContext, size: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < size) {
    const titles = Array.from({ length: Math.min(100, size - ids.length) }, (_, at) => ids.length + at);
    const answers = await Promise.all(
      titles.map((at) =>
        api.post(tasks, { data: { title: `Task ${at + 1}`, triage: at % 3 === 0, tenant: "bench" } }),
      ),
    );
    for (const answer of answers) ids.push((await answer.json()).task.id);
  }
  return ids;
}
