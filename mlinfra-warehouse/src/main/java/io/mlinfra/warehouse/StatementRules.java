package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Which statements a hardened warehouse runs. DuckDB's settings keep files and configuration from a
 * stranger; they leave him databases of his own, files written into the allowed folders and over
 * each other, secrets, and functions that stop every later statement (measured on 1.5.6: {@code
 * enable_logging} to a file that may not be written, after which no connection works; {@code
 * enable_profiling}, which ends in an internal error), or end the process: a JSON text of 200,000
 * nested lists does in {@code json_structure} and in a cast to VARIANT.
 *
 * <p>Statements are told by their first word, functions by their names. A function that runs SQL
 * given as a text would get round that, so that none is allowed.
 */
final class StatementRules {
  private static final Set<String> STATEMENTS =
      Set.of(
          "select",
          "from",
          "with",
          "values",
          "table",
          "pivot",
          "unpivot",
          "describe",
          "desc",
          "show",
          "summarize",
          "explain",
          "insert",
          "update",
          "delete",
          "merge",
          "truncate",
          "create",
          "drop",
          "alter",
          "comment",
          "analyze",
          "begin",
          "start",
          "commit",
          "rollback");

  /** What of these is created, dropped or altered. Others are SECRET and DATABASE. */
  private static final Set<String> OBJECTS =
      Set.of("table", "view", "index", "schema", "sequence", "type", "macro", "function");

  private static final Set<String> BEFORE_OBJECT =
      Set.of(
          "or",
          "replace",
          "temp",
          "temporary",
          "persistent",
          "local",
          "unique",
          "recursive",
          "materialized");

  private static final Set<String> FUNCTIONS =
      Set.of(
          "query",
          "json_execute_serialized_sql",
          "json_structure",
          "json_contains",
          "json_merge_patch",
          "enable_logging",
          "disable_logging",
          "truncate_duckdb_logs",
          "write_log",
          "enable_profiling",
          "disable_profiling",
          "enable_profile",
          "disable_profile",
          "checkpoint",
          "force_checkpoint",
          "copy_database",
          "import_database",
          "read_duckdb",
          "arrow_scan",
          "arrow_scan_dumb",
          "create_external_resource",
          "destroy_external_resource",
          "register_external_resource",
          "register_external_resource_type",
          "deregister_external_resource");

  private final List<String> tokens;

  private StatementRules(List<String> tokens) {
    this.tokens = tokens;
  }

  /**
   * Does nothing if a hardened warehouse runs the statement; that it is only one is checked where
   * it is run.
   *
   * @throws MlInfraException {@link ErrorCode#ACCESS_REFUSED} if it does not
   */
  static void require(String sql) {
    StatementRules rules = new StatementRules(Statements.tokens(sql));
    if (rules.tokens.isEmpty()) {
      return;
    }
    rules.requireStatement(rules.unwrapped(0));
    rules.requireCommonTables();
    rules.requireFunctions();
  }

  private void requireStatement(int first) {
    String word = word(first);
    if (!STATEMENTS.contains(word)) {
      throw refused(word.toUpperCase(Locale.ROOT));
    }
    if (word.equals("explain")) {
      requireExplained(first + 1);
    } else if (word.equals("create") || word.equals("drop") || word.equals("alter")) {
      int object = first + 1;
      while (BEFORE_OBJECT.contains(word(object))) {
        object++;
      }
      if (!OBJECTS.contains(word(object))) {
        throw refused((word + " " + word(object)).toUpperCase(Locale.ROOT));
      }
    }
  }

  /** EXPLAIN ANALYZE runs what it explains. */
  private void requireExplained(int at) {
    int next = at;
    if (word(next).equals("analyze")) {
      next++;
    }
    if (word(next).equals("(")) {
      int depth = 0;
      int end = next;
      do {
        depth += word(end).equals("(") ? 1 : word(end).equals(")") ? -1 : 0;
        end++;
      } while (depth > 0 && end < tokens.size());
      if (end >= tokens.size()) {
        // The query itself is in brackets.
        requireStatement(unwrapped(next));
        return;
      }
      next = end;
    }
    requireStatement(unwrapped(next));
  }

  /** DuckDB 2.0 runs {@code WITH t AS (COPY …) SELECT 1}; other places take queries only. */
  private void requireCommonTables() {
    for (int i = 0; i + 1 < tokens.size(); i++) {
      boolean begins = word(i).equals("as") || word(i).equals("materialized");
      if (begins && word(i + 1).equals("(")) {
        String first = word(unwrapped(i + 1));
        if (Set.of("copy", "export", "import", "attach", "call", "execute", "pragma", "set")
            .contains(first)) {
          throw refused(first.toUpperCase(Locale.ROOT));
        }
      }
    }
  }

  private void requireFunctions() {
    for (int i = 0; i < tokens.size(); i++) {
      String name = word(i);
      if (word(i + 1).equals("(") && FUNCTIONS.contains(name)) {
        throw refused(name + "(…)");
      }
      // As a type it may stand anywhere, and a column of it casts what is put in.
      if (name.equals("variant")) {
        throw refused("what names VARIANT");
      }
    }
  }

  private int unwrapped(int at) {
    int next = at;
    while (word(next).equals("(")) {
      next++;
    }
    return next;
  }

  private String word(int index) {
    return index < tokens.size() ? tokens.get(index) : "";
  }

  private static MlInfraException refused(String what) {
    return new MlInfraException(
        ErrorCode.ACCESS_REFUSED,
        "a hardened warehouse does not run "
            + what
            + "; it queries and changes its own tables, and reads files in the allowed folders");
  }
}
