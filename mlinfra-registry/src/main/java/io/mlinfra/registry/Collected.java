package io.mlinfra.registry;

/**
 * What a collection of garbage removed.
 *
 * @param contents how many contents that no record referred to
 * @param contentBytes their size on the disk, in bytes
 * @param temporaryFiles how many files that writers who died, or were very slow, left behind
 * @param temporaryBytes their size, in bytes
 */
public record Collected(
    long contents, long contentBytes, long temporaryFiles, long temporaryBytes) {
  /** {@code 3 contents (1200 bytes) and 1 temporary files (17 bytes)}. */
  @Override
  public String toString() {
    return contents
        + " contents ("
        + contentBytes
        + " bytes) and "
        + temporaryFiles
        + " temporary files ("
        + temporaryBytes
        + " bytes)";
  }
}
