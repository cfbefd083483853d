/** The operations whose questions can be saved, by their kind. */
export const SAVED_KINDS = {
  funnels: { method: "POST", path: "/theeye/funnels" },
  paths: { method: "POST", path: "/theeye/paths" },
  retention: { method: "GET", path: "/theeye/retention" },
  stats: { method: "GET", path: "/theeye/stats" },
  session_stats: { method: "GET", path: "/theeye/sessions/stats" },
} as const;

export type SavedKind = keyof typeof SAVED_KINDS;

/** What an operation takes: the members of its body, or its parameters. */
export type SavedMembers = Readonly<Record<string, unknown>>;

/** Saved questions, and versions of one of them. */
export const MAX_SAVED_QUESTIONS = 500;
export const MAX_QUESTION_VERSIONS = 500;

/** Characters of a question as JSON. */
export const MAX_QUESTION_CHARACTERS = 20_000;

/** What may be given anew when a saved question is run. */
export const RUN_MEMBERS = ["start_date", "end_date", "timezone", "accuracy"] as const;

/** The request that asks a question: its path with a query, or its path and a body. */
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
