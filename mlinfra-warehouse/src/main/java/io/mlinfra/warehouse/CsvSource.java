package io.mlinfra.warehouse;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * CSV files: one, all below a folder, or those that match a pattern. Immutable.
 *
 * <pre>{@code
 * Source.csv(file)
 *     .column("id", "BIGINT").column("price", "DECIMAL(9, 2)")
 *     .rejectAtMost(100)
 * }</pre>
 *
 * <p>Unless told otherwise a file is read as RFC 4180 has it: a header line, values quoted by
 * {@code "}, a quote within doubled, in UTF-8. The delimiter is found out from the first line: a
 * comma, tab, semicolon or bar. Types are found out from the first rows, and from all rows where a
 * later one does not fit; a column of several kinds of values is text. An empty value is null,
 * quoted or not; blank lines of files with several columns are skipped. Columns of the same name
 * get {@code _1}, {@code _2} and so on.
 *
 * <p>A bad row fails the load, naming file, line, column and reason, and nothing is kept; see
 * {@link #rejectAtMost}. Types are converted as DuckDB casts: in a column declared as an integer
 * {@code 1.5} becomes 2; declare a {@code DECIMAL} where fractions may come. A row takes 2,000,000
 * bytes at most.
 *
 * <p>Many files are read in the order of their paths and must have the same columns, in any order;
 * a load that {@linkplain Load evolves} takes files with more or fewer and fills up with nulls.
 * Folders such as {@code year=2024} become columns, as for {@link ParquetSource}.
 */
public final class CsvSource extends FileSource {
  private final CsvFormat format;
  private final DeclaredColumns columns;
  private final boolean partitions;
  private final int mostRejected;
  private final CsvAttempt attempt;

  CsvSource(FileSet files) {
    this(files, CsvFormat.DEFAULT, DeclaredColumns.NONE, true, 0, CsvAttempt.FIRST);
  }

  private CsvSource(
      FileSet files,
      CsvFormat format,
      DeclaredColumns columns,
      boolean partitions,
      int mostRejected,
      CsvAttempt attempt) {
    super(files);
    this.format = format;
    this.columns = columns;
    this.partitions = partitions;
    this.mostRejected = mostRejected;
    this.attempt = attempt;
  }

  /**
   * Declares a column's type; columns that are not declared have theirs found out.
   *
   * @param name as in the header; without a header all columns are declared, in their order
   * @param type as DuckDB writes it
   */
  public CsvSource column(String name, String type) {
    return columns(Map.of(name, type));
  }

  /** Declares types of columns, in the order of the map. */
  public CsvSource columns(Map<String, String> types) {
    return new CsvSource(files(), format, columns.with(types), partitions, mostRejected, attempt);
  }

  /** What stands between two values. */
  public CsvSource delimiter(char delimiter) {
    requireMark("delimiter", delimiter);
    return with(draft -> draft.delimiter = delimiter);
  }

  /** What stands around a value and is doubled within. */
  public CsvSource quote(char quote) {
    requireMark("quote", quote);
    return with(
        draft -> {
          draft.quote = quote;
          draft.escape = quote;
        });
  }

  /** What stands before a quote within quotes, where it is not doubled. */
  public CsvSource escape(char escape) {
    requireMark("escape", escape);
    return with(draft -> draft.escape = escape);
  }

  /** Whether the first line names the columns. */
  public CsvSource header(boolean header) {
    return with(draft -> draft.header = header);
  }

  /** What stands for null, beside nothing at all. */
  public CsvSource nullText(String text) {
    Objects.requireNonNull(text, "text");
    return with(draft -> draft.nullText = text);
  }

  /**
   * How characters are written.
   *
   * @param encoding UTF-8, ISO-8859-1 or UTF-16 with the low byte first
   */
  public CsvSource encoding(Charset encoding) {
    Charset plain = encoding.equals(StandardCharsets.UTF_16LE) ? StandardCharsets.UTF_16 : encoding;
    if (!List.of(StandardCharsets.UTF_8, StandardCharsets.ISO_8859_1, StandardCharsets.UTF_16)
        .contains(plain)) {
      throw new IllegalArgumentException(
          "encoding (" + encoding + ") must be UTF-8, ISO-8859-1 or UTF-16");
    }
    return with(draft -> draft.encoding = plain);
  }

  /** How dates are written, as {@code %d.%m.%Y}. */
  public CsvSource dateFormat(String strftime) {
    Objects.requireNonNull(strftime, "strftime");
    return with(draft -> draft.dateFormat = strftime);
  }

  /** How timestamps are written, as {@code %d.%m.%Y %H:%M:%S}. */
  public CsvSource timestampFormat(String strftime) {
    Objects.requireNonNull(strftime, "strftime");
    return with(draft -> draft.timestampFormat = strftime);
  }

  /** Whether folders such as {@code year=2024} become columns; they do unless told otherwise. */
  public CsvSource partitions(boolean partitions) {
    return new CsvSource(files(), format, columns, partitions, mostRejected, attempt);
  }

  /**
   * Lets bad rows be left out; they are in {@link LoadResult#rejected()}. More than these fail the
   * load.
   *
   * <p>A quote that is never closed, or for more than 2,000,000 characters, has no end where the
   * next row could begin: it fails the load all the same, as does a bad row of a Zstandard file.
   *
   * <p>Loads without bad rows are as fast as ever. The first bad row starts the load anew, on one
   * thread, and a file that is bad from end to end is read to its end, with a kilobyte or two of
   * memory for each bad row, outside the memory limit.
   *
   * @param rows 0: none, which is so unless told otherwise
   */
  public CsvSource rejectAtMost(int rows) {
    if (rows < 0) {
      throw new IllegalArgumentException("rows (" + rows + ") must be >= 0");
    }
    return new CsvSource(files(), format, columns, partitions, rows, attempt);
  }

  private CsvSource with(Consumer<CsvFormat.Draft> change) {
    return new CsvSource(files(), format.with(change), columns, partitions, mostRejected, attempt);
  }

  private static void requireMark(String name, char mark) {
    if (mark == '\n' || mark == '\r' || mark == '\0' || mark > '~') {
      throw new IllegalArgumentException(
          name + " (character " + (int) mark + ") must be an ASCII character and no line break");
    }
  }

  CsvFormat format() {
    return format;
  }

  DeclaredColumns columns() {
    return columns;
  }

  int mostRejected() {
    return mostRejected;
  }

  CsvAttempt attempt() {
    return attempt;
  }

  @Override
  String label() {
    return "CSV";
  }

  @Override
  Scan open(Scan.Context context) {
    FileSet.Found found = files().find(partitions);
    try {
      CsvScan scan = new CsvScan(this, context, found, CsvHeads.read(this, context, found));
      if (attempt.oneThread()) {
        scan.audit();
      }
      return scan;
    } catch (SQLException e) {
      throw Errors.isOfAFile(e) ? Errors.reading(found.files().get(0), label(), e) : Errors.of(e);
    }
  }

  /** Without a header line nothing tells which column is which of the table's. */
  @Override
  Source typed(Map<String, String> types) {
    return format.header()
        ? new CsvSource(files(), format, columns.or(types), partitions, mostRejected, attempt)
        : this;
  }

  @Override
  Optional<Source> instead(SQLException error) {
    return attempt
        .next(error, columns, mostRejected)
        .map(next -> new CsvSource(files(), format, columns, partitions, mostRejected, next));
  }
}
