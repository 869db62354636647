package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.features.internal.Sql;
import io.mlinfra.warehouse.Warehouse;
import java.io.IOException;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Schema;
import org.jspecify.annotations.Nullable;

/** Where the rows that ask come from. */
sealed interface Labels {
  /** Their columns, as a {@link LabelReader} gives them; reads no row. */
  Schema schema();

  /** Starts reading; the caller closes it. */
  LabelReader open(BufferAllocator allocator);

  /** For people. */
  String describe();

  /** A query over the warehouse, which may be run again. */
  record Queried(Warehouse warehouse, String sql, @Nullable Object[] parameters) implements Labels {
    private String from() {
      return "SELECT * FROM " + Sql.subquery(sql) + " AS l";
    }

    @Override
    public Schema schema() {
      try (ArrowReader none = warehouse.query(from() + " LIMIT 0", parameters)) {
        return LabelReader.schema(none);
      } catch (MlInfraException e) {
        throw new MlInfraException(e.code(), "the labels' query: " + e.getMessage(), e);
      } catch (IOException e) {
        throw new MlInfraException(
            ErrorCode.IO_FAILED, "planning the labels' query failed: " + e.getMessage(), e);
      }
    }

    @Override
    public LabelReader open(BufferAllocator allocator) {
      ArrowReader rows =
          warehouse.sql(from()).bind(parameters).batchRows(TrainingSet.BATCH_ROWS).stream();
      return new LabelReader(rows, true, allocator);
    }

    @Override
    public String describe() {
      return sql.strip();
    }
  }

  /** A stream that the caller has. Not thread-safe. */
  final class Streamed implements Labels {
    private final ArrowReader reader;
    private boolean read;

    Streamed(ArrowReader reader) {
      this.reader = reader;
    }

    @Override
    public Schema schema() {
      if (read) {
        throw new IllegalStateException(
            "the labels are an Arrow stream, which this query has read: it runs once");
      }
      return LabelReader.schema(reader);
    }

    @Override
    public LabelReader open(BufferAllocator allocator) {
      read = true;
      return new LabelReader(reader, false, allocator);
    }

    @Override
    public String describe() {
      return "an Arrow stream, which is read once";
    }
  }
}
