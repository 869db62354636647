package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBDriver;
import org.jspecify.annotations.Nullable;

/** An open DuckDB database. Thread-safe: every call gets a connection of its own. */
final class Database implements AutoCloseable {
  private static final byte[] MAGIC = "DUCK".getBytes(StandardCharsets.US_ASCII);
  private static final int MAGIC_OFFSET = 8;

  private final DuckDBConnection root;
  private final WorkFolder work;
  private final FileAccess files;

  private Database(DuckDBConnection root, WorkFolder work, FileAccess files) {
    this.root = root;
    this.work = work;
    this.files = files;
  }

  static Database inMemory(WarehouseOptions options) {
    if (options.readOnly()) {
      throw new IllegalArgumentException("readOnly (true) must be false: nothing is there to read");
    }
    return open("", "in-memory", options);
  }

  static Database open(Path file, WarehouseOptions options) {
    String path = Sql.path(file);
    if (path.indexOf(';') >= 0) {
      // The driver takes what follows for settings.
      throw new IllegalArgumentException("file (" + path + ") must not contain a semicolon");
    }
    requireDatabase(file, options);
    return open(path, path, options);
  }

  private static Database open(String path, String label, WarehouseOptions options) {
    WorkFolder work = new WorkFolder(options.temporaryFolder());
    try {
      Path file = path.isEmpty() ? null : Path.of(path);
      FileAccess files =
          options.hardened()
              ? FileAccess.within(options.folders(), List.of(work.files()), file)
              : FileAccess.everywhere(file);
      return new Database(connect(path, label, options, work, files), work, files);
    } catch (RuntimeException e) {
      closeQuietly(work, e);
      throw e;
    }
  }

  private static DuckDBConnection connect(
      String path, String label, WarehouseOptions options, WorkFolder work, FileAccess files) {
    Connection root = null;
    try {
      Properties properties = properties(path, options, work);
      if (files.limited()) {
        Hardening.configure(properties, files);
      }
      root = new DuckDBDriver().connect("jdbc:duckdb:" + path, properties);
      if (root == null) {
        throw new MlInfraException(ErrorCode.INTERNAL, "DuckDB's driver refused its own address");
      }
      try (Statement statement = root.createStatement()) {
        // No property; and without it results would depend on the machine's zone.
        statement.execute("SET GLOBAL TimeZone = 'UTC'");
        if (options.maxTemporaryBytes().isPresent()) {
          // As a property it is shown and not kept to.
          statement.execute(
              "SET GLOBAL max_temp_directory_size = '"
                  + options.maxTemporaryBytes().getAsLong()
                  + "B'");
        }
        if (files.limited()) {
          Hardening.lock(statement);
        }
      }
      return root.unwrap(DuckDBConnection.class);
    } catch (SQLException e) {
      closeQuietly(root, e);
      throw Errors.opening(label, e);
    }
  }

  private static Properties properties(String path, WarehouseOptions options, WorkFolder work) {
    Properties properties = new Properties();
    // Otherwise a statement may download native code.
    properties.setProperty("autoinstall_known_extensions", "false");
    properties.setProperty("autoload_known_extensions", "false");
    options.threads().ifPresent(n -> properties.setProperty("threads", Integer.toString(n)));
    options.memoryLimitBytes().ifPresent(n -> properties.setProperty("memory_limit", n + "B"));
    if (options.readOnly()) {
      properties.setProperty(DuckDBDriver.DUCKDB_READONLY_PROPERTY, "true");
    }
    if (path.isEmpty() || options.hardened() || options.temporaryFolder().isPresent()) {
      // Otherwise DuckDB spills beside its file.
      properties.setProperty("temp_directory", Sql.path(work.spill()));
    }
    return properties;
  }

  /** DuckDB opens a Parquet or CSV file, too, as a database with one view, and writes nothing. */
  private static void requireDatabase(Path file, WarehouseOptions options) {
    Path absolute = file.toAbsolutePath();
    if (!Files.exists(absolute)) {
      Path folder = absolute.getParent();
      if (options.readOnly() || folder == null || !Files.isDirectory(folder)) {
        throw new MlInfraException(
            ErrorCode.FILE_MISSING,
            options.readOnly()
                ? "there is no file '" + absolute + "'"
                : "there is no folder '" + folder + "' for '" + file.getFileName() + "'");
      }
      return;
    }
    if (!Files.isRegularFile(absolute)) {
      throw new MlInfraException(ErrorCode.FILE_UNREADABLE, "'" + absolute + "' is not a file");
    }
    try (InputStream in = Files.newInputStream(absolute)) {
      byte[] start = in.readNBytes(MAGIC_OFFSET + MAGIC.length);
      if (start.length < MAGIC_OFFSET
          || !Arrays.equals(start, MAGIC_OFFSET, start.length, MAGIC, 0, MAGIC.length)) {
        throw new MlInfraException(
            ErrorCode.FILE_UNREADABLE, "'" + absolute + "' is not a DuckDB database");
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, "'" + absolute + "' cannot be read: " + e.getMessage(), e);
    }
  }

  /** A connection of its own for one call or stream; the caller closes it. */
  DuckDBConnection connect() throws SQLException {
    return root.duplicate();
  }

  /** Which files may be used; every path that a caller names is passed by here first. */
  FileAccess files() {
    return files;
  }

  /**
   * Does nothing if a statement that a caller wrote may be run; every such text is passed by here.
   *
   * @throws MlInfraException {@link ErrorCode#ACCESS_REFUSED} if the warehouse is hardened against
   *     it
   */
  void requireAllowed(String sql) {
    if (files.limited()) {
      StatementRules.require(sql);
    }
  }

  /** For files that do not outlive the warehouse. */
  WorkFolder work() {
    return work;
  }

  @Override
  public void close() {
    try (work) {
      root.close();
    } catch (SQLException e) {
      throw Errors.of(e);
    }
  }

  private static void closeQuietly(@Nullable AutoCloseable opened, Exception cause) {
    if (opened != null) {
      try {
        opened.close();
      } catch (Exception e) {
        cause.addSuppressed(e);
      }
    }
  }
}
