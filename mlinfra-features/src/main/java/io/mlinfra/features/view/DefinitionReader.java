package io.mlinfra.features.view;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.view.Aggregate.Function;
import io.mlinfra.features.view.Condition.Comparison;
import io.mlinfra.features.view.Derived.Operation;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads definitions line by line, and each line once from left to right. A text is read, or refused
 * with the number of a line, whatever it holds.
 */
final class DefinitionReader {
  private static final int SHOWN = 30;
  private static final int LONGEST_MESSAGE = 1000;
  private static final String VIEW = "feature view";
  private static final String SERVICE = "feature service";

  /** The clauses of which there may be several. */
  private static final Set<String> LISTED = Set.of("feature", "tag", "features", "derive");

  private static final Map<String, ChronoUnit> UNITS =
      Map.of(
          "d", ChronoUnit.DAYS,
          "h", ChronoUnit.HOURS,
          "m", ChronoUnit.MINUTES,
          "s", ChronoUnit.SECONDS,
          "ms", ChronoUnit.MILLIS,
          "us", ChronoUnit.MICROS);

  private final String what;
  private final String text;

  private int nextLine;
  private int number;
  private String line = "";

  /** What of the line has been read; never before a blank. */
  private int at;

  private DefinitionReader(String what, String text) {
    this.what = what;
    this.text = text;
  }

  static FeatureView view(String text) {
    DefinitionReader reader = new DefinitionReader(VIEW, text);
    return reader.whole(reader::view);
  }

  static FeatureService service(String text) {
    DefinitionReader reader = new DefinitionReader(SERVICE, text);
    return reader.whole(reader::service);
  }

  private <T> T whole(Supplier<T> definition) {
    nextLine();
    T value = checked(number, definition);
    if (at < line.length()) {
      throw expected("nothing more");
    }
    return value;
  }

  /** A part, all of which stands in one line or is about it. */
  private <T> T checked(int ofLine, Supplier<T> part) {
    try {
      return part.get();
    } catch (IllegalArgumentException
        | IllegalStateException
        | ArithmeticException
        | DateTimeException e) {
      throw error(ofLine, String.valueOf(e.getMessage()), e);
    }
  }

  private FeatureView view() {
    int first = number;
    expect(VIEW);
    String name = quoted();
    FeatureView.Builder view = FeatureView.named(name);
    clauses(
        "from table, from sql, entity, event time, known at, tie break, ttl, feature, owner,"
            + " description or tag",
        clause -> clause(view, name, clause));
    return checked(first, view::build);
  }

  private boolean clause(FeatureView.Builder view, String name, String clause) {
    switch (clause) {
      case "from table" -> view.from(quoted());
      case "from sql" -> view.fromSql(quoted());
      case "entity" -> {
        String entity = quoted();
        expect("keys");
        view.entity(new Entity(entity, texts()));
      }
      case "event time" -> view.eventTime(quoted());
      case "known at" -> view.knownAt(quoted());
      case "tie break" -> view.tieBreak(quoted());
      case "ttl" -> view.ttl(duration());
      case "feature" -> feature(view, name);
      case "owner" -> view.owner(quoted());
      case "description" -> view.description(quoted());
      case "tag" -> view.tag(quoted());
      default -> {
        return false;
      }
    }
    return true;
  }

  private FeatureService service() {
    int first = number;
    expect(SERVICE);
    FeatureService.Builder service = FeatureService.named(quoted());
    List<List<String>> selections = new ArrayList<>();
    List<Integer> lines = new ArrayList<>();
    clauses(
        "features, derive, owner or description",
        clause -> {
          if (clause.equals("features")) {
            lines.add(number);
            selections.add(texts());
            return true;
          }
          return clause(service, clause);
        });
    for (int i = 0; i < selections.size(); i++) {
      if (!line.startsWith(VIEW, at)) {
        throw expected("the feature view that has the features of line " + lines.get(i));
      }
      FeatureView view = checked(number, this::view);
      String[] features = selections.get(i).toArray(String[]::new);
      checked(lines.get(i), () -> service.with(view, features));
    }
    return checked(first, service::build);
  }

