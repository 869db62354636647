package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.registerModel;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.mlinfra.core.version.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadCacheTest {
  @TempDir Path folder;

  @Test
  void givesAValueAgainOnlyForTheSameFileTheSameBytesAndTheSameType() {
    ReadCache cache = new ReadCache(10, 1000);
    Path file = folder.resolve("a");
    cache.keep(file, utf8("bytes"), "value");

    assertThat(cache.find(file, utf8("bytes"), String.class)).contains("value");
    assertThat(cache.find(file, utf8("bytes"), Integer.class)).isEmpty();
    assertThat(cache.find(file, utf8("other"), String.class)).isEmpty();
    assertThat(cache.find(folder.resolve("b"), utf8("bytes"), String.class)).isEmpty();
    cache.keep(file, utf8("other"), "new");
    assertThat(cache.find(file, utf8("bytes"), String.class)).isEmpty();
    assertThat(cache.find(file, utf8("other"), String.class)).contains("new");
  }

  @Test
  void forgetsWhatWasReadLongestAgo() {
    ReadCache cache = new ReadCache(3, 1000);
    for (int i = 0; i < 3; i++) {
      keep(cache, i, 1);
    }
    assertThat(find(cache, 0, 1)).contains(0);
    keep(cache, 3, 1);

    assertThat(find(cache, 1, 1)).isEmpty();
    assertThat(find(cache, 0, 1)).contains(0);
    assertThat(find(cache, 2, 1)).contains(2);
    assertThat(find(cache, 3, 1)).contains(3);
  }

  @Test
  void holdsNoMoreBytesThanItMayHoweverOftenTheyChange() {
    ReadCache cache = new ReadCache(100, 800);
    for (int size = 1; size <= 100; size++) {
      keep(cache, 0, size);
    }
    for (int i = 1; i <= 7; i++) {
      keep(cache, i, 100);
    }
    assertThat(find(cache, 0, 100)).contains(0);
    keep(cache, 8, 100);
    assertThat(find(cache, 1, 100)).isEmpty();
    assertThat(find(cache, 0, 100)).contains(0);

    keep(cache, 9, 101);
    assertThat(find(cache, 9, 101)).isEmpty();
    assertThat(find(cache, 0, 100)).contains(0);
  }

  @Test
  void neverHidesThatAFileHasChanged() throws IOException {
    RegistryOptions noon =
        RegistryOptions.builder().clock(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC)).build();
    try (Registry registry = Registry.open(folder, noon);
        Registry other = Registry.open(folder, noon)) {
      Version one = registerModel(registry, "m", "1");
      Version two = registerModel(registry, "m", "2");
      registry.promote("m", "champion", two);
      registry.promote("m", "champion", one);
      Path alias = folder.toRealPath().resolve("aliases/m/champion.json");
      FileTime time = Files.getLastModifiedTime(alias);
      assertThat(registry.version(Kind.MODEL, "m@champion")).isEqualTo(one);
      long size = Files.size(alias);

      other.promote("m", "champion", two);
      Files.setLastModifiedTime(alias, time);
      // Neither its size nor its time tells.
      assertThat(alias).hasSize(size);
      assertThat(registry.version(Kind.MODEL, "m@champion")).isEqualTo(two);
      Files.delete(alias);
      assertThat(registry.alias("m", "champion")).isEmpty();
    }
  }

  private void keep(ReadCache cache, int i, int size) {
    cache.keep(folder.resolve("" + i), new byte[size], i);
  }

  private Optional<Integer> find(ReadCache cache, int i, int size) {
    return cache.find(folder.resolve("" + i), new byte[size], Integer.class);
  }
}
