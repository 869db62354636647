package io.mlinfra.examples;

import io.mlinfra.core.Progress;
import io.mlinfra.monitoring.Report;
import io.mlinfra.registry.ActiveRun;
import io.mlinfra.registry.Registry;
import io.mlinfra.registry.Version;
import io.mlinfra.warehouse.Load;
import io.mlinfra.warehouse.Snapshot;
import io.mlinfra.warehouse.Source;
import io.mlinfra.warehouse.Warehouse;
import io.mlinfra.warehouse.quality.ConstraintReport;
import io.mlinfra.warehouse.quality.Constraints;
import io.mlinfra.warehouse.quality.TableProfile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDateTime;

/**
 * The first stage of the job: from a Parquet file to a table of flights that has been checked and
 * is kept in the registry.
 */
final class FlightData {
  /** What the file must hold. Nothing is derived from it or learnt before that is sure. */
  private static final Constraints TRIPS =
      Constraints.on("trips")
          .rowCount(1, Long.MAX_VALUE)
          .notNull("date", "delay", "distance", "origin", "destination")
          .atLeast("date", LocalDateTime.of(1987, 10, 1, 0, 0))
          .because("the records of the Bureau of Transportation Statistics begin there")
          .range("delay", -24 * 60, 7 * 24 * 60)
          .because("minutes, from a day early to a week late")
          .range("distance", 1, 12_500)
          .because("miles, up to half the way around the earth")
          .matches("origin", "[A-Z0-9]{3}")
          .matches("destination", "[A-Z0-9]{3}")
          .compare("origin", "<>", "destination")
          .unique("date", "delay", "distance", "origin", "destination")
          .allowing(0.001)
          .because("without a flight number two may look alike, a file loaded twice does not pass");

  /**
   * When a flight's outcome is known: 30 minutes, 8 miles a minute (whole minutes, rounded down)
   * and its delay after its departure. Nothing may learn from a flight before that.
   */
  private static final String FLIGHTS =
      """
      SELECT *, delay > 15 AS late,
             date + to_minutes(CAST(30 + distance // 8 + greatest(delay, 0) AS INTEGER)) AS landed
      FROM trips""";

  private static final Constraints LANDED =
      Constraints.on("flights").notNull("landed").compare("landed", ">", "date");

  private final Warehouse warehouse;
  private final Settings settings;
  private final Summary summary;

  FlightData(Warehouse warehouse, Settings settings, Summary summary) {
    this.warehouse = warehouse;
    this.settings = settings;
    this.summary = summary;
  }

  /** Makes the table {@code flights}, which stays as it is in the version that this gives. */
  Version load(Registry registry, ActiveRun job, Progress progress) throws IOException {
    summary.line(
        "%s",
        warehouse.load(
            "trips", Source.parquet(settings.data()), Load.replace().progress(progress)));
    ConstraintReport trips = check(TRIPS);
    TableProfile profile = TableProfile.of(warehouse, "trips");
    summary.block("what the file holds", profile);

    warehouse.load("flights", Source.query(FLIGHTS));
    warehouse.execute("DROP TABLE trips");
    ConstraintReport landed = check(LANDED);
    Snapshot flights = warehouse.snapshots(registry).takeTable("flights", "flights");
    summary.line("%s", flights);

    Path page =
        Report.titled("Flight delays: the data")
            .metric("Flights", flights.rows())
            .metric("Constraints", trips.results().size() + landed.results().size())
            .metric("Bytes kept", flights.bytes())
            .section("What was checked", trips.toHtml())
            .section("What was derived", landed.toHtml())
            .section("What the file holds", profile.toHtml())
            .section("What is kept", flights.toHtml())
            .write(settings.output().resolve("data.html"));
    job.artifact("data.html", page);
    summary.line("%s", page);
    summary
        .add("rows", flights.rows())
        .add("constraints", trips.results().size() + landed.results().size())
        .add("constraintScans", trips.scans() + landed.scans())
        .add("snapshotParts", flights.parts());
    return flights.version();
  }

  /** Shows what came out, and goes on only if all constraints hold. */
  private ConstraintReport check(Constraints constraints) {
    ConstraintReport report = constraints.check(warehouse);
    summary.block("checked", report);
    return report.enforce();
  }
}
