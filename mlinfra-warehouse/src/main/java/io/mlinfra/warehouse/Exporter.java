package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.StringJoiner;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.duckdb.DuckDBConnection;

/** Writes what one query gives. */
final class Exporter {
  /** How statements with the query's own parameters and settings are run. */
  interface Calls {
    /** Prepares a statement that contains the query; the caller closes it. */
    Call prepare(String sql) throws SQLException;

    /** Starts a query that contains the query; the caller closes it. */
    ArrowReader stream(String sql) throws SQLException;

    /** Has what ends the query end what runs on this connection, too. */
    void attach(DuckDBConnection connection);
  }

  private final Database database;
  private final Calls calls;
  private final String query;
  private final Target target;

  Exporter(Database database, Calls calls, String sql, Target target) {
    this.database = database;
    this.calls = calls;
    this.query = Statements.single(sql);
    this.target = target;
  }

  Exported export() throws SQLException {
    long started = System.nanoTime();
    database.files().requireWritable(target.path());
    try (Publication publication = Publication.of(target)) {
      requireColumns();
      long rows = write(publication);
      List<Path> written = files(publication.partial());
      long bytes = 0;
      for (Path file : written) {
        bytes += size(file);
      }
      publication.publish();
      List<Path> files =
          written.stream()
              .map(file -> publication.partial().relativize(file).toString())
              .map(name -> name.isEmpty() ? publication.path() : publication.path().resolve(name))
              .sorted()
              .toList();
      return new Exported(
          publication.path(), files, rows, bytes, Duration.ofNanos(System.nanoTime() - started));
    }
  }

  /** An error of writing names the target, not the file that it was going to be. */
  private static MlInfraException writing(Publication publication, SQLException error)
      throws SQLException {
    String message = Errors.message(error);
    String partial = publication.partial().toString();
    if (!message.startsWith("IO Error") || !message.contains(partial)) {
      throw error;
    }
    return new MlInfraException(
        ErrorCode.IO_FAILED,
        "'%s' cannot be written: %s"
            .formatted(publication.path(), message.replace(partial, publication.path().toString())),
        error);
  }

  private long write(Publication publication) throws SQLException {
    try {
      return write(publication.partial());
    } catch (SQLException e) {
      throw writing(publication, e);
    }
  }

  private long write(Path to) throws SQLException {
    return switch (target.format()) {
      case ARROW, ARROW_STREAM -> {
        try (ArrowReader rows = calls.stream(sorted())) {
          yield ArrowFiles.write(rows, to, target);
        } catch (IOException e) {
          throw new MlInfraException(ErrorCode.INTERNAL, "closing a stream failed: " + e, e);
        }
      }
      case PARQUET, CSV, JSON -> {
        if (!target.isFolder()) {
          yield copy(sorted(), to, options(true));
        }
        yield target.orders().isEmpty() ? copyPartitioned(to) : copySorted(to);
      }
    };
  }

  private long copy(String rows, Path to, String options) throws SQLException {
    try (Call call = calls.prepare(copying(rows, to, options))) {
      return call.run();
    }
  }

  private static String copying(String rows, Path to, String options) {
    // A comment that ends the query must not take the bracket with it.
    return "COPY (" + rows + "\n) TO " + Sql.literal(Sql.path(to)) + " (" + options + ")";
  }

  private long copyPartitioned(Path to) throws SQLException {
    make(to);
    return copy(query, to, options(false) + ", PARTITION_BY (" + partitions() + ")");
  }

  /**
   * DuckDB writes the folders from many threads and keeps no order in them. So it does that on the
   * side, and then each folder is sorted into one file.
   */
  private long copySorted(Path to) throws SQLException {
    Path unsorted = database.work().newPath("unsorted");
    make(unsorted);
    make(to);
    try (DuckDBConnection connection = database.connect();
        Statement statement = connection.createStatement()) {
      long rows =
          copy(
              query,
              unsorted,
              "FORMAT parquet, COMPRESSION snappy, PARTITION_BY (" + partitions() + ")");
      Set<Path> folders = new HashSet<>();
      for (Path file : files(unsorted)) {
        folders.add(file.getParent());
      }
      calls.attach(connection);
      for (Path folder : folders.stream().sorted().toList()) {
        Path place = to.resolve(unsorted.relativize(folder).toString());
        make(place);
        String from =
            "SELECT * FROM read_parquet(%s, hive_partitioning = false)%s"
                .formatted(Sql.literal(Sql.pattern(folder) + "/*.parquet"), order());
        statement.execute(copying(from, place.resolve("data_0.parquet"), options(true)));
      }
      return rows;
    } finally {
      WorkFolder.delete(unsorted);
    }
  }