  private boolean clause(FeatureService.Builder service, String clause) {
    switch (clause) {
      case "derive" -> {
        String feature = quoted();
        expect("=");
        service.derive(feature, derived());
      }
      case "owner" -> service.owner(quoted());
      case "description" -> service.description(quoted());
      default -> {
        return false;
      }
    }
    return true;
  }

  private interface Clause {
    /** Returns false if there is no such clause. */
    boolean read(String clause);
  }

  /** The lines up to the next definition or the end. */
  private void clauses(String names, Clause reader) {
    end();
    Set<String> seen = new HashSet<>();
    while (nextLine() && !line.startsWith(VIEW, at) && !line.startsWith(SERVICE, at)) {
      int start = at;
      String clause = run(c -> c >= 'a' && c <= 'z' || c == ' ').strip();
      String part = clause.startsWith("from ") ? "from" : clause;
      if (!LISTED.contains(part) && !seen.add(part)) {
        throw error(number, "there is a clause '" + part + "' already", null);
      }
      boolean known =
          checked(
              number,
              () -> {
                boolean read = reader.read(clause);
                if (read) {
                  end();
                }
                return read;
              });
      if (!known) {
        at = start;
        throw expected(names);
      }
    }
  }

  private void feature(FeatureView.Builder view, String viewName) {
    String name = quoted();
    expect("=");
    Function function = oneOf(Function.values(), Function::word);
    expect("(");
    String column = function.hasColumn() ? quoted() : "";
    int lag = 0;
    if (function == Function.LAG) {
      expect(",");
      lag = Math.toIntExact(count("how many events before the latest"));
    }
    expect(")");
    Condition condition = take("where") ? condition() : null;
    Duration window = take("over") ? Feature.requireMicros("window", duration()) : null;
    String label = label(viewName, name, window);
    view.add(new Aggregate(function, column, lag, condition, label), window);
  }

  /** A feature's name holds its label, and all else in it follows from the view and the window. */
  private static String label(String view, String name, @Nullable Duration window) {
    String prefix = Feature.prefix(view);
    String suffix = Feature.suffix(window);
    if (name.length() < prefix.length() + suffix.length()
        || !name.startsWith(prefix)
        || !name.endsWith(suffix)) {
      throw new IllegalArgumentException(
          "the name of feature '" + name + "' must be " + prefix + "…" + suffix);
    }
    return name.substring(prefix.length(), name.length() - suffix.length());
  }

  private Condition condition() {
    String column = quoted();
    Comparison comparison =
        Arrays.stream(Comparison.values())
            .filter(each -> line.startsWith(each.sign(), at))
            .max(Comparator.comparingInt(each -> each.sign().length()))
            .orElseThrow(() -> expected("a comparison such as =, <, in or is present"));
    expect(comparison.sign());
    List<Object> values = new ArrayList<>();
    switch (comparison) {
      case PRESENT, MISSING -> {}
      case ONE_OF -> {
        expect("(");
        do {
          values.add(constant());
        } while (take(","));
        expect(")");
      }
      default -> values.add(constant());
    }
    return new Condition(column, comparison, values);
  }

  private Object constant() {
    if (line.startsWith("\"", at)) {
      return quoted();
    }
    if (take("true")) {
      return true;
    }
    if (take("false")) {
      return false;
    }
    int start = at;
    String constant = run(c -> isDigit(c) || "+-.eE".indexOf(c) >= 0);
    try {
      return constant.matches("[+-]?[0-9]+")
          ? (Object) Long.valueOf(constant)
          : (Object) Double.valueOf(constant);
    } catch (NumberFormatException e) {
      at = start;
      throw expected("a text in double quotes, a number, true or false");
    }
  }

  private Derived derived() {
    Operation operation = oneOf(Operation.values(), Operation::word);
    expect("(");
    List<String> inputs = texts();
    expect(")");
    ZoneId zone = take("in") ? ZoneId.of(quoted()) : ZoneOffset.UTC;
    return new Derived(operation, inputs, zone);
  }

  private Duration duration() {
    String example = "a duration such as 7d, 3h, 90m, 1s, 1500ms or 7us";
    int start = at;
    long count = count(example);
    ChronoUnit unit = UNITS.get(run(c -> c >= 'a' && c <= 'z'));
    if (unit == null) {
      at = start;
      throw expected(example);
    }
    return Duration.of(count, unit);
  }

