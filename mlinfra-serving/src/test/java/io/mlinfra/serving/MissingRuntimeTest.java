package io.mlinfra.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;

class MissingRuntimeTest {
  @Test
  void namesTheArtifactWhenOnnxRuntimeIsNotOnTheClassPath() throws Exception {
    try (URLClassLoader without = classPathWithoutOnnxRuntime()) {
      Class<?> host = without.loadClass(Host.class.getName());
      Assertions.assertThatThrownBy(() -> host.getDeclaredMethod("open").invoke(null))
          .isInstanceOf(InvocationTargetException.class)
          .cause()
          .hasMessageContaining("com.microsoft.onnxruntime:onnxruntime")
          .satisfies(
              e -> {
                assertThat(e.getClass().getSimpleName()).isEqualTo("MlInfraException");
                Object code = e.getClass().getMethod("code").invoke(e);
                assertThat(code).hasToString("ARTIFACT_MISSING");
              });
    }
  }

  private static URLClassLoader classPathWithoutOnnxRuntime() throws IOException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      if (!entry.contains("onnxruntime")) {
        urls.add(Path.of(entry).toUri().toURL());
      }
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  /** Loaded once more, beside its class path's own copy of everything. */
  public static final class Host {
    private Host() {}

    public static void open() {
      Scorer.open(Models.times(2)).close();
    }
  }
}
