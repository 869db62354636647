package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import org.apache.arrow.c.ArrowArrayStream;
import org.apache.arrow.c.Data;
import org.apache.arrow.memory.BufferAllocator;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;

/**
 * Replaces one table by what a source holds, in one transaction.
 *
 * <p>The whole table is one {@code CREATE OR REPLACE TABLE … AS}, which costs a fraction of what
 * adding row by row does; {@code LoadBenchmark} measures how much.
 */
final class Loader {
  private final Database database;
  private final BufferAllocator imports;
  private final String table;
  private final Progress progress;

  Loader(Database database, BufferAllocator imports, String table, Progress progress) {
    this.database = database;
    this.imports = imports;
    this.table = table;
    this.progress = progress;
  }

  /** Loads; gives the table's number of rows. */
  long load(Source source) {
    return source instanceof FileSource file ? load(file) : load((ArrowSource) source);
  }

  private long load(FileSource source) {
    source.requireReadable();
    try {
      try {
        return load(source, false);
      } catch (SQLException e) {
        if (source.format() != FileSource.Format.CSV
            || !Errors.message(e).startsWith("Conversion Error")) {
          throw e;
        }
        // The types were guessed from the first rows, and a later one did not fit.
        return load(source, true);
      }
    } catch (SQLException e) {
      throw Errors.reading(source, e);
    }
  }

  private long load(FileSource source, boolean allRows) throws SQLException {
    boolean watched = progress != Progress.NONE;
    try (DuckDBConnection connection = database.connect()) {
      if (watched) {
        ProgressPoll.enable(connection);
      }
      long total = watched ? units(connection, source) : 0;
      connection.setAutoCommit(false);
      try (DuckDBPreparedStatement create = create(connection, source.scan(allRows))) {
        create.setString(1, source.pattern());
        if (watched) {
          try (Progress.Task task = progress.start("loading " + table, total, unit(source));
              ProgressPoll poll = ProgressPoll.start(create, task, total)) {
            create.execute();
            poll.finish();
          }
        } else {
          create.execute();
        }
        return commit(connection);
      }
    }
  }

  private static String unit(FileSource source) {
    return source.format() == FileSource.Format.PARQUET ? "rows" : "bytes";
  }

  /** How many rows a Parquet file says it has; how many bytes another file has. */
  private static long units(DuckDBConnection connection, FileSource source) throws SQLException {
    if (source.format() != FileSource.Format.PARQUET) {
      try {
        return Files.size(source.file());
      } catch (IOException e) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, "'" + source.file() + "': " + e.getMessage(), e);
      }
    }
    try (PreparedStatement count =
        connection.prepareStatement("SELECT sum(num_rows) FROM parquet_file_metadata(?)")) {
      count.setString(1, source.pattern());
      try (ResultSet rows = count.executeQuery()) {
        return rows.next() ? rows.getLong(1) : 0;
      }
    }
  }

  private long load(ArrowSource source) {
    String view = "mlinfra source " + UUID.randomUUID();
    try (Progress.Task task = progress.start("loading " + table, -1, "rows");
        ArrowArrayStream stream = ArrowArrayStream.allocateNew(imports)) {
      BorrowedReader reader = new BorrowedReader(imports, source.reader(), task);
      Data.exportArrayStream(imports, reader, stream);
      try (DuckDBConnection connection = database.connect()) {
        // A temporary view that ends with the connection.
        connection.registerArrowStream(view, stream);
        connection.setAutoCommit(false);
        try (DuckDBPreparedStatement create = create(connection, Sql.quoted(view))) {
          create.execute();
        }
        return commit(connection);
      } catch (SQLException e) {
        throw failed(reader, e);
      } finally {
        // Where DuckDB did not come to read it.
        if (stream.snapshot().release != 0) {
          stream.release();
        }
      }
    }
  }

  private MlInfraException failed(BorrowedReader reader, SQLException error) {
    Throwable failure = reader.failure();
    if (failure == null) {
      return Errors.of(error);
    }
    error.addSuppressed(failure);
    return new MlInfraException(
        failure instanceof MlInfraException known ? known.code() : ErrorCode.IO_FAILED,
        "table '" + table + "' was not loaded, reading its source failed: " + failure.getMessage(),
        failure);
  }

  private DuckDBPreparedStatement create(DuckDBConnection connection, String from)
      throws SQLException {
    return connection.prepare(
        "CREATE OR REPLACE TABLE " + Sql.table(table) + " AS SELECT * FROM " + from);
  }

  private long commit(DuckDBConnection connection) throws SQLException {
    long rows = 0;
    try (Statement statement = connection.createStatement();
        ResultSet count = statement.executeQuery("SELECT count(*) FROM " + Sql.table(table))) {
      if (count.next()) {
        rows = count.getLong(1);
      }
    }
    connection.commit();
    return rows;
  }
}
