/**
 * SQL for zeros of the type and length of a column's value; NULL stays NULL.
 *
 * A DELETE leaves the deleted bytes readable in SQLite's file until the space is used again (`secure_delete` is off
 * in D1). A value that is first replaced by one of the same length is overwritten in place.
 */
export function fillerSql(column: string): string {
  const zeros = `zeroblob(octet_length(${column}))`;
  return `iif(typeof(${column}) = 'blob', ${zeros}, substr(hex(${zeros}), 1, octet_length(${column})))`;
}
