package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import org.duckdb.DuckDBConnection;
import org.duckdb.DuckDBPreparedStatement;
import org.jspecify.annotations.Nullable;

/** The rows beyond the greatest value that a table has in a column. Of one load's connection. */
final class Since {
  /** What the statement says that meets a row without a value; no other one says it. */
  private static final String MARK = "mlinfra: no value to go on from";

  /** A variable of the connection: as a constant of its own type it is exact, and prunes files. */
  private static final String GREATEST = "getvariable('mlinfra_watermark')";

  private static final Set<String> WHOLES =
      Set.of("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER");

  private static final Set<String> BIG_WHOLES = Set.of("UBIGINT", "HUGEINT", "UHUGEINT");

  /** Those that have values which are no numbers or moments. */
  private static final Set<String> WITH_INFINITY =
      Set.of(
          "FLOAT",
          "DOUBLE",
          "DATE",
          "TIMESTAMP",
          "TIMESTAMP_S",
          "TIMESTAMP_MS",
          "TIMESTAMP_NS",
          "TIMESTAMP WITH TIME ZONE");

  private final DuckDBConnection connection;
  private final String column;
  private final boolean inclusive;

  /** Of the table's column; null where there is no table. */
  private final @Nullable String type;

  private final @Nullable Object greatest;

  private Since(
      DuckDBConnection connection,
      String column,
      boolean inclusive,
      @Nullable String type,
      @Nullable Object greatest) {
    this.connection = connection;
    this.column = column;
    this.inclusive = inclusive;
    this.type = type;
    this.greatest = greatest;
  }

  /** For a table that is not there yet: all rows. */
  static Since start(DuckDBConnection connection, String column) {
    return new Since(connection, column, false, null, null);
  }

  /**
   * Looks up how far a table has come.
   *
   * @param table its stored name
   * @param columns of the table
   * @param inclusive whether rows with an equal value are wanted, too
   */
  static Since of(
      DuckDBConnection connection, String table, Columns columns, String column, boolean inclusive)
      throws SQLException {
    Columns.Column found = columns.require("watermark", column, "table '" + table + "'");
    requireOrdered(found);
    String name = Sql.quoted(found.name());
    String finite = WITH_INFINITY.contains(found.type()) ? " FILTER (isfinite(" + name + "))" : "";
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SET VARIABLE mlinfra_watermark = (SELECT max(%s)%s FROM %s)"
              .formatted(name, finite, Sql.quoted(table)));
      try (ResultSet row = statement.executeQuery("SELECT " + GREATEST)) {
        row.next();
        return new Since(connection, column, inclusive, found.type(), value(row, found.type()));
      }
    }
  }

  private static void requireOrdered(Columns.Column column) {
    String type = column.type();
    if (!WHOLES.contains(type)
        && !BIG_WHOLES.contains(type)
        && !WITH_INFINITY.contains(type)
        && !type.startsWith("DECIMAL(")
        && !type.equals("VARCHAR")) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "the watermark '%s' is %s; it must be a number, date, time stamp or text"
              .formatted(column.name(), type));
    }
  }

  private static @Nullable Object value(ResultSet row, String type) throws SQLException {
    Object plain = row.getObject(1);
    if (plain == null) {
      return null;
    } else if (WHOLES.contains(type)) {
      return row.getLong(1);
    } else if (BIG_WHOLES.contains(type)) {
      return new BigInteger(plain.toString());
    } else if (type.startsWith("DECIMAL(")) {
      return new BigDecimal(plain.toString());
    } else if (type.equals("FLOAT") || type.equals("DOUBLE")) {
      return row.getDouble(1);
    } else if (type.equals("DATE")) {
      return row.getObject(1, LocalDate.class);
    } else if (type.equals("TIMESTAMP WITH TIME ZONE")) {
      return row.getObject(1, OffsetDateTime.class).withOffsetSameInstant(ZoneOffset.UTC);
    } else if (type.startsWith("TIMESTAMP")) {
      return row.getObject(1, LocalDateTime.class).truncatedTo(ChronoUnit.MICROS);
    }
    return plain;
  }

  /** For the source; empty where it shall give all rows. Databases differ in how texts sort. */
  Optional<Watermark> watermark() {
    return greatest == null || greatest instanceof String
        ? Optional.empty()
        : Optional.of(new Watermark(column, greatest, inclusive));
  }

  /**
   * What stands behind {@code FROM} to read the wanted rows of a scan; where that is cheap, makes
   * sure here that all rows have a value, otherwise while they are read.
   */
  String where(Scan scan, Columns columns) throws SQLException {
    Columns.Column found = columns.require("watermark", column, "the source");
    requireOrdered(found);
    String name = Sql.quoted(found.name());
    String target = type == null ? found.type() : type;
    String value = target.equals(found.type()) ? name : "CAST(%s AS %s)".formatted(name, target);
    String bad =
        value
            + " IS NULL"
            + (WITH_INFINITY.contains(target) ? " OR NOT isfinite(" + value + ")" : "");
    String beyond = greatest == null ? "true" : value + (inclusive ? " >= " : " > ") + GREATEST;
    if (!scan.prunes()) {
      return " WHERE CASE WHEN %s THEN error(%s) ELSE %s END"
          .formatted(bad, Sql.literal(MARK), beyond);
    }
    try (DuckDBPreparedStatement statement =
        connection.prepare("SELECT 1 FROM " + scan.from() + " WHERE " + bad + " LIMIT 1")) {
      Parameters.bind(statement, scan.parameters().toArray());
      try (ResultSet rows = statement.executeQuery()) {
        if (rows.next()) {
          throw noValue();
        }
      }
    }
    return " WHERE " + beyond;
  }

  /** Whether a statement met a row without a value. */
  static boolean foundNoValue(SQLException error) {
    return Errors.message(error).contains(MARK);
  }

  /** What the caller is told then. */
  MlInfraException noValue() {
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "the source has a row whose watermark '" + column + "' is null, infinite or no number");
  }

  /** The greatest value that a table has now, as text. */
  Optional<String> text(String table) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT CAST(max(%s) AS VARCHAR) FROM %s"
                    .formatted(Sql.quoted(column), Sql.quoted(table)))) {
      return row.next() ? Optional.ofNullable(row.getString(1)) : Optional.empty();
    }
  }
}
