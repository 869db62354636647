package io.mlinfra.warehouse;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * A load that had an {@link Load#id}, as the warehouse remembers it.
 *
 * @param id of the load
 * @param loaded as {@link LoadResult#loaded}
 * @param inserted as {@link LoadResult#inserted}
 * @param updated as {@link LoadResult#updated}
 * @param rejected how many rows were refused
 * @param watermark the greatest value of the column of {@link Load#since} after the load, as text
 * @param at when its transaction began, by the machine's clock
 */
public record RecordedLoad(
    String id,
    long loaded,
    long inserted,
    long updated,
    long rejected,
    Optional<String> watermark,
    Instant at) {
  public RecordedLoad {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(watermark, "watermark");
    Objects.requireNonNull(at, "at");
  }
}
