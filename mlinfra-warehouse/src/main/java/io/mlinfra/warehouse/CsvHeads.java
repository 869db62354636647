package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The first lines of all files of a source, which have to name the same columns. */
record CsvHeads(List<CsvHead> heads) {
  static CsvHeads read(CsvSource source, Scan.Context context, FileSet.Found found)
      throws SQLException {
    CsvFormat format = source.format();
    List<CsvHead> heads = new ArrayList<>();
    for (Path file : found.files()) {
      CsvHead head = CsvHead.read(file, format, context.connection());
      if (head.isEmpty() && (format.header() || source.columns().isEmpty())) {
        throw unreadable(
            file,
            format.header() ? " is empty: it has no header line" : " is empty, declare columns");
      }
      heads.add(head);
    }
    CsvHeads all = new CsvHeads(List.copyOf(heads));
    if (!format.header() && !source.columns().isEmpty()) {
      all.requireAsMany(source.columns(), found);
    } else {
      if (!context.evolve()) {
        all.requireSame(found);
      }
      all.requireDeclared(source.columns(), found);
    }
    return all;
  }

  CsvHead first() {
    return heads.get(0);
  }

  /** Whether all name the same columns in the same order, with the same delimiter. */
  boolean areAlike() {
    return heads.stream()
        .allMatch(
            head ->
                head.names().equals(first().names()) && head.delimiter() == first().delimiter());
  }

  private void requireAsMany(DeclaredColumns columns, FileSet.Found found) {
    for (int i = 0; i < heads.size(); i++) {
      CsvHead head = heads.get(i);
      if (!head.isEmpty() && head.names().size() != columns.size()) {
        throw unreadable(
            found.files().get(i),
            " has " + head.names().size() + " columns, but " + columns.size() + " were declared");
      }
    }
  }

  private void requireDeclared(DeclaredColumns columns, FileSet.Found found) {
    Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    heads.forEach(head -> names.addAll(head.names()));
    for (String declared : columns.names()) {
      if (!names.contains(declared)) {
        throw unreadable(
            found.files().get(0),
            " has no column '" + declared + "', which was declared; it has " + shown(names));
      }
    }
  }

  private void requireSame(FileSet.Found found) {
    Set<String> expected = new LinkedHashSet<>(first().names());
    for (int i = 1; i < heads.size(); i++) {
      Set<String> added = new LinkedHashSet<>(heads.get(i).names());
      Set<String> missing = new LinkedHashSet<>(expected);
      missing.removeAll(added);
      added.removeAll(expected);
      if (!added.isEmpty() || !missing.isEmpty()) {
        throw unreadable(
            found.files().get(i),
            " differs from '"
                + found.files().get(0).toAbsolutePath()
                + "': "
                + (added.isEmpty() ? "" : "it adds the columns " + shown(added))
                + (added.isEmpty() || missing.isEmpty() ? "" : " and ")
                + (missing.isEmpty() ? "" : "it lacks the columns " + shown(missing)));
      }
    }
  }

  private static String shown(Set<String> names) {
    return CsvError.cut(String.join(", ", names), CsvError.LONGEST_TEXT);
  }

  private static MlInfraException unreadable(Path file, String what) {
    return new MlInfraException(
        ErrorCode.FILE_UNREADABLE, "'" + file.toAbsolutePath() + "'" + what);
  }
}
