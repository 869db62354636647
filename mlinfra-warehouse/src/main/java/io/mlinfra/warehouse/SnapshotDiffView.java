package io.mlinfra.warehouse;

import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a {@link SnapshotDiff} looks like: the same tables in a shell and in a notebook. */
final class SnapshotDiffView {
  /** A table; a heading that begins with {@code >} is of a column of numbers. */
  private record Section(String title, List<String> headings, List<List<String>> rows) {}

  private SnapshotDiffView() {}

  static String text(SnapshotDiff diff) {
    StringBuilder out = new StringBuilder();
    out.append("before  ").append(diff.before()).append('\n');
    out.append("after   ").append(diff.after()).append('\n');
    for (Section section : sections(diff)) {
      TextTable table = new TextTable(section.headings().toArray(String[]::new));
      section.rows().forEach(row -> table.row(row.toArray(String[]::new)));
      out.append('\n').append(section.title()).append('\n');
      table.toString().lines().forEach(line -> out.append("  ").append(line).append('\n'));
    }
    return out.toString();
  }

  static String html(SnapshotDiff diff) {
    Html html = new Html();
    html.markup("<div class=\"snapshot-diff\"><p>before: {}<br>", diff.before());
    html.markup("after: {}</p>", diff.after());
    for (Section section : sections(diff)) {
      html.markup("<h4>{}</h4><table><tr>", section.title());
      section.headings().forEach(h -> html.markup("<th>{}</th>", h.replaceFirst("^>", "")));
      html.markup("</tr>");
      for (List<String> row : section.rows()) {
        html.markup("<tr>");
        row.forEach(cell -> html.markup("<td>{}</td>", cell));
        html.markup("</tr>");
      }
      html.markup("</table>");
    }
    return html.markup("</div>").toString();
  }

  private static List<Section> sections(SnapshotDiff diff) {
    List<Section> sections = new ArrayList<>();
    sections.add(
        new Section(
            diff.key().isEmpty() ? "rows, as wholes" : "rows, by " + String.join(", ", diff.key()),
            List.of("", ">rows"),
            List.of(
                List.of("added", Format.count(diff.added())),
                List.of("removed", Format.count(diff.removed())),
                List.of("changed", Format.count(diff.changed())),
                List.of("unchanged", Format.count(diff.unchanged())))));
    List<List<String>> columns = new ArrayList<>();
    diff.addedColumns().forEach(column -> columns.add(List.of("added", column.toString())));
    diff.removedColumns().forEach(column -> columns.add(List.of("removed", column.toString())));
    diff.retypedColumns().forEach(column -> columns.add(List.of("retyped", column.toString())));
    add(sections, new Section("columns", List.of("", "column"), columns));
    List<List<String>> byColumn = new ArrayList<>();
    diff.changedByColumn()
        .forEach((column, rows) -> byColumn.add(List.of(column, Format.count(rows))));
    add(sections, new Section("changed values", List.of("column", ">rows"), byColumn));
    add(sections, rows("some added rows", diff.addedRows()));
    add(sections, rows("some removed rows", diff.removedRows()));
    add(sections, changes(diff));
    return sections;
  }

  private static void add(List<Section> sections, Section section) {
    if (!section.rows().isEmpty()) {
      sections.add(section);
    }
  }

  private static Section rows(String title, List<Map<String, @Nullable String>> rows) {
    List<String> headings = rows.isEmpty() ? List.of() : List.copyOf(rows.get(0).keySet());
    return new Section(
        title,
        // A name of theirs that begins with our mark.
        headings.stream().map(name -> name.startsWith(">") ? " " + name : name).toList(),
        rows.stream()
            .map(row -> headings.stream().map(name -> shown(row.get(name))).toList())
            .toList());
  }

  private static Section changes(SnapshotDiff diff) {
    List<List<String>> rows = new ArrayList<>();
    for (SnapshotDiff.ChangedRow row : diff.changedRows()) {
      String key =
          diff.key().stream()
              .map(name -> shown(row.before().get(name)))
              .collect(Collectors.joining(", "));
      for (String column : diff.changedByColumn().keySet()) {
        String before = row.before().get(column);
        String after = row.after().get(column);
        if (!Objects.equals(before, after)) {
          rows.add(List.of(key, column, shown(before), shown(after)));
        }
      }
    }
    return new Section("some changed rows", List.of("key", "column", "before", "after"), rows);
  }

  private static String shown(@Nullable String value) {
    return value == null ? "NULL" : value;
  }
}
