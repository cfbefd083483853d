/** The operations whose queries can be saved, by kind. */
export const SAVED_KINDS = {
  funnels: { method: "POST", path: "/theeye/funnels" },
  paths: { method: "POST", path: "/theeye/paths" },
  retention: { method: "GET", path: "/theeye/retention" },
  stats: { method: "GET", path: "/theeye/stats" },
  session_stats: { method: "GET", path: "/theeye/sessions/stats" },
} as const;

export type SavedKind = keyof typeof SAVED_KINDS;

/** The input of an operation: the members of its body, or its parameters. */
export type SavedMembers = Readonly<Record<string, unknown>>;

/** The most saved queries, and the most versions of one of them. */
export const MAX_SAVED_QUESTIONS = 500;
export const MAX_QUESTION_VERSIONS = 500;

/** Characters of a saved query as JSON. */
export const MAX_QUESTION_CHARACTERS = 20_000;

/** The members that may be overridden when a saved query runs. */
export const RUN_MEMBERS = ["start_date", "end_date", "timezone", "accuracy"] as const;

/** The request that runs a saved query: a path with a query string, or a path and a body. */
export function requestOf(
  kind: SavedKind,
  members: SavedMembers,
): { method: string; path: string; body: string | null } {
  const { method, path } = SAVED_KINDS[kind];
  if (method === "POST") return { method, path, body: JSON.stringify(members) };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(members)) {
    for (const one of [value].flat()) query.append(name, String(one));
  }
  return { method, path: `${path}?${query}`, body: null };
}
