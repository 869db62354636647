package io.mlinfra.registry;

import io.mlinfra.core.model.Model;

/** What a trainer hands over: a model and how it came about. */
public interface Candidate {
  /** The model. */
  Model model();

  /** How it was trained. */
  Run run();
}
