package io.mlinfra.registry;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import io.mlinfra.registry.VersionStore.Stored;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** The reports on the versions of models; they go by the model's name. Reading needs no lock. */
final class Evaluations {
  private final Registrar registrar;
  private final VersionStore versions;
  private final BlobStore blobs;
  private final Signatures signatures;

  Evaluations(Registrar registrar, VersionStore versions, BlobStore blobs, Signatures signatures) {
    this.registrar = registrar;
    this.versions = versions;
    this.blobs = blobs;
    this.signatures = signatures;
  }

  Version register(VersionId model, EvaluationReport report) throws IOException {
    byte[] samples = EvaluationFormat.samples(report);
    List<Version> madeFrom = new ArrayList<>();
    madeFrom.add(versions.require(model).version());
    for (VersionId id : report.data()) {
      madeFrom.add(versions.require(id).version());
    }
    Registration registration =
        Registration.of(Kind.EVALUATION, model.name())
            .content(EvaluationFormat.json(model, report, samples))
            .madeFrom(madeFrom);
    if (samples.length > 0) {
      registration.attach(EvaluationFormat.ATTACHMENT, samples);
    }
    return registrar.register(registration);
  }

  /** The reports on a version of a model that may be believed, oldest first. */
  List<Stored> of(VersionId model) throws IOException {
    List<Stored> found = new ArrayList<>();
    for (int number : versions.numbers(Kind.EVALUATION, model.name())) {
      versions
          .find(Kind.EVALUATION, model.name(), number)
          .filter(stored -> isOn(stored, model) && signatures.objection(stored).isEmpty())
          .ifPresent(found::add);
    }
    return found;
  }

  private static boolean isOn(Stored stored, VersionId model) {
    List<VersionId> madeFrom = stored.version().madeFrom();
    return !madeFrom.isEmpty() && isSame(madeFrom.get(0), model);
  }

  /** A report that was imported says the number that the model had where it was made. */
  private static boolean isSame(VersionId one, VersionId other) {
    return one.kind() == other.kind()
        && one.name().equals(other.name())
        && one.hash().equals(other.hash());
  }

  Optional<EvaluationReport> newest(VersionId model) throws IOException {
    List<Stored> all = of(model);
    return all.isEmpty() ? Optional.empty() : Optional.of(read(all.get(all.size() - 1)));
  }

  /** The newest report on a model that is over the same rows as another report. */
  Optional<EvaluationReport> newestOverRowsOf(EvaluationReport other, List<Stored> reports)
      throws IOException {
    List<Stored> newestFirst = new ArrayList<>(reports);
    Collections.reverse(newestFirst);
    for (Stored stored : newestFirst) {
      EvaluationFormat.Head head = head(stored);
      if (head.rows().equals(other.rows()) && head.rowCount() == other.rowCount()) {
        return Optional.of(read(stored, head));
      }
    }
    return Optional.empty();
  }

  EvaluationReport read(Stored stored) throws IOException {
    return read(stored, head(stored));
  }

  private EvaluationFormat.Head head(Stored stored) throws IOException {
    VersionId id = signatures.require(stored).version().id();
    EvaluationFormat.Head head =
        EvaluationFormat.head("the content of " + id, blobs.read(stored.blob(), id.toString()));
    if (!isOn(stored, head.model())) {
      throw altered(id, "the report is on " + head.model());
    }
    return head;
  }

  private EvaluationReport read(Stored stored, EvaluationFormat.Head head) {
    return head.report(() -> samples(stored, head.samples()));
  }

  private byte[] samples(Stored stored, ContentHash hash) {
    VersionId id = stored.version().id();
    BlobStore.Blob blob = stored.attachments().get(EvaluationFormat.ATTACHMENT);
    if (blob == null || !blob.hash().equals(hash)) {
      throw altered(id, "it does not have the samples of the report");
    }
    try {
      return blobs.read(blob, "'" + EvaluationFormat.ATTACHMENT + "' of " + id);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static MlInfraException altered(VersionId id, String why) {
    return new MlInfraException(
        ErrorCode.CONTENT_ALTERED, "the record of " + id + " was altered: " + why);
  }
}