  private long count(String expected) {
    int start = at;
    try {
      return Long.parseLong(run(DefinitionReader::isDigit));
    } catch (NumberFormatException e) {
      at = start;
      throw expected(expected);
    }
  }

  private <T> T oneOf(T[] values, java.util.function.Function<T, String> word) {
    int start = at;
    String found = run(c -> c >= 'a' && c <= 'z' || c == '_');
    Optional<T> value = Arrays.stream(values).filter(v -> word.apply(v).equals(found)).findAny();
    if (value.isEmpty()) {
      at = start;
      throw expected("one of " + Arrays.stream(values).map(word).collect(Collectors.joining(", ")));
    }
    return value.get();
  }

  private List<String> texts() {
    List<String> texts = new ArrayList<>();
    do {
      texts.add(quoted());
    } while (take(","));
    return texts;
  }

  /** What {@link Text#quote} wrote. */
  private String quoted() {
    if (!line.startsWith("\"", at)) {
      throw expected("a text in double quotes");
    }
    StringBuilder inside = new StringBuilder();
    int i = at + 1;
    while (i < line.length() && line.charAt(i) != '"') {
      if (line.charAt(i) != '\\') {
        inside.append(line.charAt(i++));
        continue;
      }
      char escape = i + 1 < line.length() ? line.charAt(i + 1) : ' ';
      boolean numbered = escape == 'u' && i + 6 <= line.length();
      int plain = "\"\\nrt".indexOf(escape);
      if (!numbered && plain < 0) {
        at = i;
        throw expected("\\\", \\\\, \\n, \\r, \\t or \\u and four digits");
      }
      inside.append(
          numbered
              ? (char) HexFormat.fromHexDigits(line, i + 2, i + 6)
              : "\"\\\n\r\t".charAt(plain));
      i += numbered ? 6 : 2;
    }
    if (i >= line.length()) {
      throw expected("a text that ends with a double quote in its line");
    }
    at = i + 1;
    skipBlanks();
    return inside.toString();
  }

  private static boolean isDigit(int c) {
    return c >= '0' && c <= '9';
  }

  /** As many of some characters as there are. */
  private String run(IntPredicate of) {
    int start = at;
    while (at < line.length() && of.test(line.charAt(at))) {
      at++;
    }
    String run = line.substring(start, at);
    skipBlanks();
    return run;
  }

  private boolean take(String word) {
    boolean there = line.startsWith(word, at);
    if (there) {
      at += word.length();
      skipBlanks();
    }
    return there;
  }

  private void expect(String word) {
    if (!take(word)) {
      throw expected("'" + word + "'");
    }
  }

  private void end() {
    if (at < line.length()) {
      throw expected("the end of the line");
    }
  }

  /** Goes to the next line that is not blank; where there is none, to an empty one. */
  private boolean nextLine() {
    do {
      if (nextLine >= text.length()) {
        line = "";
        at = 0;
        return false;
      }
      int end = text.indexOf('\n', nextLine);
      end = end < 0 ? text.length() : end;
      line = text.substring(nextLine, end);
      nextLine = end + 1;
      number++;
      at = 0;
      skipBlanks();
    } while (at == line.length());
    return true;
  }

  private void skipBlanks() {
    while (at < line.length() && Character.isWhitespace(line.charAt(at))) {
      at++;
    }
  }

  private MlInfraException expected(String expected) {
    String found =
        at < line.length()
            ? Text.quote(line.substring(at, Math.min(line.length(), at + SHOWN)))
            : line.isEmpty() ? "the end" : "the end of the line";
    return error(
        number, "expected " + expected + " at character " + (at + 1) + ", found " + found, null);
  }

  private MlInfraException error(int ofLine, String message, @Nullable Throwable cause) {
    String shown =
        message.length() <= LONGEST_MESSAGE ? message : message.substring(0, LONGEST_MESSAGE) + "…";
    return new MlInfraException(
        ErrorCode.DATA_UNSUITABLE,
        "definition of a " + what + ", line " + Math.max(1, ofLine) + ": " + shown,
        cause);
  }
}
