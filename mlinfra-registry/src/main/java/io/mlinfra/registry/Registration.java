package io.mlinfra.registry;

import io.mlinfra.core.version.Kind;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Something to be registered, with what belongs to it. Not thread-safe.
 *
 * <pre>{@code
 * Version flights =
 *     registry.register(
 *         Registration.of(Kind.DATASET, "flights")
 *             .content(Path.of("flights.parquet"))
 *             .property("source", "the airport's own table")
 *             .attach("readme.md", readme));
 * }</pre>
 */
public final class Registration {
  /** Where bytes come from; they may be asked for more than once. */
  interface Content {
    InputStream open() throws IOException;
  }

  /** An attachment of a version that is there. */
  record Shared(Version from, String attachment) {}

  private final Kind kind;
  private final String name;
  private @Nullable Content content;
  private final Map<String, String> properties = new TreeMap<>();
  private final Map<String, Content> attachments = new TreeMap<>();
  private final Map<String, Shared> shared = new TreeMap<>();
  private List<Version> madeFrom = List.of();
  private @Nullable RecordSignature signature;

  private Registration(Kind kind, String name) {
    this.kind = Objects.requireNonNull(kind, "kind");
    this.name = FileNames.require(kind.label() + " name", name);
  }

  /**
   * Starts one.
   *
   * @throws IllegalArgumentException if the name cannot be a file name everywhere
   */
  public static Registration of(Kind kind, String name) {
    return new Registration(kind, name);
  }

  /** What is registered; its hash is the version's. */
  public Registration content(byte[] content) {
    Objects.requireNonNull(content, "content");
    return content(() -> new ByteArrayInputStream(content));
  }

  /** As {@link #content(byte[])}: a file of any size, read when it is registered. */
  public Registration content(Path file) {
    Objects.requireNonNull(file, "file");
    return content(() -> BlobStore.open(file));
  }

  Registration content(Content content) {
    this.content = content;
    return this;
  }

  /** A text about it, any Unicode. */
  public Registration property(String key, String value) {
    Texts.requireUnicode("property name", key);
    properties.put(key, Texts.requireUnicode("property '" + Texts.abbreviated(key) + "'", value));
    return this;
  }

  /** As {@link #property}, for each entry. */
  public Registration properties(Map<String, String> properties) {
    properties.forEach(this::property);
    return this;
  }

  /** The versions of the same registry that it was made from. */
  public Registration madeFrom(List<Version> versions) {
    this.madeFrom = List.copyOf(versions);
    return this;
  }

  /** As {@link #madeFrom(List)}. */
  public Registration madeFrom(Version... versions) {
    return madeFrom(List.of(versions));
  }

  /**
   * A file that belongs to it without being it: an input example, a report.
   *
   * @param name such as {@code input-example.json}
   * @throws IllegalArgumentException if the name cannot be a file name everywhere
   */
  public Registration attach(String name, byte[] content) {
    Objects.requireNonNull(content, "content");
    return attach(name, () -> new ByteArrayInputStream(content));
  }

  /** As {@link #attach(String, byte[])}: a file of any size, read when it is registered. */
  public Registration attach(String name, Path file) {
    Objects.requireNonNull(file, "file");
    return attach(name, () -> BlobStore.open(file));
  }

  /**
   * As {@link #attach(String, byte[])}: what is attached to a version of the same registry already.
   * Its bytes are neither read nor written again, which also means that nobody looks whether they
   * are still what they were.
   *
   * @param from a version of any kind and name
   * @param attachment the name that it has there
   */
  public Registration attach(String name, Version from, String attachment) {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(attachment, "attachment");
    FileNames.require("attachment name", name);
    attachments.remove(name);
    shared.put(name, new Shared(from, attachment));
    return this;
  }

  Registration attach(String name, Content content) {
    attachments.put(FileNames.require("attachment name", name), content);
    shared.remove(name);
    return this;
  }

  /**
   * Has it registered as somebody signed it elsewhere, instead of being signed here: for imports.
   */
  Registration signature(@Nullable RecordSignature signature) {
    this.signature = signature;
    return this;
  }

  @Nullable RecordSignature signature() {
    return signature;
  }

  Kind kind() {
    return kind;
  }

  String name() {
    return name;
  }

  Content content() {
    if (content == null) {
      throw new IllegalArgumentException(
          "the registration of " + kind.label() + " '" + name + "' must have a content");
    }
    return content;
  }

  Map<String, String> properties() {
    return properties;
  }

  Map<String, Content> attachments() {
    return attachments;
  }

  Map<String, Shared> shared() {
    return shared;
  }

  List<Version> madeFrom() {
    return madeFrom;
  }

  @Override
  public String toString() {
    return "Registration[" + kind.label() + " " + name + "]";
  }
}
