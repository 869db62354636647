package io.mlinfra.registry;

import io.mlinfra.registry.RunCondition.All;
import io.mlinfra.registry.RunCondition.Any;
import io.mlinfra.registry.RunCondition.Compare;
import io.mlinfra.registry.RunCondition.In;
import io.mlinfra.registry.RunCondition.Like;
import io.mlinfra.registry.RunCondition.Not;
import io.mlinfra.registry.RunCondition.Present;
import io.mlinfra.registry.RunField.Source;
import io.mlinfra.registry.RunField.Type;
import io.mlinfra.registry.SearchText.Sort;
import io.mlinfra.registry.SearchText.Token;
import io.mlinfra.registry.TrackedRun.Status;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * A search for runs, understood; {@link Runs} says what may stand in one. Immutable.
 *
 * @param condition what a run must be like
 * @param order which comes first
 * @param limit how many at most
 */
record RunSearch(RunCondition condition, Comparator<TrackedRun> order, int limit) {
  private static final Comparator<TrackedRun> NEWEST_FIRST =
      Comparator.comparing(TrackedRun::started)
          .reversed()
          .thenComparing(TrackedRun::experiment)
          .thenComparing(Comparator.comparing(TrackedRun::number).reversed());

  /**
   * @throws IllegalArgumentException if the text is no search
   */
  static RunSearch parse(String text) {
    return new Parser(SearchText.tokens(text)).search();
  }

  /** Those of the runs that it finds, in its order. */
  List<TrackedRun> of(List<TrackedRun> runs) {
    return runs.stream().filter(condition::holds).sorted(order).limit(limit).toList();
  }

  /** Reads from left to right, and calls itself for brackets only. */
  private static final class Parser {
    /** A thread's stack has room for many times as many. */
    private static final int MAX_DEPTH = 100;

    private final List<Token> tokens;
    private int at;
    private int depth;

    Parser(List<Token> tokens) {
      this.tokens = tokens;
    }

    RunSearch search() {
      RunCondition condition = new All(List.of());
      if (!startsEnd()) {
        condition = any();
      }
      Comparator<TrackedRun> order = NEWEST_FIRST;
      if (takeWord("order")) {
        expectWord("by");
        order = order();
      }
      int limit = takeWord("limit") ? limit() : Integer.MAX_VALUE;
      if (peek().sort() != Sort.END) {
        throw error("and, or, order by, limit or the end");
      }
      return new RunSearch(condition, order, limit);
    }

    private boolean startsEnd() {
      Token token = peek();
      return token.sort() == Sort.END || token.isWord("order") || token.isWord("limit");
    }

    private RunCondition any() {
      List<RunCondition> conditions = new ArrayList<>();
      do {
        conditions.add(all());
      } while (takeWord("or"));
      return conditions.size() == 1 ? conditions.get(0) : new Any(conditions);
    }

    private RunCondition all() {
      List<RunCondition> conditions = new ArrayList<>();
      do {
        conditions.add(one());
      } while (takeWord("and"));
      return conditions.size() == 1 ? conditions.get(0) : new All(conditions);
    }

    private RunCondition one() {
      boolean negated = false;
      while (takeWord("not")) {
        negated = !negated;
      }
      RunCondition condition;
      if (takeSign("(")) {
        if (++depth > MAX_DEPTH) {
          throw new IllegalArgumentException(
              "search: brackets may stand in each other up to "
                  + MAX_DEPTH
                  + " times; at character "
                  + tokens.get(at - 1).at()
                  + " there are more");
        }
        condition = any();
        depth--;
        if (!takeSign(")")) {
          throw error("and, or or )");
        }
      } else {
        condition = comparison();
      }
      return negated ? new Not(condition) : condition;
    }

    private RunCondition comparison() {
      RunField field = field();
      Token operator = peek();
      if (operator.sort() == Sort.SIGN && "=<>!".indexOf(operator.text().charAt(0)) >= 0) {
        at++;
        return new Compare(field, operator.text(), value(field));
      }
      if (takeWord("is")) {
        boolean negated = takeWord("not");
        expectWord("null");
        return negated ? new Present(field) : new Not(new Present(field));
      }
      boolean negated = takeWord("not");
      if (takeWord("in")) {
        return in(field, negated);
      }
      if (peek().isWord("like") || peek().isWord("ilike")) {
        return like(field, negated);
      }
      throw error(negated ? "in, like or ilike" : "an operator such as =, <, like, in or is");
    }

    private RunCondition in(RunField field, boolean negated) {
      expectSign("(");
      List<Compare> values = new ArrayList<>();
      do {
        values.add(new Compare(field, "=", value(field)));
      } while (takeSign(","));
      if (!takeSign(")")) {
        throw error(", or )");
      }
      return new In(field, values, negated);
    }

