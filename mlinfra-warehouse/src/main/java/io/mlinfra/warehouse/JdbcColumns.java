package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/**
 * The columns of a result of another database and the types that they get here. What JDBC's own
 * types do not tell apart (a time with and without a zone, text and JSON) the name of the type
 * does.
 */
record JdbcColumns(List<Column> list) {
  /** What a decimal without a precision gets: sums and averages of the usual sizes fit. */
  private static final int UNBOUND_SCALE = 16;

  private static final int MOST_DIGITS = 38;

  /** The names that PostgreSQL gives the elements of its arrays. */
  private static final Map<String, ArrowType> ELEMENTS =
      Map.of(
          "bool", new ArrowType.Bool(),
          "int2", new ArrowType.Int(16, true),
          "int4", new ArrowType.Int(32, true),
          "int8", new ArrowType.Int(64, true),
          "float4", new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE),
          "float8", new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE),
          "text", new ArrowType.Utf8(),
          "varchar", new ArrowType.Utf8(),
          "bpchar", new ArrowType.Utf8());

  /**
   * One of them.
   *
   * @param castTo what DuckDB makes of the text that it comes as, or nothing
   */
  record Column(String name, Field field, String castTo) {}

  static JdbcColumns of(ResultSetMetaData result) throws SQLException {
    List<Column> columns = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (int i = 1; i <= result.getColumnCount(); i++) {
      Column column = column(result, i);
      if (!names.add(Sql.folded(column.name()))) {
        throw new MlInfraException(
            ErrorCode.DATA_UNSUITABLE,
            "the query of the other database has two columns '" + column.name() + "'");
      }
      columns.add(column);
    }
    return new JdbcColumns(List.copyOf(columns));
  }

  Schema schema() {
    return new Schema(list.stream().map(Column::field).toList());
  }

  private static Column column(ResultSetMetaData result, int i) throws SQLException {
    String name = result.getColumnLabel(i);
    String typeName = String.valueOf(result.getColumnTypeName(i)).toLowerCase(Locale.ROOT);
    int type = result.getColumnType(i);
    if (type == Types.ARRAY && typeName.startsWith("_")) {
      ArrowType element = ELEMENTS.get(typeName.substring(1));
      if (element != null) {
        Field list =
            new Field(
                name,
                FieldType.nullable(new ArrowType.List()),
                List.of(Field.nullable("item", element)));
        return new Column(name, list, "");
      }
    }
    ArrowType arrow = scalar(result, i, type, typeName);
    if (arrow == null) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          "column '"
              + name
              + "' of the other database has type "
              + typeName
              + ", which has no counterpart here; cast it in the query, to text for one");
    }
    String castTo =
        switch (typeName) {
          case "uuid" -> "UUID";
          case "json", "jsonb" -> "JSON";
          default -> "";
        };
    return new Column(name, Field.nullable(name, arrow), castTo);
  }

  private static @Nullable ArrowType scalar(
      ResultSetMetaData result, int i, int type, String typeName) throws SQLException {
    return switch (type) {
      case Types.BOOLEAN -> new ArrowType.Bool();
      // A string of bits is one, too.
      case Types.BIT ->
          typeName.startsWith("bool") || result.getPrecision(i) == 1 && !typeName.equals("bit")
              ? new ArrowType.Bool()
              : new ArrowType.Utf8();
      case Types.TINYINT, Types.SMALLINT -> new ArrowType.Int(16, true);
      case Types.INTEGER ->
          // Where the driver's integers have no sign, the next size holds them.
          new ArrowType.Int(result.isSigned(i) ? 32 : 64, true);
      case Types.BIGINT ->
          result.isSigned(i) ? new ArrowType.Int(64, true) : new ArrowType.Decimal(20, 0, 128);
      case Types.REAL -> new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE);
      case Types.FLOAT, Types.DOUBLE ->
          // An amount of money comes with its currency.
          typeName.equals("money")
              ? new ArrowType.Utf8()
              : new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
      case Types.NUMERIC, Types.DECIMAL -> decimal(result.getPrecision(i), result.getScale(i));
      case Types.DATE -> new ArrowType.Date(DateUnit.DAY);
      case Types.TIME ->
          typeName.equals("timetz")
              ? new ArrowType.Utf8()
              : new ArrowType.Time(TimeUnit.MICROSECOND, 64);
      case Types.TIMESTAMP ->
          new ArrowType.Timestamp(
              TimeUnit.MICROSECOND, typeName.equals("timestamptz") ? "UTC" : null);
      case Types.TIMESTAMP_WITH_TIMEZONE -> new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC");
      case Types.BINARY, Types.VARBINARY, Types.LONGVARBINARY, Types.BLOB -> new ArrowType.Binary();
      case Types.CHAR,
          Types.VARCHAR,
          Types.LONGVARCHAR,
          Types.NCHAR,
          Types.NVARCHAR,
          Types.LONGNVARCHAR,
          Types.CLOB,
          Types.NCLOB,
          Types.SQLXML,
          Types.TIME_WITH_TIMEZONE,
          Types.OTHER ->
          new ArrowType.Utf8();
      default -> null;
    };
  }

  private static ArrowType decimal(int precision, int scale) {
    boolean bound = precision > 0 && precision <= MOST_DIGITS && scale >= 0 && scale <= precision;
    return bound
        ? new ArrowType.Decimal(precision, scale, 128)
        : new ArrowType.Decimal(MOST_DIGITS, UNBOUND_SCALE, 128);
  }
}
