import { expect, it } from "vitest";
import {
  groupMembers,
  groupTexts,
  type SessionDimension,
} from "../../../../src/model/questions/sessions/session-dimension";

const session = {
  first: { application: "shop", category: "page", name: "view", text: "/" },
  last: { application: "blog", category: "form", name: "submit", text: null },
};
const by = { name: "path", path: ["path"] };

it.each<[SessionDimension | null, (string | null)[], object]>([
  [null, [], {}],
  ["application", ["shop"], { application: "shop" }],
  [{ edge: "entry", by: null }, ["page", "view"], { entry: { category: "page", name: "view" } }],
  [{ edge: "exit", by: null }, ["form", "submit"], { exit: { category: "form", name: "submit" } }],
  [{ edge: "entry", by }, ["/"], { entry: "/" }],
  [{ edge: "exit", by }, [null], { exit: null }],
])("groups a session by %j as %j, which an answer shows as %j", (dimension, texts, members) => {
  expect(groupTexts(session, dimension)).toEqual(texts);
  expect(groupMembers(texts, dimension)).toEqual(members);
});
