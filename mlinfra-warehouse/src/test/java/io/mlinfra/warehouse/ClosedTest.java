package io.mlinfra.warehouse;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Array;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClosedTest {
  @TempDir Path folder;

  /** Made by a warehouse, and used after it. */
  private static final List<String> HARMLESS =
      List.of("sql", "close", "toString", "equals", "hashCode");

  @Test
  void everyMethodOfAClosedWarehouseSaysSo() throws Exception {
    Warehouse warehouse = Warehouse.open(folder.resolve("w.db"));
    warehouse.execute("CREATE TABLE t AS SELECT 1 AS i");
    warehouse.close();
    warehouse.close();
    TreeSet<String> tried = new TreeSet<>();
    try (BufferAllocator allocator = new RootAllocator();
        io.mlinfra.registry.Registry registry =
            io.mlinfra.registry.Registry.open(folder.resolve("registry"))) {
      for (Method method : Warehouse.class.getDeclaredMethods()) {
        if (!Modifier.isPublic(method.getModifiers())
            || Modifier.isStatic(method.getModifiers())
            || method.isSynthetic()
            || HARMLESS.contains(method.getName())) {
          continue;
        }
        Object[] arguments = new Object[method.getParameterCount()];
        for (int i = 0; i < arguments.length; i++) {
          arguments[i] = argument(method.getParameterTypes()[i], allocator, registry);
        }
        if (java.util.Arrays.asList(arguments).contains(null)) {
          continue;
        }
        tried.add(method.getName());
        assertSaysClosed(method, warehouse, arguments);
      }
    }
    assertThat(tried)
        .contains("load", "query", "execute", "floats", "tables", "schema", "rows", "dataSource");
  }

  private static void assertSaysClosed(Method method, Warehouse warehouse, Object[] arguments)
      throws IllegalAccessException {
    try {
      method.invoke(warehouse, arguments);
      assertThat(method).as("did not throw").isNull();
    } catch (InvocationTargetException e) {
      assertThat(e.getCause())
          .as("%s", method)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("Warehouse 'w.db' is closed");
    }
  }

  /** Null for what another test has to try. */
  private static Object argument(
      Class<?> type, BufferAllocator allocator, io.mlinfra.registry.Registry registry) {
    if (type == String.class) {
      return "t";
    } else if (type == Source.class) {
      return Source.query("SELECT 1");
    } else if (type == Load.class) {
      return Load.append();
    } else if (type == BufferAllocator.class) {
      return allocator;
    } else if (type == io.mlinfra.registry.Registry.class) {
      return registry;
    } else if (type.isArray()) {
      return Array.newInstance(type.getComponentType(), 0);
    }
    return null;
  }
}
