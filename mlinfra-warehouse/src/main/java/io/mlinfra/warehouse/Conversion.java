package io.mlinfra.warehouse;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Turns a value of {@link Values} into one of a Java type, or says why it does not fit. */
interface Conversion {
  /**
   * @param value not null
   * @throws Unfit if the value is of another type, or some of it would be lost
   */
  Object apply(Object value);

  /** A value that does not fit; its message goes on behind the column's name. */
  final class Unfit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Unfit(String message) {
      super(message, null, false, false);
    }
  }

  /** What a value becomes as it is. */
  Set<Class<?>> SAME =
      Set.of(
          Boolean.class,
          String.class,
          byte[].class,
          UUID.class,
          LocalDate.class,
          LocalTime.class,
          LocalDateTime.class,
          OffsetDateTime.class,
          OffsetTime.class);

  Map<Class<?>, Class<?>> BOXES =
      Map.of(
          boolean.class, Boolean.class,
          byte.class, Byte.class,
          short.class, Short.class,
          int.class, Integer.class,
          long.class, Long.class,
          float.class, Float.class,
          double.class, Double.class);

  /**
   * The conversion to a type.
   *
   * @throws IllegalArgumentException if nothing can become that type
   */
  static Conversion to(Type type) {
    return to(type, List.of());
  }

  /**
   * The same inside of records.
   *
   * @param within the records that it is in; none may contain itself
   */
  static Conversion to(Type type, List<Class<?>> within) {
    if (type instanceof WildcardType wildcard) {
      return to(wildcard.getUpperBounds()[0], within);
    }
    if (type instanceof ParameterizedType generic) {
      Type[] arguments = generic.getActualTypeArguments();
      if (generic.getRawType() == List.class) {
        return list(to(arguments[0], within));
      } else if (generic.getRawType() == Map.class) {
        return map(to(arguments[0], within), to(arguments[1], within));
      }
    }
    if (type instanceof Class<?> plain) {
      Class<?> target = BOXES.getOrDefault(plain, plain);
      if (SAME.contains(target)) {
        return value -> require(target.isInstance(value), value, target);
      } else if (Number.class.isAssignableFrom(target)) {
        return number(target);
      } else if (target == Instant.class) {
        return value ->
            ((OffsetDateTime) require(value instanceof OffsetDateTime, value, target)).toInstant();
      } else if (target.isEnum()) {
        return enumeration(target);
      } else if (target.isRecord()) {
        return RecordConversion.of(target, within);
      } else if (target == Object.class) {
        return Conversion::any;
      } else if (target == List.class || target == Map.class) {
        return value -> require(target.isInstance(value), any(value), target);
      }
    }
    throw new IllegalArgumentException(
        "type ("
            + type.getTypeName()
            + ") must be a record, a number, boolean, String, enum, byte[], UUID, LocalDate,"
            + " LocalTime, LocalDateTime, OffsetDateTime, Instant, List or Map");
  }

  private static Object any(Object value) {
    return value instanceof Values.Fields fields ? fields.byName() : value;
  }

  private static Object require(boolean fits, Object value, Class<?> target) {
    if (!fits) {
      throw new Unfit("cannot become " + target.getSimpleName() + ": " + shown(value));
    }
    return value;
  }

  private static Conversion list(Conversion each) {
    return value -> {
      List<@Nullable Object> list = new ArrayList<>();
      for (Object element : (List<?>) require(value instanceof List, value, List.class)) {
        list.add(element == null ? null : each.apply(element));
      }
      return Collections.unmodifiableList(list);
    };
  }

  private static Conversion map(Conversion key, Conversion each) {
    return value -> {
      Map<Object, @Nullable Object> map = new LinkedHashMap<>();
      ((Map<?, ?>) require(value instanceof Map, value, Map.class))
          .forEach((k, v) -> map.put(key.apply(k), v == null ? null : each.apply(v)));
      return Collections.unmodifiableMap(map);
    };
  }

  private static Conversion enumeration(Class<?> target) {
    Map<String, Object> constants = new LinkedHashMap<>();
    for (Object constant : target.getEnumConstants()) {
      constants.put(((Enum<?>) constant).name(), constant);
    }
    return value -> {
      Object constant = constants.get(value.toString());
      if (constant == null || !(value instanceof String)) {
        throw new Unfit(
            "is "
                + shown(value)
                + ", but "
                + target.getSimpleName()
                + " has "
                + String.join(", ", constants.keySet()));
      }
      return constant;
    };
  }

  private static Conversion number(Class<?> target) {
    if (!Arrays.asList(
            Byte.class,
            Short.class,
            Integer.class,
            Long.class,
            Float.class,
            Double.class,
            BigInteger.class,
            BigDecimal.class)
        .contains(target)) {
      throw new IllegalArgumentException("type (" + target.getName() + ") is no number of a table");
    }
    return value -> {
      if (target.isInstance(value)) {
        return value;
      }
      require(value instanceof Number, value, target);
      boolean floating = value instanceof Double || value instanceof Float;
      Object number = floating ? fromFloating(value, target) : fromExact(value, target);
      if (number == null) {
        throw new Unfit("does not fit into " + target.getSimpleName() + ": " + shown(value));
      }
      return number;
    };
  }

  private static @Nullable Object fromFloating(Object value, Class<?> target) {
    double number = ((Number) value).doubleValue();
    if (target == Double.class) {
      return number;
    }
    float narrow = (float) number;
    return target == Float.class && Double.compare(narrow, number) == 0 ? narrow : null;
  }

  private static @Nullable Object fromExact(Object value, Class<?> target) {
    BigDecimal number = new BigDecimal(value.toString());
    try {
      if (target == Byte.class) {
        return number.byteValueExact();
      } else if (target == Short.class) {
        return number.shortValueExact();
      } else if (target == Integer.class) {
        return number.intValueExact();
      } else if (target == Long.class) {
        return number.longValueExact();
      } else if (target == BigInteger.class) {
        return number.toBigIntegerExact();
      } else if (target == BigDecimal.class) {
        return number;
      }
    } catch (ArithmeticException e) {
      return null;
    }
    // A fraction of ten is no fraction of two: what is written alike counts as the same.
    if (target == Double.class) {
      double nearest = number.doubleValue();
      return isSame(number, value, new BigDecimal(nearest), Double.toString(nearest))
          ? nearest
          : null;
    }
    float nearest = number.floatValue();
    return !Float.isInfinite(nearest)
            && isSame(number, value, new BigDecimal(nearest), Float.toString(nearest))
        ? nearest
        : null;
  }

  private static boolean isSame(BigDecimal number, Object value, BigDecimal exact, String written) {
    return number.compareTo(exact) == 0
        || value instanceof BigDecimal && number.compareTo(new BigDecimal(written)) == 0;
  }

  private static String shown(Object value) {
    String text = value instanceof byte[] bytes ? bytes.length + " bytes" : value.toString();
    String type = value instanceof Values.Fields ? "STRUCT" : value.getClass().getSimpleName();
    return Preview.tame(text, 60) + " (" + type + ")";
  }
}
