/** A replay that cannot continue, with a message for the user. */
export class ReplayStopped extends Error {
  override name = "ReplayStopped";
}

/** A file that cannot be read, or not to its end. Other files are not affected. */
export class UnreadableFile extends Error {
  override name = "UnreadableFile";
}
