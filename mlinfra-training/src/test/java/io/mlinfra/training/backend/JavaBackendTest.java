package io.mlinfra.training.backend;

class JavaBackendTest extends BackendContract {
  @Override
  Backend open() {
    return JavaBackend.open();
  }
}