    private RunCondition like(RunField field, boolean negated) {
      Token operator = next();
      Type type = field.source().type;
      if (type != Type.TEXT && type != Type.LOOSE) {
        throw SearchText.error(
            operator, "=, !=, <, <=, >, >=, in or is, for " + name(field) + " is no text");
      }
      if (peek().sort() != Sort.TEXT) {
        throw error("a text in single quotes");
      }
      return new Like(field, next().text(), operator.isWord("ilike"), negated);
    }

    private static String name(RunField field) {
      String source = field.source().name().toLowerCase(Locale.ROOT);
      return field.source().hasKeys() ? source + "." + field.key() : source;
    }

    private RunField field() {
      Token token = peek();
      if (token.sort() != Sort.WORD || SearchText.isKeyword(token)) {
        throw error("a name such as metrics.auc or status");
      }
      at++;
      int dot = token.text().indexOf('.');
      String head = dot < 0 ? token.text() : token.text().substring(0, dot);
      for (Source source : Source.values()) {
        if (source.name().equalsIgnoreCase(head) && source.hasKeys() == dot >= 0) {
          return source.hasKeys() ? keyed(source, token, dot) : new RunField(source, "");
        }
      }
      throw SearchText.error(
          token, "params.…, metrics.…, tags.…, environment.…, " + RunField.ATTRIBUTES);
    }

    private RunField keyed(Source source, Token token, int dot) {
      String key = token.text().substring(dot + 1);
      if (!key.isEmpty()) {
        return new RunField(source, key);
      }
      Token name = peek();
      if (name.sort() != Sort.NAME || name.at() != token.at() + token.text().length()) {
        throw error("a name right after '" + Texts.abbreviated(token.text()) + "'");
      }
      return new RunField(source, next().text());
    }

    private Object value(RunField field) {
      Type type = field.source().type;
      Token token = peek();
      if (token.sort() == Sort.NUMBER && (type == Type.NUMBER || type == Type.LOOSE)) {
        at++;
        return Double.valueOf(token.text());
      }
      if (token.sort() == Sort.TEXT && type != Type.NUMBER) {
        at++;
        if (type == Type.TIME) {
          Instant time = RunCondition.time(token.text());
          if (time == null) {
            throw SearchText.error(token, "a time such as '2026-11-22' or '2026-11-22T12:00:00Z'");
          }
          return time;
        }
        return field.source() == Source.STATUS ? status(token) : token.text();
      }
      throw error(
          switch (type) {
            case NUMBER -> "a number";
            case TEXT -> "a text in single quotes";
            case LOOSE -> "a number or a text in single quotes";
            case TIME -> "a time in single quotes";
          });
    }

    private static String status(Token token) {
      String name = token.text().toUpperCase(Locale.ROOT);
      for (Status status : Status.values()) {
        if (status.name().equals(name)) {
          return name;
        }
      }
      throw SearchText.error(token, "one of " + Arrays.toString(Status.values()));
    }

    private Comparator<TrackedRun> order() {
      List<Comparator<TrackedRun>> orders = new ArrayList<>();
      do {
        RunField field = field();
        boolean descending = takeWord("desc");
        if (!descending) {
          takeWord("asc");
        }
        orders.add((one, other) -> field.compare(one, other, descending));
      } while (takeSign(","));
      orders.add(NEWEST_FIRST);
      return (one, other) -> {
        for (Comparator<TrackedRun> order : orders) {
          int compared = order.compare(one, other);
          if (compared != 0) {
            return compared;
          }
        }
        return 0;
      };
    }

    private int limit() {
      Token token = peek();
      if (token.sort() == Sort.NUMBER && token.text().matches("[0-9]{1,9}")) {
        int limit = Integer.parseInt(token.text());
        if (limit > 0) {
          at++;
          return limit;
        }
      }
      throw error("a whole number from 1 to 999999999");
    }

    private Token peek() {
      return tokens.get(at);
    }

    private Token next() {
      return tokens.get(at++);
    }

    private boolean takeWord(String word) {
      boolean taken = peek().isWord(word);
      at += taken ? 1 : 0;
      return taken;
    }

    private boolean takeSign(String sign) {
      boolean taken = peek().isSign(sign);
      at += taken ? 1 : 0;
      return taken;
    }

    private void expectWord(String word) {
      if (!takeWord(word)) {
        throw error("'" + word + "'");
      }
    }

    private void expectSign(String sign) {
      if (!takeSign(sign)) {
        throw error("'" + sign + "'");
      }
    }

    private IllegalArgumentException error(String expected) {
      return SearchText.error(peek(), expected);
    }
  }
}
