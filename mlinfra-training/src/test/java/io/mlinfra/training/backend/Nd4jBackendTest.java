package io.mlinfra.training.backend;

class Nd4jBackendTest extends BackendContract {
  @Override
  Backend open() {
    return Nd4jBackend.open();
  }
}
