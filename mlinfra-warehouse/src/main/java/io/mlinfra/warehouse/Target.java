package io.mlinfra.warehouse;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A file or folder to write a result to, and how. Immutable.
 *
 * <pre>{@code
 * warehouse.sql("SELECT * FROM flights")
 *     .export(Target.parquet(folder).partitionBy("year", "month").sortBy("date"));
 * }</pre>
 *
 * <p>See {@link Query#export} for what is promised while it is written.
 */
public final class Target {
  /** How a file is packed. */
  public enum Compression {
    NONE,
    SNAPPY,
    LZ4,
    GZIP,
    ZSTD
  }

  enum Format {
    PARQUET(
        "Parquet",
        Compression.NONE,
        Compression.SNAPPY,
        Compression.LZ4,
        Compression.GZIP,
        Compression.ZSTD),
    CSV("CSV", Compression.NONE, Compression.GZIP, Compression.ZSTD),
    JSON("JSON", Compression.NONE, Compression.GZIP, Compression.ZSTD),
    ARROW("Arrow", Compression.NONE, Compression.LZ4, Compression.ZSTD),
    ARROW_STREAM("Arrow stream", Compression.NONE, Compression.LZ4, Compression.ZSTD);

    private final String label;
    private final List<Compression> compressions;

    Format(String label, Compression... compressions) {
      this.label = label;
      this.compressions = List.of(compressions);
    }

    /** As people call it. */
    String label() {
      return label;
    }
  }

  /** One column to sort by. */
  record Order(String column, boolean descending) {
    String sql() {
      // DuckDB's default depends on a setting.
      return Sql.quoted(column) + (descending ? " DESC" : " ASC") + " NULLS LAST";
    }
  }

  private final Format format;
  private final Path path;
  private final List<String> partitions;
  private final List<Order> orders;
  private final Compression compression;
  private final int rowGroupRows;
  private final boolean overwrite;

  private Target(
      Format format,
      Path path,
      List<String> partitions,
      List<Order> orders,
      Compression compression,
      int rowGroupRows,
      boolean overwrite) {
    this.format = format;
    this.path = path;
    this.partitions = List.copyOf(partitions);
    this.orders = List.copyOf(orders);
    this.compression = compression;
    this.rowGroupRows = rowGroupRows;
    this.overwrite = overwrite;
  }

  private static Target of(Format format, Path path, Compression compression) {
    Sql.path(path);
    return new Target(format, path, List.of(), List.of(), compression, 0, false);
  }

  /**
   * A Parquet file, or a folder of them where it is {@link #partitionBy partitioned}; Zstandard.
   */
  public static Target parquet(Path path) {
    return of(Format.PARQUET, path, Compression.ZSTD);
  }

  /**
   * A CSV file with a header line, packed as its name's ending ({@code .gz}, {@code .zst}) says.
   */
  public static Target csv(Path file) {
    return of(Format.CSV, file, byName(file));
  }

  /**
   * A file with one JSON object per line, packed as its name's ending ({@code .gz}, {@code .zst})
   * says.
   */
  public static Target json(Path file) {
    return of(Format.JSON, file, byName(file));
  }

  /** An Arrow IPC file (also known as Feather, version 2). An ENUM is dictionary-encoded in it. */
  public static Target arrow(Path file) {
    return of(Format.ARROW, file, Compression.NONE);
  }

  /** A file with an Arrow IPC stream, which can be read while it comes in. */
  public static Target arrowStream(Path file) {
    return of(Format.ARROW_STREAM, file, Compression.NONE);
  }

  private static Compression byName(Path file) {
    String name = file.toString().toLowerCase(Locale.ROOT);
    if (name.endsWith(".gz")) {
      return Compression.GZIP;
    }
    return name.endsWith(".zst") ? Compression.ZSTD : Compression.NONE;
  }

  /**
   * A folder with one folder per value of these columns, {@code year=2001/month=2}, as Hive lays
   * them out, instead of one file; {@link #parquet} only. The columns stand in the names of the
   * folders and not in the files; a null is {@code __HIVE_DEFAULT_PARTITION__}, and characters that
   * no folder's name should have are percent-encoded. No rows make an empty folder.
   */
  public Target partitionBy(String... columns) {
    if (format != Format.PARQUET) {
      throw new IllegalArgumentException(
          "partitionBy (" + String.join(", ", columns) + ") needs Parquet, not " + format.label());
    }
    if (List.of(columns).contains("*")) {
      throw new IllegalArgumentException(
          "partitionBy (*) must name columns: DuckDB takes that for all of them, quoted or not");
    }
    return new Target(format, path, List.of(columns), orders, compression, rowGroupRows, overwrite);
  }

  /**
   * Sorts by these columns, ascending, nulls last, after those that were named before. A
   * partitioned target is sorted within each folder.
   */
  public Target sortBy(String... columns) {
    return order(false, columns);
  }

  /** As {@link #sortBy}, descending; nulls still last. */
  public Target sortByDescending(String... columns) {
    return order(true, columns);
  }

  private Target order(boolean descending, String... columns) {
    List<Order> all = new ArrayList<>(orders);
    for (String column : columns) {
      all.add(new Order(column, descending));
    }
    return new Target(format, path, partitions, all, compression, rowGroupRows, overwrite);
  }

  /**
   * Packs the file another way than by default. Arrow files need the artifact {@code
   * org.apache.arrow:arrow-compression} for that, on both sides.
   *
   * @throws IllegalArgumentException if files of this format are not packed so
   */
  public Target compression(Compression compression) {
    if (!format.compressions.contains(compression)) {
      throw new IllegalArgumentException(
          "compression ("
              + compression
              + ") must be one that "
              + format.label()
              + " has here: "
              + format.compressions);
    }
    return new Target(format, path, partitions, orders, compression, rowGroupRows, overwrite);
  }

  /** How many rows a row group has, 122,880 if not given; {@link #parquet} only. */
  public Target rowGroupRows(int rowGroupRows) {
    if (format != Format.PARQUET) {
      throw new IllegalArgumentException(
          "rowGroupRows (" + rowGroupRows + ") needs Parquet, not " + format.label());
    }
    if (rowGroupRows < 1) {
      throw new IllegalArgumentException("rowGroupRows (" + rowGroupRows + ") must be > 0");
    }
    return new Target(format, path, partitions, orders, compression, rowGroupRows, overwrite);
  }

  /**
   * Whether what is there is replaced; false, the default, makes it an error. A folder is replaced
   * only if nothing but Parquet files is in it, and a folder never by a file.
   */
  public Target overwrite(boolean overwrite) {
    return new Target(format, path, partitions, orders, compression, rowGroupRows, overwrite);
  }

  Format format() {
    return format;
  }

  Path path() {
    return path;
  }

  List<String> partitions() {
    return partitions;
  }

  List<Order> orders() {
    return orders;
  }

  Compression compression() {
    return compression;
  }

  OptionalInt rowGroupRows() {
    return rowGroupRows == 0 ? OptionalInt.empty() : OptionalInt.of(rowGroupRows);
  }

  boolean overwrite() {
    return overwrite;
  }

  boolean isArrow() {
    return format == Format.ARROW || format == Format.ARROW_STREAM;
  }

  boolean isFolder() {
    return !partitions.isEmpty();
  }

  /** {@code Target[Parquet 'flights', partitioned by year, sorted by date]}. */
  @Override
  public String toString() {
    String partitioned = isFolder() ? "partitioned by " + String.join(", ", partitions) : "";
    String sorted =
        orders.stream()
            .map(order -> order.column() + (order.descending() ? " descending" : ""))
            .collect(Collectors.joining(", "));
    return Stream.of(
            format.label() + " '" + path + "'",
            partitioned,
            sorted.isEmpty() ? "" : "sorted by " + sorted)
        .filter(part -> !part.isEmpty())
        .collect(Collectors.joining(", ", "Target[", "]"));
  }
}
