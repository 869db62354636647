package io.mlinfra.warehouse;

import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The settings of DuckDB that a hardened warehouse rests on. */
final class Hardening {
  /** What the library itself sets on its connections; no stranger gets to say SET. */
  private static final List<String> OURS =
      List.of(
          "enable_progress_bar",
          "enable_progress_bar_print",
          "progress_bar_time",
          "preserve_insertion_order",
          "jdbc_stream_results");

  private Hardening() {}

  /** What must be set before the database opens. */
  static void configure(Properties properties, FileAccess files) {
    properties.setProperty("enable_external_access", "false");
    properties.setProperty("allow_persistent_secrets", "false");
    properties.setProperty("allow_community_extensions", "false");
    // DuckDB compares text, once it has followed links: the separator keeps '/a' from '/a-b'. A
    // pattern it compares as it stands, so that signs such as '[' in a name count twice.
    properties.setProperty(
        "allowed_directories",
        files.realFolders().stream()
            .flatMap(folder -> Stream.of(Sql.path(folder), Sql.pattern(folder)).distinct())
            .map(path -> path.endsWith("/") ? path : path + "/")
            .map(Hardening::element)
            .collect(Collectors.joining(", ", "[", "]")));
  }

  /** What must come last: nothing can be set after it. */
  static void lock(Statement statement) throws SQLException {
    statement.execute(
        "SET GLOBAL allowed_configs = "
            + OURS.stream().map(Sql::literal).collect(Collectors.joining(", ", "[", "]")));
    statement.execute("SET GLOBAL lock_configuration = true");
  }

  /** A property is no SQL: in the text of a list a quote is escaped, and doubling drops it. */
  private static String element(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
