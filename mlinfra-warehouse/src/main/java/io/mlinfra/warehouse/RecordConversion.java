package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Makes records of named values. Immutable. */
final class RecordConversion implements Conversion {
  private final Class<?> type;
  private final Constructor<?> constructor;
  private final List<Component> components;

  private record Component(String name, boolean primitive, Conversion conversion) {}

  private RecordConversion(Class<?> type, Constructor<?> constructor, List<Component> components) {
    this.type = type;
    this.constructor = constructor;
    this.components = components;
  }

  static RecordConversion of(Class<?> type, List<Class<?>> within) {
    if (within.contains(type)) {
      throw new IllegalArgumentException(type.getSimpleName() + " must not contain itself");
    }
    List<Class<?>> inside = new ArrayList<>(within);
    inside.add(type);
    List<Component> components = new ArrayList<>();
    for (RecordComponent declared : type.getRecordComponents()) {
      String name = declared.getName();
      try {
        Conversion conversion = Conversion.to(declared.getGenericType(), inside);
        components.add(new Component(name, declared.getType().isPrimitive(), conversion));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "component '" + name + "' of " + type.getSimpleName() + ": " + e.getMessage(), e);
      }
    }
    Class<?>[] types =
        Arrays.stream(type.getRecordComponents())
            .map(RecordComponent::getType)
            .toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return new RecordConversion(type, constructor, components);
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw new IllegalArgumentException(
          "record " + type.getName() + " must be open to io.mlinfra.warehouse: " + e, e);
    }
  }

  /**
   * Which of the names goes into which component.
   *
   * @throws Unfit if one is missing, left over or there twice
   */
  int[] match(List<String> names) {
    Map<String, Integer> byKey = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      Integer other = byKey.put(key(names.get(i)), i);
      if (other != null) {
        throw new Unfit("'" + names.get(other) + "' and '" + names.get(i) + "' are alike");
      }
    }
    int[] columns = new int[components.size()];
    List<String> missing = new ArrayList<>();
    for (int i = 0; i < columns.length; i++) {
      Integer column = byKey.remove(key(components.get(i).name()));
      if (column == null) {
        missing.add(components.get(i).name());
      } else {
        columns[i] = column;
      }
    }
    if (!missing.isEmpty() || !byKey.isEmpty()) {
      List<String> extra = byKey.values().stream().map(names::get).toList();
      throw new Unfit(
          "do not fit "
              + type.getSimpleName()
              + (missing.isEmpty() ? "" : "; there is none for " + String.join(", ", missing))
              + (extra.isEmpty() ? "" : "; it has no component for " + String.join(", ", extra))
              + "; there are "
              + String.join(", ", names));
    }
    return columns;
  }

  /**
   * A record of values in the components' order.
   *
   * @throws Unfit naming the column whose value does not fit
   */
  Object make(@Nullable Object[] values) {
    @Nullable Object[] arguments = new @Nullable Object[values.length];
    for (int i = 0; i < values.length; i++) {
      Component component = components.get(i);
      Object value = values[i];
      if (value == null) {
        if (component.primitive()) {
          throw new Unfit(
              "'"
                  + component.name()
                  + "' is NULL, which the primitive component of "
                  + type.getSimpleName()
                  + " cannot be");
        }
      } else {
        try {
          arguments[i] = component.conversion().apply(value);
        } catch (Unfit e) {
          throw new Unfit("'" + component.name() + "' " + e.getMessage());
        }
      }
    }
    try {
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      throw new MlInfraException(
          ErrorCode.DATA_UNSUITABLE,
          type.getSimpleName() + " refuses its values: " + e.getCause(),
          e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException("record " + type.getName() + " cannot be made: " + e, e);
    }
  }

  /** Makes one of a STRUCT. */
  @Override
  public Object apply(Object value) {
    if (!(value instanceof Values.Fields fields)) {
      throw new Unfit("is no STRUCT, so that it cannot become " + type.getSimpleName());
    }
    List<String> names = List.copyOf(fields.byName().keySet());
    int[] columns;
    try {
      columns = match(names);
    } catch (Unfit e) {
      throw new Unfit("has fields that " + e.getMessage());
    }
    @Nullable Object[] values = new @Nullable Object[columns.length];
    for (int i = 0; i < columns.length; i++) {
      values[i] = fields.byName().get(names.get(columns[i]));
    }
    try {
      return make(values);
    } catch (Unfit e) {
      throw new Unfit("has a field that does not fit: " + e.getMessage());
    }
  }

  private static String key(String name) {
    return name.replace("_", "").toLowerCase(Locale.ROOT);
  }
}
