package io.mlinfra.warehouse;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import java.util.List;
import java.util.Objects;

/**
 * A frozen table: a version of a data set in a registry, whose rows have an order. {@link
 * Snapshots} takes it and finds it again. Immutable; it borrows the registry, which must be open
 * when its rows are read.
 */
public final class Snapshot {
  /**
   * A column.
   *
   * @param type as DuckDB writes it, such as {@code DECIMAL(9,2)}
   */
  public record Column(String name, String type) {
    public Column {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(type, "type");
    }

    @Override
    public String toString() {
      return name + " " + type;
    }
  }

  private final Registry registry;
  private final Version version;
  private final Manifest manifest;

  Snapshot(Registry registry, Version version, Manifest manifest) {
    this.registry = registry;
    this.version = version;
    this.manifest = manifest;
  }

  /** The version in the registry. */
  public Version version() {
    return version;
  }

  /** How many rows it has. */
  public long rows() {
    return manifest.rows();
  }

  /** The columns, in their order. */
  public List<Column> columns() {
    return manifest.columns();
  }

  /** How many Parquet files its rows are in. */
  public int parts() {
    return manifest.parts().size();
  }

  /** How many bytes these files have; other versions may have some of them, too. */
  public long bytes() {
    return manifest.bytes();
  }

  Registry registry() {
    return registry;
  }

  Manifest manifest() {
    return manifest;
  }

  /** Whether it is the one Parquet file that snapshots were before they had parts. */
  boolean isOneFile() {
    return version.attachments().isEmpty();
  }

  /** The same version. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Snapshot that && version.id().equals(that.version.id());
  }

  @Override
  public int hashCode() {
    return version.id().hashCode();
  }

  /**
   * {@code dataset flights:2 (0a1b2c3d4e5f), 686,938 rows, 5 columns, 7 parts, 3,021,144 bytes}.
   */
  @Override
  public String toString() {
    return version.id() + ", " + size();
  }

  private String size() {
    return Format.count(rows())
        + " rows, "
        + columns().size()
        + " columns, "
        + Format.count(parts())
        + (parts() == 1 ? " part, " : " parts, ")
        + Format.count(bytes())
        + " bytes";
  }

  /** The columns with their types, for a shell. */
  public String describe() {
    TextTable table = new TextTable("column", "type");
    columns().forEach(column -> table.row(column.name(), column.type()));
    return this + "\n\n" + table;
  }

  /** What it is and which columns it has, as a fragment of HTML. */
  public String toHtml() {
    Html html = new Html();
    html.markup("<div class=\"snapshot\"><p><b>{}</b>, {}</p>", version.id(), size());
    html.markup("<table><tr><th>column</th><th>type</th></tr>");
    columns().forEach(c -> html.markup("<tr><td>{}</td><td>{}</td></tr>", c.name(), c.type()));
    return html.markup("</table></div>").toString();
  }
}
