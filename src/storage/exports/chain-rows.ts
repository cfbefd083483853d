import { type SQL, sql } from "drizzle-orm";
import type { Micros } from "../../model/time/time";
import { packedSql } from "../core/packed-id";
import { readRows } from "../core/reader";
import { unionAll } from "../core/union-all";
import { type ScannedEvent, STORED } from "../events/scan-statements";
import { type EventRange, integer } from "../scan/event-order";
import type { Chain } from "../scan/lane-chains";
import { timeTerm } from "../scan/scan-terms";

type Row = [
  /** The place of its lane in the chain. */
  lane: number,
  occurredAt: Micros,
  receivedAfter: number,
  session: string,
  tie: number,
  seriesId: number,
  id: string,
  visitor: string | null,
  type: string | null,
  /** The bytes of its contents if they are too long to be read with it; otherwise null. */
  long: number | null,
  data: string | null,
  context: string | null,
  extra: string | null,
];

/** Bytes, not characters: SQLite knows them without reading the text. */
const SIZE = "octet_length(e.data) + coalesce(octet_length(e.context), 0) + coalesce(octet_length(e.extra), 0)";

/** The columns of `Row` after the first. */
function columns(most: number): SQL {
  const short = (column: string) => `iif(${SIZE} <= ${most}, e.${column}, NULL)`;
  return sql.raw(
    [
      ...["e.occurred_at", "e.received_after", packedSql("e.session_id"), "e.tie", "e.series_id", packedSql("e.id")],
      ...[packedSql("e.visitor_id"), "e.type", `nullif(${SIZE}, min(${SIZE}, ${most}))`],
      ...[short("data"), short("context"), short("extra")],
    ].join(", "),
  );
}

/**
 * The next events of a chain, oldest first. An export reads nothing else of its events, so each row is sent as few plain
 * columns: that and the conversion take half as long as with the rows of `scanEvents`.
 *
 * @param rows the most events
 * @param most the most bytes of contents that are read with an event
 * @throws DrizzleQueryError
 */
export async function readChain(
  { database, lanes }: Chain,
  range: EventRange,
  rows: number,
  most: number,
): Promise<ScannedEvent[]> {
  const limit = integer(rows);
  const terms = lanes.map((lane, place) => {
    const { from, sort } = timeTerm(lane, range);
    return sql`SELECT ${integer(place)}, ${columns(most)}
      FROM (SELECT ${STORED} ${from} ORDER BY ${sort} LIMIT ${limit}) AS e`;
  });
  const found = await readRows<Row>(database, sql`${unionAll(terms)} LIMIT ${limit}`);
  return found.map((row): ScannedEvent => {
    const [place, occurredAt, receivedAfter, session, tie, seriesId, id, visitor, type, long, data, context, extra] =
      row;
    const lane = lanes[place];
    if (lane === undefined) throw new Error(`the chain has no lane ${place}`);
    return {
      key: { occurredAt, receivedAfter, session, tie },
      database,
      suffix: lane.suffix,
      slotMicros: lane.partition.slotMicros,
      seriesId,
      id,
      size: long ?? (data?.length ?? 0) + (context?.length ?? 0) + (extra?.length ?? 0),
      data,
      context,
      extra,
      visitor,
      type,
    };
  });
}
