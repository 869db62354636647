package io.mlinfra.registry;

import static io.mlinfra.registry.Bundles.changed;
import static io.mlinfra.registry.Bundles.registerDiamond;
import static io.mlinfra.registry.Fixtures.filesBelow;
import static io.mlinfra.registry.Fixtures.utf8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.Lineage;
import io.mlinfra.registry.Bundles.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles that somebody, or something, has changed. */
class BundleDamageTest {
  @TempDir Path parent;
  private Path good;
  private Path bad;
  private Version root;
  private Lineage lineage;

  @BeforeEach
  void export() {
    good = parent.resolve("good.zip");
    bad = parent.resolve("bad.zip");
    try (Registry origin = Registry.open(parent.resolve("origin"))) {
      root = registerDiamond(origin);
      lineage = origin.lineage(root);
      origin.exportBundle(root, good);
    }
  }

  @Test
  void findsAFlippedBitInAnyByteOrTakesNoHarm() throws IOException {
    try (Registry origin = Registry.open(parent.resolve("origin"))) {
      root =
          origin.register(
              Registration.of(Kind.MODEL, "small")
                  .content(utf8("a model"))
                  .attach("a", utf8("x"))
                  .madeFrom(origin.version(Kind.DATASET, "flights")));
      lineage = origin.lineage(root);
      origin.exportBundle(root, good);
    }
    byte[] whole = Files.readAllBytes(good);
    int end = whole.length - 22;
    int directory = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt(end + 16);
    Random random = new Random(7);
    int harmless = 0;
    for (int i = 0; i < whole.length; i++) {
      if (i > directory && i < end && i % 31 != 0) {
        continue; // the directory at the end, of which nothing is read: a sample will do
      }
      byte[] flipped = whole.clone();
      flipped[i] ^= (byte) (1 << random.nextInt(8));
      Files.write(bad, flipped);
      if (!isRefused("byte " + i)) {
        harmless++;
      }
    }
    // Such as the dates of the entries.
    assertThat(harmless).isBetween(1, whole.length / 10);
  }

  @Test
  void refusesABundleThatIsCutOffAnywhere() throws IOException {
    byte[] whole = Files.readAllBytes(good);
    for (int length = 0; length < whole.length; length++) {
      Files.write(bad, Arrays.copyOf(whole, length));
      assertThat(isRefused("length " + length)).isTrue();
    }
    Files.write(bad, Arrays.copyOf(whole, whole.length + 1));
    assertThat(isRefused("a byte more")).isTrue();
  }

