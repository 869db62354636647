package io.mlinfra.registry;

import io.mlinfra.core.version.ContentHash;
import io.mlinfra.core.version.Kind;
import io.mlinfra.core.version.VersionId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where things lie in the registry's folder; {@code package-info} draws it. */
record Layout(Path folder) {
  private static final Pattern NUMBERED = Pattern.compile("([1-9][0-9]{0,8})\\.json");
  private static final String RECORD = ".json";

  // A name may end in .json, so that the history must not be called just like the alias.
  private static final String HISTORY = ".history";

  /** The folders in which the registry keeps what it keeps; all that is sealed lies below them. */
  private static final List<String> PARTS =
      List.of("blobs", "versions", "aliases", "runs", "audit", "policies");

  /** The folders there are of those in which the registry keeps something. */
  List<Path> parts() {
    return PARTS.stream().map(folder::resolve).filter(Files::isDirectory).toList();
  }

  /** Says whether the registry is encrypted. */
  Path registryFile() {
    return folder.resolve("registry.json");
  }

  /** Where a file stands, told the same on every machine. */
  String place(Path file) {
    return folder.relativize(file).toString().replace('\\', '/');
  }

  Path lock() {
    return folder.resolve("lock");
  }

  Path blobs() {
    return folder.resolve("blobs");
  }

  Path blob(ContentHash hash) {
    return blobs().resolve(hash.hex().substring(0, 2)).resolve(hash.hex());
  }

  Path names(Kind kind) {
    return folder.resolve("versions").resolve(kind.label());
  }

  Path versions(Kind kind, String name) {
    return names(kind).resolve(name);
  }

  Path version(Kind kind, String name, int number) {
    return versions(kind, name).resolve(number + RECORD);
  }

  Path version(VersionId id) {
    return version(id.kind(), id.name(), id.number());
  }

  Path models() {
    return folder.resolve("aliases");
  }

  Path aliases(String model) {
    return models().resolve(model);
  }

  Path alias(String model, String alias) {
    return aliases(model).resolve(alias + RECORD);
  }

  Path moves(String model, String alias) {
    return aliases(model).resolve(alias + HISTORY);
  }

  Path move(String model, String alias, int number) {
    return moves(model, alias).resolve(number + RECORD);
  }

  Path audit() {
    return folder.resolve("audit");
  }

  Path auditEntry(int number) {
    return audit().resolve(number + RECORD);
  }

  Path auditHead() {
    return audit().resolve("head" + RECORD);
  }

  Path policies() {
    return folder.resolve("policies");
  }

  Path policies(String model) {
    return policies().resolve(model);
  }

  Path policy(String model, String alias) {
    return policies(model).resolve(alias + RECORD);
  }

  /** The names of the aliases of a model that have, or had, a policy. */
  List<String> policyNames(String model) throws IOException {
    return stems(policies(model), RECORD);
  }

  /** The names of the aliases that a model has, or had. */
  List<String> aliasNames(String model) throws IOException {
    return stems(aliases(model), RECORD);
  }

  /** The names of the aliases that have moved, or were about to when their writer died. */
  List<String> movedAliasNames(String model) throws IOException {
    return stems(aliases(model), HISTORY);
  }

  private static List<String> stems(Path folder, String ending) throws IOException {
    return list(folder).stream()
        .filter(name -> name.endsWith(ending) && !name.startsWith("."))
        .map(name -> name.substring(0, name.length() - ending.length()))
        .sorted()
        .toList();
  }

  /** The numbers of the records in a folder, ascending; none where there is no such folder. */
  static List<Integer> numbers(Path folder) throws IOException {
    return look(
        folder,
        names -> names.map(Layout::number).filter(number -> number > 0).sorted().toList(),
        List.of());
  }

  static boolean hasNumbers(Path folder) throws IOException {
    return look(folder, names -> names.anyMatch(name -> number(name) > 0), false);
  }

  /** The names of what is in a folder, sorted; none where there is no such folder. */
  static List<String> list(Path folder) throws IOException {
    return look(folder, names -> names.sorted().toList(), List.of());
  }

  /** As {@link #list}, in any order: sorting takes as long as listing does. */
  static List<String> listUnsorted(Path folder) throws IOException {
    return look(folder, Stream::toList, List.of());
  }

  private static <T> T look(Path folder, Function<Stream<String>, T> look, T nothing)
      throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return look.apply(entries.map(entry -> String.valueOf(entry.getFileName())));
    } catch (NoSuchFileException | NotDirectoryException e) {
      return nothing;
    }
  }

  /** The number of a record by its file name; 0 for anything else, temporary files among them. */
  static int number(String name) {
    Matcher matcher = NUMBERED.matcher(name);
    return matcher.matches() ? Integer.parseInt(matcher.group(1)) : 0;
  }
}
