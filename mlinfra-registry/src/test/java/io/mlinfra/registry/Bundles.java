package io.mlinfra.registry;

import static io.mlinfra.registry.Fixtures.utf8;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.registry.BlobStore.Blob;
import io.mlinfra.registry.Bundle.Member;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** Bundles taken apart and put together again, by people who mean it well and by others. */
final class Bundles {
  private Bundles() {}

  /** An entry of a zip file. */
  record Entry(String name, byte[] bytes) {}

  static List<Entry> entries(Path bundle) throws IOException {
    List<Entry> entries = new ArrayList<>();
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(bundle))) {
      for (ZipEntry entry; (entry = zip.getNextEntry()) != null; ) {
        entries.add(new Entry(entry.getName(), zip.readAllBytes()));
      }
    }
    return entries;
  }

  /** Writes a zip file, with entries of that method. */
  static Path write(Path file, List<Entry> entries, int method) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(out)) {
      for (Entry entry : entries) {
        ZipEntry header = new ZipEntry(entry.name());
        header.setMethod(method);
        if (method == ZipEntry.STORED) {
          CRC32 crc = new CRC32();
          crc.update(entry.bytes());
          header.setSize(entry.bytes().length);
          header.setCrc(crc.getValue());
        }
        zip.putNextEntry(header);
        zip.write(entry.bytes());
        zip.closeEntry();
      }
    }
    return Files.write(file, out.toByteArray());
  }

  /** Writes a zip file as a bundle is, with nothing compressed. */
  static Path write(Path file, List<Entry> entries) throws IOException {
    return write(file, entries, ZipEntry.STORED);
  }

  /** A bundle whose manifest is right for whatever contents and records it has. */
  static Path forge(Path file, List<byte[]> contents, List<byte[]> records) throws IOException {
    List<Member> members = new ArrayList<>();
    for (byte[] record : records) {
      members.add(
          new Member(
              VersionStore.parse("a record", record).id(),
              new Blob(ContentHash.of(record), record.length)));
    }
    List<Blob> blobs =
        contents.stream()
            .map(content -> new Blob(ContentHash.of(content), content.length))
            .toList();
    Bundle bundle = new Bundle(members.get(members.size() - 1).version(), blobs, members);
    List<Entry> entries = new ArrayList<>();
    entries.add(new Entry(Bundle.MANIFEST, bundle.toJson()));
    for (int i = 0; i < contents.size(); i++) {
      entries.add(new Entry(Bundle.place(blobs.get(i)), contents.get(i)));
    }
    for (int i = 0; i < records.size(); i++) {
      entries.add(new Entry(members.get(i).place(), records.get(i)));
    }
    return write(file, entries);
  }

  /** A record, or a manifest, with some text replaced and a check that holds. */
  static byte[] changed(byte[] record, String from, String to) {
    String text = new String(record, StandardCharsets.UTF_8);
    String changed = text.replace(from, to);
    if (changed.equals(text)) {
      throw new AssertionError("there is no '" + from + "' in " + text);
    }
    String body = changed.substring(0, changed.lastIndexOf(",\n  \"check\""));
    return utf8(body + ",\n  \"check\" : \"" + ContentHash.of(body) + "\"\n}\n");
  }

  /** Bytes with each occurrence of a text replaced by one of the same length. */
  static byte[] replaced(byte[] bytes, String from, String to) {
    byte[] changed = bytes.clone();
    byte[] old = utf8(from);
    byte[] young = utf8(to);
    for (int i = 0; i + old.length <= changed.length; i++) {
      if (Arrays.equals(changed, i, i + old.length, old, 0, old.length)) {
        System.arraycopy(young, 0, changed, i, young.length);
      }
    }
    return changed;
  }

  /** A model of two data sets, one of them made from the other: a diamond with attachments. */
  static Version registerDiamond(Registry registry) {
    Version source =
        registry.register(
            Registration.of(Kind.DATASET, "flights")
                .content(utf8("the source"))
                .property("größe", "klein \"und\" fein\n"));
    Version train =
        registry.register(
            Registration.of(Kind.DATASET, "train")
                .content(utf8("to train on"))
                .attach("readme.md", utf8("# train"))
                .madeFrom(source));
    Version test =
        registry.register(
            Registration.of(Kind.DATASET, "test")
                .content(utf8(""))
                .attach("readme.md", utf8("# test"))
                .attach("copy.bin", utf8("the source"))
                .madeFrom(source));
    return registry.register(
        Registration.of(Kind.MODEL, "delay").content(utf8("a model")).madeFrom(train, test));
  }
}
