/** A replay that cannot go on, with a message for the person who started it. */
export class ReplayStopped extends Error {
  override name = "ReplayStopped";
}

/** A file that cannot be read, or not to its end. Other files can. */
export class UnreadableFile extends Error {
  override name = "UnreadableFile";
}
