package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What was done, in a chain: each entry carries the hash of the one before it, and the head tells
 * how many there are and the hash of the last. Reading needs no lock.
 *
 * <p>An entry is also the write-ahead record of its own effect. Under the write lock the entry is
 * written first, then what follows from it (the alias moves, the version's record gets its
 * tombstone), and last the head. So an entry behind the head is what a writer has begun, there is
 * at most one, and it says all that is needed to finish: whoever takes the lock next does so.
 * Everything up to the head is done, and may be held against what the other records say.
 */
final class AuditLog {
  /** Well below what a record may have, for an effect says all that its entry does, and more. */
  static final int MAX_ENTRY_BYTES = 1 << 20;

  static final String ADOPTED = "adopted";
  static final String DELETED = "deleted";
  static final String COLLECTED = "collected";
  static final String EXPORTED = "exported";
  static final String IMPORTED = "imported";
  static final String REENCRYPTED = "reencrypted";
  static final String PROTECTED = "protected";

  /** The hash before the first entry. */
  static final ContentHash NOTHING = new ContentHash("0".repeat(64));

  private final Layout layout;
  private final Records records;
  private final WriteLock lock;
  private final RegistryOptions options;
  private final Clock clock;
  private final Map<String, Effect> effects = new HashMap<>();

  private final Signatures signatures;

  private @Nullable Opening opening;

  /** What the log was when this object last looked; guarded by the write lock. */
  private @Nullable Head known;

  AuditLog(
      Layout layout,
      Records records,
      WriteLock lock,
      RegistryOptions options,
      Signatures signatures) {
    this.layout = layout;
    this.records = records;
    this.lock = lock;
    this.options = options;
    this.clock = options.clock();
    this.signatures = signatures;
    lock.recoverBy(this::recover);
  }

  /** What follows from an entry. */
  @FunctionalInterface
  interface Effect {
    /** Does what the entry says, as far as it is not done. */
    void apply(AuditEntry entry) throws IOException;
  }

  /** What the first entry of a log has to say of the time before it. */
  @FunctionalInterface
  interface Opening {
    /** The details of an {@link #ADOPTED} entry; empty where there is nothing to adopt. */
    Map<String, String> details() throws IOException;
  }

  /** Says what follows from entries of an action; nothing follows from those of others. */
  void onEntry(String action, Effect effect) {
    effects.put(action, effect);
  }

  void onOpening(Opening opening) {
    this.opening = opening;
  }

  /** How many entries there are, and the hash of the last. */
  record Head(int number, ContentHash hash) {
    private static final Pattern TEXT = Pattern.compile("(0|[1-9][0-9]{0,8}):([0-9a-f]{64})");

