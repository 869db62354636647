package io.mlinfra.registry;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a search wants of a run. */
sealed interface RunCondition {
  boolean holds(TrackedRun run);

  /** All of them; without any, everything. */
  record All(List<RunCondition> conditions) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      for (RunCondition condition : conditions) {
        if (!condition.holds(run)) {
          return false;
        }
      }
      return true;
    }
  }

  /** One of them. */
  record Any(List<RunCondition> conditions) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      for (RunCondition condition : conditions) {
        if (condition.holds(run)) {
          return true;
        }
      }
      return false;
    }
  }

  /** The opposite. */
  record Not(RunCondition condition) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      return !condition.holds(run);
    }
  }

  /** Whether there is a value. */
  record Present(RunField field) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      return field.isPresent(run);
    }
  }

  /**
   * A value beside another.
   *
   * @param value a {@link Double}, a {@link String} or an {@link Instant}
   */
  record Compare(RunField field, String operator, Object value) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      if (value instanceof Double right) {
        Double left = field.number(run);
        return left != null && holds(left, right);
      }
      if (value instanceof Instant right) {
        Instant left = field.time(run);
        return left != null && holds(left.compareTo(right));
      }
      String left = field.text(run);
      return left != null && holds(left.compareTo((String) value));
    }

    // Not by Double.compare: NaN is neither less nor greater nor equal.
    private boolean holds(double left, double right) {
      return switch (operator) {
        case "=" -> left == right;
        case "!=" -> left != right;
        case "<" -> left < right;
        case "<=" -> left <= right;
        case ">" -> left > right;
        default -> left >= right;
      };
    }

    private boolean holds(int order) {
      return switch (operator) {
        case "=" -> order == 0;
        case "!=" -> order != 0;
        case "<" -> order < 0;
        case "<=" -> order <= 0;
        case ">" -> order > 0;
        default -> order >= 0;
      };
    }
  }

  /** A value among others, or among none of them. */
  record In(RunField field, List<Compare> values, boolean negated) implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      if (!field.isPresent(run)) {
        return false;
      }
      for (Compare value : values) {
        if (value.holds(run)) {
          return !negated;
        }
      }
      return negated;
    }
  }

  /** A text of a form: {@code %} is any text, {@code _} any character. */
  record Like(RunField field, String pattern, boolean ignoreCase, boolean negated)
      implements RunCondition {
    @Override
    public boolean holds(TrackedRun run) {
      String text = field.text(run);
      return text != null && matches(text) != negated;
    }

    private boolean matches(String text) {
      return ignoreCase
          ? matches(fold(text).codePoints().toArray(), fold(pattern).codePoints().toArray())
          : matches(text.codePoints().toArray(), pattern.codePoints().toArray());
    }

    private static String fold(String text) {
      return text.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    }

    // At a mismatch the last % takes one more; an earlier one never has to.
    private static boolean matches(int[] text, int[] pattern) {
      int t = 0;
      int p = 0;
      int percent = -1;
      int taken = 0;
      while (t < text.length) {
        if (p < pattern.length && pattern[p] == '%') {
          percent = p++;
          taken = t;
        } else if (p < pattern.length && (pattern[p] == '_' || pattern[p] == text[t])) {
          p++;
          t++;
        } else if (percent >= 0) {
          p = percent + 1;
          t = ++taken;
        } else {
          return false;
        }
      }
      while (p < pattern.length && pattern[p] == '%') {
        p++;
      }
      return p == pattern.length;
    }
  }

  /** The time that a text stands for; null if it is none. */
  static @Nullable Instant time(String text) {
    try {
      return text.length() == 10
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant()
          : OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException e) {
      return null;
    }
  }
}
