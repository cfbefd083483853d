import { compareTexts } from "../../compare-texts";
import { TimeZone } from "../../time/time-zone";
import type { Estimated, Interval } from "../numbers/estimate";
import { RELATIVE_ERROR } from "../numbers/number-bins";
import { rounded, roundedInterval } from "../numbers/sampling";
import type { SessionsQuestion } from "../question";
import { groupMembers } from "./session-dimension";
import { addSums, emptySums, estimateSums, type SessionSums } from "./session-sums";
import type { SessionGroup, SessionsState } from "./sessions-tally";
import { estimateVisitors } from "./visitor-sample";

/** Makes the answer of `/theeye/sessions/stats` from a sample, or from all steps of a job. */

interface CountLine {
  total: number | null;
  interval_95?: Interval | null;
  values?: (number | null)[];
  values_interval_95?: (Interval | null)[];
}

interface DurationLine {
  mean: number | null;
  p50: number | null;
  p90: number | null;
  mean_interval_95?: Interval | null;
  p50_interval_95?: Interval | null;
  p90_interval_95?: Interval | null;
}

export interface SessionsLine {
  sessions: CountLine;
  visitors: CountLine;
  bounces: CountLine;
  duration_seconds: DurationLine & { values?: DurationLine[] };
  events: CountLine;
  events_per_session: number | null;
  events_per_session_interval_95?: Interval | null;
}

export interface SessionsAnswer {
  interval: string;
  timezone: string;
  buckets?: string[];
  results: SessionsLine[];
  other?: SessionsLine & { groups: number };
  total: SessionsLine;
  accuracy: {
    exact: boolean;
    sampled?: number;
    percentiles_relative_error: number;
    visitors_sampled?: number;
    groups_folded?: true;
  };
}

const UNKNOWN: Estimated = { value: null, interval: null };

/** Whether a session of a group and bucket counts. Null if that is not known of the visitors. */
type IsOwn = ((group: number) => boolean) | null;

/**
 * All numbers, whatever `metrics` the question has.
 *
 * @param share the share of the sessions that was read; 1 for all
 */
export function sessionsAnswer(question: SessionsQuestion, state: SessionsState, share: number): SessionsAnswer {
  const { groupBy, bounds, interval, timezone, top } = question;
  const zone = TimeZone.find(timezone) ?? TimeZone.UTC;
  const line = createLines(question, state, share);
  const groups = state.sessionGroups
    .map(([key, group], number) => ({ key, group, number }))
    .sort((a, b) => b.group.total.sessions - a.group.total.sessions || compareTexts(a.key, b.key));
  const rest = groups.slice(top);
  const others = new Set(rest.map(({ number }) => number));
  const isFolded = state.foldedGroups > 0;
  const isVisitorSample = share >= 1 && state.visitors.share < 1;
  const total = line(state.all, () => true);
  return {
    ...{ interval, timezone },
    ...(interval === "none" ? {} : { buckets: bounds.slice(0, -1).map((moment) => zone.formatMoment(moment)) }),
    results:
      groupBy === null
        ? [total]
        : groups.slice(0, top).map(({ key, group, number }) => ({
            ...groupMembers(JSON.parse(key), groupBy),
            ...line(group, (own) => own === number),
          })),
    ...(groupBy === null
      ? {}
      : {
          other: {
            groups: rest.length + state.foldedGroups,
            ...line(
              joined([...rest.map(({ group }) => group), state.folded]),
              isFolded ? null : (own) => others.has(own),
            ),
          },
        }),
    total,
    accuracy: {
      exact: share >= 1 && !isFolded && !isVisitorSample,
      ...(share < 1 ? { sampled: share } : {}),
      percentiles_relative_error: RELATIVE_ERROR,
      ...(isVisitorSample ? { visitors_sampled: state.visitors.share } : {}),
      ...(isFolded ? { groups_folded: true as const } : {}),
    },
  };
}

function joined(groups: readonly SessionGroup[]): SessionGroup {
  const total = emptySums(true);
  const byPlace = new Map<number, SessionSums>();
  for (const group of groups) {
    addSums(total, group.total);
    for (const [place, sums] of group.byPlace) {
      const known = byPlace.get(place) ?? emptySums(false);
      byPlace.set(place, known);
      addSums(known, sums);
    }
  }
  return { total, byPlace: [...byPlace] };
}

function createLines({ bounds, interval }: SessionsQuestion, { visitors }: SessionsState, share: number) {
  const places = interval === "none" ? [] : bounds.slice(1).map((_, place) => place);
  const isSampled = share < 1;
  const line = (all: Estimated, own: readonly Estimated[], hasInterval: boolean): CountLine => ({
    total: all.value,
    ...(hasInterval ? { interval_95: all.interval } : {}),
    ...(interval === "none" ? {} : { values: own.map(({ value }) => value) }),
    ...(interval === "none" || !hasInterval ? {} : { values_interval_95: own.map((one) => one.interval) }),
  });
  /** A visitor has sessions inside and outside of a sample, so a sample of sessions does not show how many there are. */
  const visitorsIn = (isOwn: IsOwn, place: number | null) =>
    isOwn === null || isSampled
      ? UNKNOWN
      : estimateVisitors(visitors, (group, bucket) => isOwn(group) && (place === null || bucket === place));
  return ({ total, byPlace }: SessionGroup, isOwn: IsOwn): SessionsLine => {
    const sumsByPlace = new Map(byPlace);
    const all = estimateSums(total, share);
    const each = places.map((place) => estimateSums(sumsByPlace.get(place) ?? emptySums(false), share));
    const visited = places.map((place) => visitorsIn(isOwn, place));
    const perSession = all.eventsPerSession;
    return {
      sessions: line(
        all.sessions,
        each.map(({ sessions }) => sessions),
        isSampled,
      ),
      visitors: line(visitorsIn(isOwn, null), visited, !isSampled && visitors.share < 1),
      bounces: line(
        all.bounces,
        each.map(({ bounces }) => bounces),
        isSampled,
      ),
      duration_seconds: {
        ...durations(all, isSampled),
        ...(interval === "none" ? {} : { values: each.map((own) => durations(own, isSampled)) }),
      },
      events: line(
        all.events,
        each.map(({ events }) => events),
        isSampled,
      ),
      events_per_session: perSession.value,
      ...(isSampled ? { events_per_session_interval_95: shown(perSession.interval) } : {}),
    };
  };
}

function durations({ mean, p50, p90 }: ReturnType<typeof estimateSums>, isSampled: boolean): DurationLine {
  const value = (one: Estimated) => (one.value === null ? null : rounded(one.value));
  return {
    ...{ mean: value(mean), p50: value(p50), p90: value(p90) },
    ...(isSampled
      ? {
          mean_interval_95: shown(mean.interval),
          p50_interval_95: shown(p50.interval),
          p90_interval_95: shown(p90.interval),
        }
      : {}),
  };
}

function shown(interval: Interval | null): Interval | null {
  return interval === null ? null : roundedInterval(interval);
}
