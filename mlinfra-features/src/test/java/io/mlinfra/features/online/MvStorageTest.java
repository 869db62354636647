package io.mlinfra.features.online;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class MvStorageTest extends StorageContract {
  @TempDir Path folder;

  @Override
  protected Storage open() {
    return MvStorage.open(folder.resolve("online.store"));
  }
}
