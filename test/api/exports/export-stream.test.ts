import { describe, expect, it } from "vitest";
import { exportStream, textFormat } from "../../../src/api/exports/export-stream";
import type { FoundEvent } from "../../../src/storage/events/named-events";
import type { ExportedEvents } from "../../../src/storage/exports/export-events";
import type { EventKey } from "../../../src/storage/scan/event-order";

const place: EventKey = { occurredAt: 7, receivedAfter: 0, session: "ts", tie: 0 };

function found(id: string): FoundEvent {
  return {
    ...{ key: place, session: "s", application: "shop", category: "c", name: "n", occurredAt: 1, receivedAt: 2, id },
    ...{ data: "{}", context: null, extra: null, visitor: null },
  };
}

const format = () =>
  textFormat({
    header: "begin ",
    line: ({ id }) => `${id} `,
    trailer: (events, next) => `end of ${events}, next ${next}`,
  });

/** A source of pages that records what was asked of it. */
function sourceOf(pages: readonly (string[] | Error)[]) {
  const read: string[] = [];
  async function* generate(): AsyncGenerator<ExportedEvents> {
    try {
      for (const page of pages) {
        if (page instanceof Error) throw page;
        read.push(page.join("+"));
        yield { rows: page.map(found), next: page.includes("last") ? place : null };
      }
    } finally {
      read.push("closed");
    }
  }
  return { read, source: generate() };
}

async function streamOf(pages: readonly (string[] | Error)[]) {
  const failures: unknown[] = [];
  const { read, source } = sourceOf(pages);
  const nextOf = (at: EventKey | null) => (at === null ? null : `?at=${at.occurredAt}`);
  const stream = exportStream(await source.next(), source, format(), nextOf, (thrown) => failures.push(thrown));
  return { stream, read, failures };
}

describe("exportStream", () => {
  it("writes the pages between the format's begin and its end, which counts the events", async () => {
    const { stream } = await streamOf([["a", "b"], [], ["c"]]);
    expect(await new Response(stream).text()).toBe("begin a b c end of 3, next null");
  });

  it("says at the end where the export goes on", async () => {
    const { stream } = await streamOf([["a"], ["last"]]);
    expect(await new Response(stream).text()).toBe("begin a last end of 2, next ?at=7");
  });

  it("has a begin and an end without events", async () => {
    const { stream } = await streamOf([]);
    expect(await new Response(stream).text()).toBe("begin end of 0, next null");
  });

  it("reads no further than one page ahead of a slow client", async () => {
    const { stream, read } = await streamOf(["a", "b", "c", "d", "e"].map((id) => [id]));
    const reader = stream.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("begin ");
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(read.length).toBeLessThanOrEqual(2);
    await reader.read();
    await reader.read();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(read.length).toBeLessThanOrEqual(4);
    await reader.cancel();
  });

  it("stops reading once the client is gone", async () => {
    const { stream, read } = await streamOf([["a"], ["b"], ["c"], ["d"]]);
    await stream.cancel();
    expect(read.at(-1)).toBe("closed");
    expect(read).not.toContain("d");
  });

  it("ends a file without its end after a failure, and hides the reason from the client", async () => {
    const failure = new Error("D1_ERROR: secret");
    const { stream, failures } = await streamOf([["a"], failure]);
    await expect(new Response(stream).text()).rejects.toThrow("The export was aborted.");
    expect(failures).toEqual([failure]);
  });
});