  private String options(boolean ordered) {
    String compression = target.compression().name().toLowerCase(Locale.ROOT);
    return switch (target.format()) {
      case CSV -> "FORMAT csv, HEADER true, COMPRESSION " + compression;
      case JSON -> "FORMAT json, COMPRESSION " + compression;
      case PARQUET, ARROW, ARROW_STREAM -> {
        StringJoiner options = new StringJoiner(", ");
        options.add("FORMAT parquet");
        // To DuckDB, NONE means the default.
        options.add("COMPRESSION " + (compression.equals("none") ? "uncompressed" : compression));
        target.rowGroupRows().ifPresent(rows -> options.add("ROW_GROUP_SIZE " + rows));
        if (ordered) {
          options.add("PRESERVE_ORDER true");
        }
        yield options.toString();
      }
    };
  }

  private String partitions() {
    return target.partitions().stream().map(Sql::quoted).collect(Collectors.joining(", "));
  }

  /** The query, sorted. */
  private String sorted() {
    return target.orders().isEmpty() ? query : "SELECT * FROM (" + query + "\n)" + order();
  }

  private String order() {
    // Within a folder its own columns are all the same.
    String columns =
        target.orders().stream()
            .filter(
                order ->
                    target.partitions().stream().noneMatch(name -> Sql.same(name, order.column())))
            .map(Target.Order::sql)
            .collect(Collectors.joining(", "));
    return columns.isEmpty() ? "" : " ORDER BY " + columns;
  }

  private void requireColumns() throws SQLException {
    if (target.orders().isEmpty() && target.partitions().isEmpty()) {
      return;
    }
    List<String> columns = columns();
    for (String column : target.partitions()) {
      require(columns, column, "partition");
    }
    for (Target.Order order : target.orders()) {
      require(columns, order.column(), "sort");
    }
    long distinct = target.partitions().stream().map(Sql::folded).distinct().count();
    if (distinct < target.partitions().size()) {
      throw new IllegalArgumentException(
          "partitionBy (" + String.join(", ", target.partitions()) + ") must not name one twice");
    }
    if (distinct == columns.size()) {
      throw new IllegalArgumentException(
          "partitionBy ("
              + String.join(", ", target.partitions())
              + ") must leave a column to be written");
    }
  }

  private static void require(List<String> columns, String column, String what) {
    if (columns.stream().noneMatch(name -> Sql.same(name, column))) {
      throw new MlInfraException(
          ErrorCode.NAME_UNKNOWN,
          "there is no column '" + column + "' to " + what + " by; " + Catalog.listed(columns));
    }
  }

  /** A prepared statement with parameters does not know its columns yet. */
  private List<String> columns() throws SQLException {
    try (Call call = calls.prepare("SELECT * FROM (" + query + "\n) LIMIT 0");
        ResultSet rows = call.rows()) {
      ResultSetMetaData meta = rows.getMetaData();
      List<String> columns = new ArrayList<>();
      for (int i = 1; i <= meta.getColumnCount(); i++) {
        columns.add(meta.getColumnName(i));
      }
      return columns;
    }
  }

  private static void make(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  private static List<Path> files(Path path) {
    try (Stream<Path> all = Files.walk(path)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw failed(path, e);
    }
  }

  private static long size(Path file) {
    try {
      return Files.size(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  private static MlInfraException failed(Path path, IOException error) {
    return new MlInfraException(
        ErrorCode.IO_FAILED, "'" + path + "' cannot be written: " + error, error);
  }
}
