package io.mlinfra.monitoring;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link DriftTest} found.
 *
 * @param reference what was expected
 * @param current what came
 * @param columns the columns that both have, the one that moved most first
 * @param schemaChanges the columns that only one has, or that changed their type
 */
public record DriftReport(
    Profile reference,
    Profile current,
    List<ColumnDrift> columns,
    List<SchemaChange> schemaChanges) {
  /**
   * A column that cannot be compared.
   *
   * @param name the column
   * @param reference its type in the reference, null if it is new
   * @param current its type in the current profile, null if it is gone
   */
  public record SchemaChange(
      String name, ColumnProfile.@Nullable Type reference, ColumnProfile.@Nullable Type current) {}

  public DriftReport {
    columns = List.copyOf(columns);
    schemaChanges = List.copyOf(schemaChanges);
  }

  /** Whether any column drifted. */
  public boolean drifted() {
    return columns.stream().anyMatch(ColumnDrift::drifted);
  }

  /** The columns that drifted, the one that moved most first. */
  public List<ColumnDrift> driftedColumns() {
    return columns.stream().filter(ColumnDrift::drifted).toList();
  }

  /** The column of that name. */
  public ColumnDrift column(String name) {
    throw new UnsupportedOperationException();
  }

  public String toHtml() {
    throw new UnsupportedOperationException();
  }
}
