import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { previewReplay } from "../../../src/api/replays/preview-replay";
import { MAX_PREVIEWED_ERRORS, type ReplaySelection } from "../../../src/model/replay";
import { NO_RULES, rulesOf } from "../../../src/rules/rules";
import { databasesOf } from "../../../src/storage/core/databases";
import { errorRow, MORNING, store } from "../../storage/seed";

const databases = databasesOf(env);
const terms = { futureToleranceMicros: 60_000_000, rules: rulesOf(NO_RULES) };
const any = { code: null, session: null, category: null, name: null, application: null, from: null, to: null };

const content = JSON.stringify({
  ...{ session_id: "s", category: "c", name: "n", data: {}, timestamp: "2021-01-01 08:00:00" },
});

/** One error more than a preview examines, and one that is resolved. */
beforeAll(async () => {
  const many = Array.from({ length: MAX_PREVIEWED_ERRORS + 1 }, (_, n) =>
    errorRow({ id: `many-${String(n).padStart(4, "0")}`, session: `s${n % 9}`, receivedAt: MORNING + n, content }),
  );
  const blog = ["blog-1", "blog-2", "resolved"].map((id) =>
    errorRow({ id, session: "s", application: "blog", content }),
  );
  await store(databases, { errors: [...many, ...blog] });
  for (const { binding } of databases) {
    await binding.prepare("UPDATE errors SET resolved_at = 1 WHERE id = 'resolved'").run();
  }
});

const preview = (selection: ReplaySelection) => previewReplay(databases, selection, null, terms);

describe("a preview", () => {
  it("examines the open errors of a filter", async () => {
    expect(await preview({ filter: { ...any, application: "blog" } })).toMatchObject({ examined: 2, complete: true });
  });

  it("examines given errors, unless they are resolved or do not exist", async () => {
    const ids = ["blog-1", "resolved", "nothing"];
    expect(await preview({ ids })).toMatchObject({ examined: 1, would_pass: 1, complete: true });
  });

  it("examines a bounded number, and reports that there are more", async () => {
    const shop = await preview({ filter: { ...any, application: "shop" } });
    expect(shop).toMatchObject({ examined: MAX_PREVIEWED_ERRORS, complete: false });
    const ids = Array.from({ length: MAX_PREVIEWED_ERRORS + 1 }, (_, n) => `many-${String(n).padStart(4, "0")}`);
    expect(await preview({ ids })).toMatchObject({ examined: MAX_PREVIEWED_ERRORS, complete: false });
  });
});
