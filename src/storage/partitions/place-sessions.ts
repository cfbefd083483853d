import { databaseOf, type Partition } from "./partition";

/** Partitions that hold each session in the same database, and the sessions by the index of their database. */
export interface PlacedSessions<Session> {
  partitions: Partition[];
  byDatabase: Map<number, Session[]>;
}

/**
 * Finds the databases of sessions in some partitions. Partitions that are shared by the same databases place sessions alike,
 * so one group has all of them.
 *
 * @param idOf the id of a session as it was sent
 */
export function placeSessions<Session>(
  partitions: readonly Partition[],
  sessions: readonly Session[],
  idOf: (session: Session) => string,
): PlacedSessions<Session>[] {
  const alike = Map.groupBy(partitions, ({ databases }) => JSON.stringify(databases));
  return [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [{ partitions: group, byDatabase: Map.groupBy(sessions, (session) => databaseOf(first, idOf(session))) }];
  });
}
