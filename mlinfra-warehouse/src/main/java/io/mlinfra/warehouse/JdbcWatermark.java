package io.mlinfra.warehouse;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Has another database leave out the rows that are here already. */
final class JdbcWatermark {
  private JdbcWatermark() {}

  /**
   * The query for the rows beyond the watermark and for those that have none, with one parameter
   * more at its end.
   *
   * @return null where the driver does not tell the columns of a query before it runs
   */
  static @Nullable String wrap(Connection connection, String sql, Watermark watermark)
      throws SQLException {
    String quote = connection.getMetaData().getIdentifierQuoteString().strip();
    if (quote.isEmpty()) {
      return null;
    }
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      ResultSetMetaData columns = statement.getMetaData();
      for (int i = 1; columns != null && i <= columns.getColumnCount(); i++) {
        String label = columns.getColumnLabel(i);
        if (label.equalsIgnoreCase(watermark.column())) {
          String name = quote + label.replace(quote, quote + quote) + quote;
          // A comment that ends the query must not take the bracket with it.
          return "SELECT * FROM (%s\n) mlinfra_source WHERE %s %s ? OR %s IS NULL"
              .formatted(Statements.single(sql), name, watermark.inclusive() ? ">=" : ">", name);
        }
      }
      return null;
    }
  }

  /** The watermark as drivers take it. */
  static Object value(Watermark watermark) {
    return watermark.value() instanceof BigInteger whole
        ? new BigDecimal(whole)
        : watermark.value();
  }
}
