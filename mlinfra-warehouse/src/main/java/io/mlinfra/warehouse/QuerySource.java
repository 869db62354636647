package io.mlinfra.warehouse;

import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A query of the same warehouse. */
final class QuerySource extends Source {
  private final String sql;
  private final @Nullable Object[] parameters;

  QuerySource(String sql, @Nullable Object[] parameters) {
    this.sql = sql;
    this.parameters = parameters;
  }

  @Override
  Scan open(Scan.Context context) {
    context.database().requireAllowed(sql);
    // A comment that ends the query must not take the bracket with it.
    String from = "(" + Statements.single(sql) + "\n)";
    return new Scan() {
      @Override
      public String from() {
        return from;
      }

      @Override
      public List<@Nullable Object> parameters() {
        return Collections.unmodifiableList(Arrays.asList(parameters));
      }

      @Override
      public RuntimeException failed(SQLException error) {
        return Errors.of(error);
      }
    };
  }

  @Override
  public String toString() {
    return "Source[query]";
  }
}
