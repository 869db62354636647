package io.mlinfra.features.online;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MissingJedisTest {
  @ParameterizedTest
  @ValueSource(strings = {"jedis", "commons-pool2"})
  void namesTheArtifactWhereJedisOrAPartOfItIsMissing(String jar) throws Exception {
    try (URLClassLoader without = classPathWithout(jar)) {
      Class<?> host = without.loadClass(Host.class.getName());
      assertThatThrownBy(() -> host.getDeclaredMethod("open").invoke(null))
          .isInstanceOf(InvocationTargetException.class)
          .cause()
          .hasMessageContaining("redis.clients:jedis")
          .satisfies(
              e -> {
                assertThat(e.getClass().getSimpleName()).isEqualTo("MlInfraException");
                Object code = e.getClass().getMethod("code").invoke(e);
                assertThat(code).hasToString("ARTIFACT_MISSING");
              });
    }
  }

  private static URLClassLoader classPathWithout(String jar) throws IOException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!Path.of(entry).getFileName().toString().startsWith(jar)) {
        urls.add(Path.of(entry).toUri().toURL());
      }
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  /** Loaded once more, beside its class path's own copy of everything. */
  public static final class Host {
    private Host() {}

    public static void open() {
      RedisStorage.open(URI.create("redis://127.0.0.1:1"), "p").close();
    }
  }
}
