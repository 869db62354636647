package io.mlinfra.examples;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

/**
 * What the command line says.
 *
 * @param data the Parquet file
 * @param output the folder that everything is written to
 * @param givenCut from when on flights are for testing; chosen from the data if there is none
 */
record Settings(Path data, Path output, Optional<LocalDate> givenCut) {
  private static final Path SAMPLE = Path.of("data", "flights-2001.parquet");

  static Settings parse(String... arguments) {
    Path data = Files.exists(SAMPLE) ? SAMPLE : Path.of("examples").resolve(SAMPLE);
    Path output = Path.of(Files.exists(SAMPLE) ? "target" : "examples/target", "quickstart");
    Optional<LocalDate> cut = Optional.empty();
    for (int i = 0; i < arguments.length; i += 2) {
      if (i + 1 == arguments.length) {
        throw new IllegalArgumentException("option " + arguments[i] + " needs a value");
      }
      String value = arguments[i + 1];
      switch (arguments[i]) {
        case "--data" -> data = Path.of(value);
        case "--output" -> output = Path.of(value);
        case "--cut" ->
            cut = value.equals("auto") ? Optional.empty() : Optional.of(LocalDate.parse(value));
        default ->
            throw new IllegalArgumentException(
                "option '"
                    + arguments[i]
                    + "' must be one of --data FILE, --output FOLDER, --cut DATE|auto");
      }
    }
    return new Settings(data, output, cut);
  }

  /** Makes the output folder where it is missing. */
  void makeOutput() {
    try {
      Files.createDirectories(output);
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the output folder '" + output + "' cannot be made: " + e, e);
    }
  }

  /** When testing begins: the day given, or the day that five sixths of the flights come before. */
  LocalDateTime cut(Warehouse warehouse) {
    if (givenCut.isPresent()) {
      return givenCut.get().atStartOfDay();
    }
    LocalDateTime fiveSixths =
        warehouse
            .sql("SELECT quantile_disc(date, 5 / 6)::TIMESTAMP FROM flights")
            .value(LocalDateTime.class);
    return fiveSixths.plusHours(12).truncatedTo(ChronoUnit.DAYS);
  }

  /** The beginning of the last seven days. */
  LocalDateTime lastWeek(Warehouse warehouse) {
    return warehouse
        .sql("SELECT max(date)::TIMESTAMP FROM flights")
        .value(LocalDateTime.class)
        .minusDays(7);
  }
}
