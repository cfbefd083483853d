import { describe, expect, it } from "vitest";
import { problemPage } from "../../../src/api/docs/problem-pages";
import { EVENT_CODES, REQUEST_PROBLEMS } from "../../../src/model/codes";

describe("problemPage", () => {
  it.each(Object.entries(REQUEST_PROBLEMS))("explains %s with its status and how to fix it", (code, known) => {
    expect(problemPage(code)).toMatchObject({ code, about: "request", ...known });
  });

  it.each(Object.entries(EVENT_CODES))("explains %s and shows where such events are listed", (code, meaning) => {
    const page = problemPage(code);
    expect(page).toMatchObject({ code, about: "event", status: null });
    expect(page?.meaning).toContain(meaning);
    expect(page?.fix).toContain(`GET /theeye/errors?code=${code} `);
  });

  it.each(["", "nonsense", "toString", "__proto__"])("returns null for the code %j", (code) => {
    expect(problemPage(code)).toBeNull();
  });
});