  /** Whether the bundle was refused; otherwise it was as good as the original. */
  private boolean isRefused(String what) throws IOException {
    Path folder = parent.resolve("target");
    try (Registry target = Registry.open(folder)) {
      try {
        Version imported = target.importBundle(bad);
        assertThat(imported).as(what).isEqualTo(root);
        assertThat(target.lineage(imported).sources()).as(what).isEqualTo(lineage.sources());
        assertThat(target.verify().problems()).as(what).isEmpty();
      } catch (MlInfraException e) {
        assertThat(e).as(what).hasMessageContaining(bad.toString());
        assertThat(Set.of(ErrorCode.FILE_UNREADABLE, ErrorCode.CONTENT_ALTERED))
            .as(what)
            .contains(e.code());
        assertThat(filesBelow(folder)).as(what).isSubsetOf(filesOfAnEmptyOne(folder));
        return true;
      }
    }
    delete(folder);
    return false;
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  @Test
  void refusesWhatIsNoBundle() throws IOException {
    Files.writeString(bad, "");
    assertRefused("ends unlike a zip file");
    Files.writeString(bad, "some text that is much longer than the end of any zip file");
    assertRefused("ends unlike a zip file");
    Bundles.write(bad, List.of());
    assertRefused("'manifest.json' is missing");
    Bundles.write(bad, List.of(new Entry("readme.txt", utf8("hello"))));
    assertRefused("'readme.txt' where 'manifest.json' should be");
    Bundles.write(bad, List.of(new Entry("manifest.json", utf8("hello"))));
    assertRefused("'manifest.json' in '" + bad + "' cannot be read: it is not JSON");
  }

  @Test
  void refusesEntriesThatAreMissingThereTwiceOutOfPlaceOrTooMany() throws IOException {
    List<Entry> entries = Bundles.entries(good);
    for (int i = 0; i < entries.size(); i++) {
      List<Entry> without = new ArrayList<>(entries);
      Entry removed = without.remove(i);
      Bundles.write(bad, without);
      assertRefused(removed.name());

      List<Entry> more = new ArrayList<>(entries);
      more.add(i, new Entry("../../../evil.json", utf8("evil")));
      Bundles.write(bad, more);
      assertRefused("'../../../evil.json'");

      if (i > 0) {
        List<Entry> moved = new ArrayList<>(without);
        moved.add(i - 1, removed);
        Bundles.write(bad, moved);
        assertRefused("where");
      }
    }
    List<Entry> more = new ArrayList<>(entries);
    more.add(new Entry("versions/model/delay/2.json", entries.get(entries.size() - 1).bytes()));
    Bundles.write(bad, more);
    assertRefused("'versions/model/delay/2.json', which its manifest does not name");

    // Java's writer refuses two entries of one name; a name of the same length is made it later.
    more = new ArrayList<>(entries);
    more.add(1, new Entry("manifest.jsoN", entries.get(0).bytes()));
    Bundles.write(bad, more);
    Files.write(bad, Bundles.replaced(Files.readAllBytes(bad), "manifest.jsoN", "manifest.json"));
    assertRefused("it has 'manifest.json' where 'blobs/");
  }

  @Test
  void neverUnpacksMoreThanItsOwnSize() throws IOException {
    byte[] zeros = new byte[10_000_000];
    byte[] record = record("bomb", zeros.length, ContentHash.of(zeros));
    Bundles.forge(bad, List.of(zeros), List.of(record));
    List<Entry> entries = Bundles.entries(bad);
    Bundles.write(bad, entries, ZipEntry.DEFLATED);
    assertThat(Files.size(bad)).isLessThan(100_000);
    assertRefused("compressed");

    // An entry that has more bytes than its record says.
    record = record("bomb", 3, ContentHash.of(zeros));
    Bundles.forge(bad, List.of(zeros), List.of(record));
    assertRefused("it lacks content of model bomb:1");
  }

  @Test
  void refusesNamesThatCannotBeFileNames() throws IOException {
    byte[] record = Bundles.entries(good).get(Bundles.entries(good).size() - 1).bytes();
    List<byte[]> contents = List.of(utf8("a model"));
    byte[] alone = changed(record, madeFrom(record), "\"madeFrom\" : [ ]");
    Bundles.forge(bad, contents, List.of(alone));
    try (Registry target = Registry.open(parent.resolve("fine"))) {
      assertThat(target.importBundle(bad).id()).isEqualTo(root.id());
    }
    for (String name : List.of("nul", "ends-with.")) {
      Bundles.forge(bad, contents, List.of(changed(alone, "\"delay\"", "\"" + name + "\"")));
      assertRefused("'" + name + "'");
    }
    // Such a name does not even make the name of a version; so only a text can have it.
    List<Entry> entries = new ArrayList<>(Bundles.entries(good));
    entries.set(
        0,
        new Entry(
            Bundle.MANIFEST, changed(entries.get(0).bytes(), "\"delay\"", "\"../../delay\"")));
    Bundles.write(bad, entries);
    assertRefused("'../../delay'");

    String attachment =
        "\"attachments\" : { \"../x\" : { \"hash\" : \""
            + root.id().hash()
            + "\", \"bytes\" : 7 } }";
    Bundles.forge(bad, contents, List.of(changed(alone, "\"attachments\" : { }", attachment)));
    assertRefused("'../x'");
  }

  @Test
  void refusesTextsThatCouldNotBeWrittenAgain() throws IOException {
    byte[] content = utf8("x");
    byte[] record = record("m", 1, ContentHash.of(content));
    for (String text : List.of("x\\udc00", "x\\ud800 ")) {
      String property = "\"properties\" : { \"x\" : \"" + text + "\" }";
      Bundles.forge(
          bad, List.of(content), List.of(changed(record, "\"properties\" : { }", property)));
      assertRefused("surrogate");
    }
  }

  @Test
  void refusesAClosureThatIsNotOne() throws IOException {
    List<Entry> entries = Bundles.entries(good);
    List<byte[]> contents = new ArrayList<>();
    List<byte[]> records = new ArrayList<>();
    for (Entry entry : entries) {
      if (entry.name().startsWith("blobs/")) {
        contents.add(entry.bytes());
      } else if (entry.name().startsWith("versions/")) {
        records.add(entry.bytes());
      }
    }
    Bundles.forge(bad, contents, records);
    assertThat(bad).hasSize(Files.size(good));

    // A source is not there.
    Bundles.forge(bad, contents, records.subList(1, records.size()));
    assertRefused("it lacks dataset flights:1");
    // A source stands behind what is made from it, as in every circle some source must.
    List<byte[]> turned = new ArrayList<>(records);
    turned.add(1, turned.remove(0));
    Bundles.forge(bad, contents, turned);
    assertRefused("it lacks dataset flights:1");
    // A version that has nothing to do with the root.
    List<byte[]> more = new ArrayList<>(records);
    more.add(0, record("stranger", 7, root.id().hash()));
    Bundles.forge(bad, contents, more);
    assertRefused("model delay:1 (" + root.id().hash().abbreviated() + ") was not made from");
    // A version under two numbers.
    more = new ArrayList<>(records);
    more.add(1, changed(records.get(0), "\"number\" : 1", "\"number\" : 2"));
    Bundles.forge(bad, contents, more);
    assertRefused("is there twice");
    // Two names that some file systems take for one.
    more = new ArrayList<>(records);
    more.add(1, changed(records.get(0), "\"flights\"", "\"Flights\""));
    Bundles.forge(bad, contents, more);
    assertRefused("differ only in case");
    // Content that belongs to nothing, and content that is not there.
    List<byte[]> odd = new ArrayList<>(contents);
    odd.add(utf8("odd"));
    odd.sort(Comparator.comparing(ContentHash::of));
    Bundles.forge(bad, odd, records);
    assertRefused("belongs to no version");
    Bundles.forge(bad, contents.subList(1, contents.size()), records);
    assertRefused("it lacks content of");
    // Content twice.
    List<byte[]> twice = new ArrayList<>(contents);
    twice.add(0, contents.get(0));
    List<Entry> parts = new ArrayList<>();
    assertThatThrownBy(() -> Bundles.forge(bad, twice, records))
        .hasMessageContaining("duplicate entry");
    parts.add(new Entry(Bundle.MANIFEST, manifestWith(entries, contents, 2)));
    parts.addAll(entries.subList(1, entries.size()));
    Bundles.write(bad, parts);
    assertRefused("is there twice, or out of order");
  }

  private static byte[] manifestWith(List<Entry> entries, List<byte[]> contents, int times) {
    Bundle bundle = Bundle.parse("good", entries.get(0).bytes());
    List<BlobStore.Blob> blobs = new ArrayList<>();
    for (int i = 1; i < times; i++) {
      blobs.add(new BlobStore.Blob(ContentHash.of(contents.get(0)), contents.get(0).length));
    }
    blobs.addAll(bundle.contents());
    return new Bundle(bundle.root(), blobs, bundle.records()).toJson();
  }

  @Test
  void refusesABundleOfALaterSchema() throws IOException {
    List<Entry> entries = new ArrayList<>(Bundles.entries(good));
    String schema = "\"schema\" : " + Json.SCHEMA;
    String next = "\"schema\" : " + (Json.SCHEMA + 1);
    entries.set(0, new Entry(Bundle.MANIFEST, changed(entries.get(0).bytes(), schema, next)));
    Bundles.write(bad, entries);
    assertRefused("'manifest.json' in '" + bad + "' cannot be read: it has schema");
    assertRefused("newer release");

    byte[] content = utf8("x");
    byte[] record = record("m", 1, ContentHash.of(content));
    Bundles.forge(bad, List.of(content), List.of(record));
    byte[] newer = changed(record, schema, next);
    entries = new ArrayList<>(Bundles.entries(bad));
    Bundle bundle = Bundle.parse("forged", entries.get(0).bytes());
    entries.set(
        0,
        new Entry(
            Bundle.MANIFEST,
            new Bundle(
                    bundle.root(),
                    bundle.contents(),
                    List.of(
                        new Bundle.Member(
                            bundle.root(),
                            new BlobStore.Blob(ContentHash.of(newer), newer.length))))
                .toJson()));
    entries.set(2, new Entry(entries.get(2).name(), newer));
    Bundles.write(bad, entries);
    assertRefused("newer release");
  }

  @Test
  void refusesARecordUnderTheNameOfAnother() throws IOException {
    List<Entry> entries = new ArrayList<>(Bundles.entries(good));
    Bundle bundle = Bundle.parse("good", entries.get(0).bytes());
    List<Bundle.Member> members = new ArrayList<>(bundle.records());
    Bundle.Member last = members.get(3);
    byte[] other = changed(entries.get(entries.size() - 1).bytes(), "\"delay\"", "\"yaled\"");
    members.set(
        3,
        new Bundle.Member(last.version(), new BlobStore.Blob(ContentHash.of(other), other.length)));
    entries.set(
        0,
        new Entry(Bundle.MANIFEST, new Bundle(bundle.root(), bundle.contents(), members).toJson()));
    entries.set(entries.size() - 1, new Entry(last.place(), other));
    Bundles.write(bad, entries);
    assertRefused("is the record of model yaled:1");
  }

  private void assertRefused(String part) throws IOException {
    Path folder = parent.resolve("target");
    try (Registry target = Registry.open(folder)) {
      assertThatThrownBy(() -> target.importBundle(bad))
          .isInstanceOfSatisfying(
              MlInfraException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.FILE_UNREADABLE))
          .hasMessageContainingAll(bad.toString(), part);
    }
    assertThat(filesBelow(folder)).isSubsetOf(filesOfAnEmptyOne(folder));
    try (Stream<Path> all = Files.list(parent)) {
      assertThat(all.map(path -> String.valueOf(path.getFileName())))
          .isSubsetOf("origin", "target", "fine", "good.zip", "bad.zip");
    }
  }

  private static String madeFrom(byte[] record) {
    String text = new String(record, StandardCharsets.UTF_8);
    int start = text.indexOf("\"madeFrom\"");
    return text.substring(start, text.indexOf(']', start) + 1);
  }

  /** The record of a version of some model, as some registry may have it. */
  private byte[] record(String name, long bytes, ContentHash hash) {
    Path folder = parent.resolve("origin");
    try (Registry any = Registry.open(folder)) {
      Version made =
          any.register(Registration.of(Kind.MODEL, "template").content(utf8("template")));
      byte[] record = Files.readAllBytes(Fixtures.record(folder, made));
      record = changed(record, "\"template\"", "\"" + name + "\"");
      record = changed(record, made.id().hash().hex(), hash.hex());
      return changed(record, "\"bytes\" : 8", "\"bytes\" : " + bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<Path> filesOfAnEmptyOne(Path folder) {
    return List.of(folder.resolve("lock"), folder.resolve("registry.json"));
  }
}
