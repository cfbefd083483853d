/** What an answer of `/theeye/sessions/stats` may consist of. */
export const SESSION_METRICS = [
  "sessions",
  "visitors",
  "bounces",
  "events",
  "duration_mean",
  "duration_percentiles",
] as const;

export type SessionMetric = (typeof SESSION_METRICS)[number];

export const SESSION_METRICS_RULE = `expected some of ${SESSION_METRICS.join(", ")}, each once, separated by commas`;

export function parseSessionMetrics(text: string): SessionMetric[] | null {
  const parts = text.split(",");
  const metrics = SESSION_METRICS.filter((metric) => parts.includes(metric));
  return metrics.length === parts.length ? metrics : null;
}

/** Returns whether counts of closed windows can give these metrics exactly. */
export function canBeCounted(metrics: readonly SessionMetric[] | null): boolean {
  return metrics !== null && !metrics.includes("visitors") && !metrics.includes("duration_percentiles");
}

/** The members of an answer that belong to a metric, by how they begin. */
const MEMBERS: Record<string, SessionMetric> = {
  ...{ sessions: "sessions", visitors: "visitors", bounces: "bounces" },
  ...{ events: "events", events_per_session: "events", events_per_session_interval_95: "events" },
};

const DURATION_MEMBERS: Record<string, SessionMetric> = {
  ...{ mean: "duration_mean", mean_interval_95: "duration_mean" },
  ...{ p50: "duration_percentiles", p50_interval_95: "duration_percentiles" },
  ...{ p90: "duration_percentiles", p90_interval_95: "duration_percentiles" },
};

interface Durations {
  values?: object[];
}

interface Line {
  duration_seconds: Durations;
}

/** The members that hold lines of an answer. */
interface Lines {
  results: Line[];
  other?: Line;
  total: Line;
}

/**
 * An answer whose lines have the members of some metrics.
 *
 * @param metrics null: all
 */
export function answerWith<Answer extends Lines>(metrics: readonly SessionMetric[] | null, answer: Answer) {
  const { results, other, total } = answer;
  const line = <Own extends Line>(own: Own) => (metrics === null ? own : lineWith(metrics, own));
  return {
    ...answer,
    results: results.map(line),
    ...(other === undefined ? {} : { other: line(other) }),
    total: line(total),
  };
}

function lineWith<Own extends Line>(metrics: readonly SessionMetric[], line: Own): Own {
  const shown = withMembers(MEMBERS, metrics, line);
  if (!metrics.some((metric) => metric.startsWith("duration_"))) {
    Reflect.deleteProperty(shown, "duration_seconds");
    return shown;
  }
  const durations = withMembers(DURATION_MEMBERS, metrics, line.duration_seconds);
  const { values } = durations;
  shown.duration_seconds =
    values === undefined
      ? durations
      : { ...durations, values: values.map((own) => withMembers(DURATION_MEMBERS, metrics, own)) };
  return shown;
}

function withMembers<Own extends object>(
  members: Readonly<Record<string, SessionMetric>>,
  metrics: readonly SessionMetric[],
  whole: Own,
): Own {
  const shown = { ...whole };
  for (const [member, metric] of Object.entries(members)) {
    if (!metrics.includes(metric)) Reflect.deleteProperty(shown, member);
  }
  return shown;
}