    static Head parse(String text) {
      Matcher matcher = TEXT.matcher(text);
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "audit head ('"
                + Texts.abbreviated(text)
                + "') must be what Registry.auditHead() returned");
      }
      return new Head(Integer.parseInt(matcher.group(1)), new ContentHash(matcher.group(2)));
    }

    @Override
    public String toString() {
      return number + ":" + hash;
    }
  }

  /** As {@link #append(String, String, String, Map)}, by whoever acts now. */
  AuditEntry append(String action, String subject, Map<String, String> details) throws IOException {
    return append(options.actor(), action, subject, details);
  }

  /**
   * Appends an entry and does what follows from it. Takes the write lock, unless the caller has it.
   *
   * @throws IllegalArgumentException if the details are too large for an entry; nothing is done
   */
  AuditEntry append(String actor, String action, String subject, Map<String, String> details)
      throws IOException {
    return append(actor, action, subject, details, effect(action));
  }

  /** As {@link #append(String, String, String, Map)}, for callers who know a shorter way. */
  AuditEntry append(
      String actor, String action, String subject, Map<String, String> details, Effect effect)
      throws IOException {
    return lock.hold(
        () -> {
          Head head = requireKnown();
          if (head.number() == 0 && opening != null) {
            Map<String, String> before = opening.details();
            if (!before.isEmpty()) {
              head = write(head, actor, ADOPTED, "aliases", before, effect(ADOPTED)).head();
            }
          }
          return write(head, actor, action, subject, details, effect).entry();
        });
  }

  private record Written(AuditEntry entry, Head head) {}

  private Written write(
      Head head,
      String actor,
      String action,
      String subject,
      Map<String, String> details,
      Effect effect)
      throws IOException {
    AuditEntry unsigned =
        new AuditEntry(
            head.number() + 1,
            clock.instant(),
            actor,
            action,
            subject,
            details,
            head.hash(),
            NOTHING);
    ObjectNode json = toJson(unsigned);
    RecordSignature signature = signatures.signEntry(signed(unsigned));
    if (signature != null) {
      Json.put(json, signature);
    }
    byte[] record = Json.record(json);
    if (record.length > MAX_ENTRY_BYTES) {
      throw new IllegalArgumentException(
          "the size of the audit entry ("
              + record.length
              + " bytes, most of it the reason) must be <= "
              + MAX_ENTRY_BYTES);
    }
    DurableFiles.createFolders(layout.audit());
    Path file = layout.auditEntry(unsigned.number());
    records.write(file, record);
    AuditEntry entry = parse(file, record).entry();
    return new Written(entry, finish(entry, effect));
  }

  private Head finish(AuditEntry entry, Effect effect) throws IOException {
    effect.apply(entry);
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("number", entry.number());
    json.put("hash", entry.hash().hex());
    records.write(layout.auditHead(), Json.record(json));
    Head head = new Head(entry.number(), entry.hash());
    known = head;
    return head;
  }

  private Effect effect(String action) {
    return effects.getOrDefault(action, entry -> {});
  }

  /** Whether a writer has begun something: it works on it, or died over it. */
  boolean isPending() throws IOException {
    return Files.exists(layout.auditEntry(head().number() + 1));
  }

  /** Finishes what a writer began who died. Called first thing under the write lock. */
  private void recover() throws IOException {
    Head last = known;
    if (last != null && !Files.exists(layout.auditEntry(last.number() + 1))) {
      return;
    }
    Head head = requireKnown();
    Optional<Logged> pending = find(head.number() + 1);
    if (pending.isPresent()) {
      AuditEntry entry = pending.get().entry();
      if (!entry.previous().equals(head.hash())) {
        throw altered(layout.auditEntry(entry.number()), "it does not follow the entry before it");
      }
      Optional<String> objection = objection(pending.get());
      if (objection.isPresent()) {
        throw new MlInfraException(ErrorCode.SIGNATURE_REFUSED, objection.get());
      }
      finish(entry, effect(entry.action()));
    } else {
      known = head;
    }
  }

  /** The head; it has not gone back since this object last looked. */
  private Head requireKnown() throws IOException {
    Head head = head();
    Head last = known;
    if (last != null
        && (head.number() < last.number()
            || head.number() == last.number() && !head.equals(last))) {
      throw altered(layout.auditHead(), "it was " + last + " and is " + head);
    }
    return head;
  }

  Head head() throws IOException {
    Path file = layout.auditHead();
    Optional<byte[]> bytes = records.read(file);
    if (bytes.isEmpty()) {
      if (Files.exists(layout.auditEntry(2)) && records.read(file).isEmpty()) {
        throw new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " is missing");
      }
      return new Head(0, NOTHING);
    }
    Fields fields = Fields.parseRecord(file.toString(), bytes.get());
    return new Head(fields.integer("number"), hash(file, fields, "hash"));
  }

  /**
   * All entries, oldest first, but for one whose writer is not done.
   *
   * @throws MlInfraException {@link ErrorCode#CONTENT_ALTERED} if they do not make a chain up to
   *     the head
   */
  List<AuditEntry> entries() throws IOException {
    Reading reading =
        read(
            problem -> {
              throw new MlInfraException(ErrorCode.CONTENT_ALTERED, problem);
            });
    return reading.entries().stream().map(Logged::entry).toList();
  }

  /** An entry with its signature, where somebody signs. */
  record Logged(AuditEntry entry, @Nullable RecordSignature signature) {}

  /** Why an entry is not to be believed; empty if it is. */
  private Optional<String> objection(Logged logged) {
    return signatures.objectionToEntry(
        layout.auditEntry(logged.entry().number()).toString(),
        signed(logged.entry()),
        logged.signature());
  }

  /**
   * @param head how far the log is done
   * @param entries those up to the head that could be read
   * @param pending the one behind it, where there is one
   */
  record Reading(Head head, List<Logged> entries, Optional<AuditEntry> pending) {}

  /** Reads the log and tells of what does not fit. */
  Reading read(Consumer<String> problems) throws IOException {
    Head head;
    try {
      head = head();
    } catch (MlInfraException e) {
      problems.accept(String.valueOf(e.getMessage()));
      List<Integer> numbers = Layout.numbers(layout.audit());
      head = new Head(numbers.isEmpty() ? 0 : numbers.get(numbers.size() - 1), NOTHING);
    }
    List<Logged> entries = new ArrayList<>();
    ContentHash previous = NOTHING;
    for (int number = 1; number <= head.number(); number++) {
      Optional<Logged> found = look(number, problems);
      if (found.isPresent()) {
        AuditEntry entry = found.get().entry();
        // Where one cannot be read, that is the problem, not that the next does not follow it.
        if (previous != null && !entry.previous().equals(previous)) {
          problems.accept(
              layout.auditEntry(number) + " was altered: it does not follow the entry before it");
        }
        objection(found.get()).ifPresent(problems);
        previous = entry.hash();
        entries.add(found.get());
      } else {
        previous = null;
      }
    }
    if (previous != null && !head.hash().equals(NOTHING) && !head.hash().equals(previous)) {
      problems.accept(
          layout.auditHead() + " or the last entry was altered: the head's hash is another's");
    }
    Optional<AuditEntry> pending = Optional.empty();
    if (Files.exists(layout.auditEntry(head.number() + 1))) {
      Optional<Logged> behind = look(head.number() + 1, problems);
      behind.flatMap(this::objection).ifPresent(problems);
      pending = behind.map(Logged::entry);
      if (pending.isPresent() && !pending.get().previous().equals(head.hash())) {
        problems.accept(
            layout.auditEntry(head.number() + 1)
                + " was altered: it does not follow the entry before it");
      }
    }
    return new Reading(head, entries, pending);
  }

  private Optional<Logged> look(int number, Consumer<String> problems) throws IOException {
    Optional<Logged> found;
    try {
      found = find(number);
    } catch (MlInfraException e) {
      problems.accept(String.valueOf(e.getMessage()));
      return Optional.empty();
    }
    if (found.isEmpty()) {
      problems.accept(layout.auditEntry(number) + " is missing");
    }
    return found;
  }

  private Optional<Logged> find(int number) throws IOException {
    Path file = layout.auditEntry(number);
    Optional<byte[]> bytes = records.read(file);
    if (bytes.isEmpty()) {
      return Optional.empty();
    }
    Logged found = parse(file, bytes.get());
    if (found.entry().number() != number) {
      throw altered(file, "it is entry " + found.entry().number());
    }
    return Optional.of(found);
  }

  private static Logged parse(Path file, byte[] bytes) {
    Fields fields = Fields.parseRecord(file.toString(), bytes);
    return new Logged(
        new AuditEntry(
            fields.integer("number"),
            fields.instant("at"),
            fields.text("actor"),
            fields.text("action"),
            fields.text("subject"),
            fields.texts("details"),
            hash(file, fields, "previous"),
            ContentHash.of(bytes)),
        fields.signature());
  }

  private static ObjectNode toJson(AuditEntry entry) {
    ObjectNode json = Json.object();
    json.put("schema", Json.SCHEMA);
    json.put("number", entry.number());
    json.put("at", entry.at().toString());
    json.put("actor", entry.actor());
    json.put("action", entry.action());
    json.put("subject", entry.subject());
    Json.put(json.putObject("details"), entry.details());
    json.put("previous", entry.previous().hex());
    return json;
  }

  /** What a signature of an entry is of: all that it says, the hash of the one before it too. */
  static byte[] signed(AuditEntry entry) {
    return Json.compact(toJson(entry));
  }

  static ContentHash hash(Path file, Fields fields, String field) {
    try {
      return new ContentHash(fields.text(field));
    } catch (IllegalArgumentException e) {
      throw new MlInfraException(
          ErrorCode.FILE_UNREADABLE, file + " cannot be read: " + e.getMessage(), e);
    }
  }

  /** A version as details say it. */
  static String text(VersionId id) {
    return id.kind().label() + "/" + id.name() + "/" + id.number() + "/" + id.hash();
  }

  /** A version that the details of an entry name; empty if there is no such detail. */
  Optional<VersionId> version(AuditEntry entry, String key) {
    String text = entry.details().get(key);
    if (text == null) {
      return Optional.empty();
    }
    String[] parts = text.split("/", -1);
    for (Kind kind : Kind.values()) {
      if (parts.length == 4 && kind.label().equals(parts[0])) {
        try {
          return Optional.of(
              new VersionId(kind, parts[1], Integer.parseInt(parts[2]), new ContentHash(parts[3])));
        } catch (IllegalArgumentException e) {
          throw unusable(entry, key, e);
        }
      }
    }
    throw unusable(entry, key, null);
  }

  /** A detail that entries of this action have. */
  String detail(AuditEntry entry, String key) {
    String text = entry.details().get(key);
    if (text == null) {
      throw unusable(entry, key, null);
    }
    return text;
  }

  MlInfraException unusable(AuditEntry entry, String key, @Nullable Throwable cause) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE,
        layout.auditEntry(entry.number())
            + " cannot be read: the detail '"
            + key
            + "' of an entry '"
            + entry.action()
            + "' is not there or not what it should be",
        cause);
  }

  private static MlInfraException altered(Path file, String why) {
    return new MlInfraException(ErrorCode.CONTENT_ALTERED, file + " was altered: " + why);
  }

  /** Details in the order that they are written. */
  static Map<String, String> details() {
    return new TreeMap<>();
  }
}
