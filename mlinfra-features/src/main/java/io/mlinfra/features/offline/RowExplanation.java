package io.mlinfra.features.offline;

import io.mlinfra.core.text.Html;
import io.mlinfra.core.text.TextTable;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of the source made which feature of one row of a training set. Made by {@link
 * TrainingQuery#explain(long)}.
 *
 * @param row which row of the labels, from 0
 * @param time of that row
 * @param features one for each feature of a view, in order
 */
public record RowExplanation(long row, LocalDateTime time, List<Made> features) {
  /** How many source rows are shown for a feature, the latest ones. */
  private static final int SHOWN = 10;

  /**
   * What a feature was made from.
   *
   * @param feature its name
   * @param definition as it stands in the view's definition
   * @param entity the keys
   * @param value null where missing
   * @param events the events that the value was made from, in order
   * @param passedOver how many visible events of the entity were not used: too old, not meeting the
   *     condition, without a value, or not the one asked for
   * @param notYet how many events of the entity had not happened or were not known by then
   */
  public record Made(
      String feature,
      String definition,
      Map<String, @Nullable Object> entity,
      @Nullable Object value,
      List<SourceRow> events,
      int passedOver,
      int notYet) {}

  /**
   * A row of a view's source.
   *
   * @param eventTime when it happened
   * @param knownAt when it was known; the event time where the view declares no known-at
   * @param columns all its columns, as text
   */
  public record SourceRow(
      LocalDateTime eventTime, LocalDateTime knownAt, Map<String, @Nullable String> columns) {}

  public RowExplanation {
    features = List.copyOf(features);
  }

  /**
   * What one feature was made from.
   *
   * @throws IllegalArgumentException if there is no such feature
   */
  public Made feature(String name) {
    return features.stream()
        .filter(made -> made.feature.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "there is no feature '"
                        + name
                        + "' of a view; there are "
                        + features.stream().map(Made::feature).toList()));
  }

  /** The features, and below them the events that each was made from, the latest ones. */
  @Override
  public String toString() {
    TextTable table = new TextTable("feature", ">value", ">events", ">passed over", ">not yet");
    for (Made made : features) {
      table.row(
          made.feature,
          shown(made.value),
          String.valueOf(made.events.size()),
          String.valueOf(made.passedOver),
          String.valueOf(made.notYet));
    }
    StringBuilder out = new StringBuilder(title()).append("\n\n").append(table);
    byEvents()
        .forEach(
            (events, made) -> {
              out.append('\n').append(madeFrom(events, made)).append('\n');
              if (!events.isEmpty()) {
                out.append(rows(events));
              }
            });
    return out.toString();
  }

  /** The same for a notebook: HTML that loads nothing and runs nothing. */
  public String toHtml() {
    Html html = new Html();
    html.markup("<section class=\"mlinfra-explanation\"><p>{}</p>\n<table><thead><tr>", title());
    html.markup(
        "<th scope=\"col\">Feature</th><th scope=\"col\">Value</th><th scope=\"col\">Events</th>"
            + "<th scope=\"col\">Passed over</th><th scope=\"col\">Not yet</th></tr></thead><tbody>\n");
    for (Made made : features) {
      html.markup(
          "<tr><td title=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
          made.definition,
          made.feature,
          shown(made.value),
          made.events.size(),
          made.passedOver,
          made.notYet);
    }
    html.markup("</tbody></table>\n");
    byEvents()
        .forEach(
            (events, made) -> {
              html.markup("<details><summary>{}</summary>", madeFrom(events, made));
              if (!events.isEmpty()) {
                html.markup("<table><thead><tr>");
                headings(events).forEach(name -> html.markup("<th scope=\"col\">{}</th>", name));
                html.markup("</tr></thead><tbody>");
                for (SourceRow event : latest(events)) {
                  html.markup("<tr>");
                  cells(event).forEach(cell -> html.markup("<td>{}</td>", cell));
                  html.markup("</tr>");
                }
                html.markup("</tbody></table>");
              }
              html.markup("</details>\n");
            });
    return html.markup("</section>\n").toString();
  }

  private String title() {
    return "row " + row + " at " + time;
  }

  /** Features of one window were mostly made from the same events, which are shown once. */
  private Map<List<SourceRow>, List<Made>> byEvents() {
    Map<List<SourceRow>, List<Made>> groups = new LinkedHashMap<>();
    for (Made made : features) {
      groups.computeIfAbsent(made.events, events -> new ArrayList<>()).add(made);
    }
    return groups;
  }

  private static String madeFrom(List<SourceRow> events, List<Made> made) {
    String names = String.join(", ", made.stream().map(Made::feature).toList());
    String entity = made.get(0).entity.toString();
    return switch (events.size()) {
      case 0 -> names + " from no event of " + entity;
      case 1 -> names + " from one event of " + entity;
      default ->
          names
              + " from "
              + events.size()
              + " events of "
              + entity
              + (events.size() > SHOWN ? ", the latest " + SHOWN + " of them" : "");
    };
  }

  private static TextTable rows(List<SourceRow> events) {
    TextTable table = new TextTable(headings(events).toArray(String[]::new));
    for (SourceRow event : latest(events)) {
      table.row(cells(event).toArray(String[]::new));
    }
    return table;
  }

  private static List<String> headings(List<SourceRow> events) {
    List<String> headings = new ArrayList<>(List.of("happened", "known"));
    headings.addAll(events.get(0).columns.keySet());
    return headings;
  }

  private static List<String> cells(SourceRow event) {
    List<String> cells =
        new ArrayList<>(List.of(event.eventTime.toString(), event.knownAt.toString()));
    event.columns.values().forEach(value -> cells.add(shown(value)));
    return cells;
  }

  private static List<SourceRow> latest(List<SourceRow> events) {
    return events.subList(Math.max(0, events.size() - SHOWN), events.size());
  }

  private static String shown(@Nullable Object value) {
    return value == null ? "missing" : value.toString();
  }
}
