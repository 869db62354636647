package io.mlinfra.features.offline;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.dictionary.Dictionary;
import org.apache.arrow.vector.dictionary.DictionaryEncoder;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;
import org.apache.arrow.vector.util.TransferPair;
import org.apache.arrow.vector.util.VectorAppender;
import org.jspecify.annotations.Nullable;

/**
 * Rows of a stream in their order, as copies of at most {@link TrainingSet#BATCH_ROWS} that bear no
 * dictionaries: those belong to the stream, which may change them at every batch.
 */
final class LabelReader implements AutoCloseable {
  private final ArrowReader reader;
  private final boolean owned;
  private final BufferAllocator allocator;
  private int position;
  private int end;

  /**
   * A reader of a stream from where it stands.
   *
   * @param owned whether the stream is closed with this
   */
  LabelReader(ArrowReader reader, boolean owned, BufferAllocator allocator) {
    this.reader = reader;
    this.owned = owned;
    this.allocator = allocator;
  }

  /** The columns of a stream, with the values of enumerations in place of their numbers. */
  static Schema schema(ArrowReader reader) {
    try {
      // In this order: some readers have no dictionaries before they have read the schema.
      Schema schema = reader.getVectorSchemaRoot().getSchema();
      Map<Long, Dictionary> dictionaries = reader.getDictionaryVectors();
      List<Field> fields = new ArrayList<>();
      for (Field field : schema.getFields()) {
        Dictionary dictionary =
            field.getDictionary() == null ? null : dictionaries.get(field.getDictionary().getId());
        fields.add(dictionary == null ? field : decoded(field, dictionary.getVector().getField()));
      }
      return new Schema(fields);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private static Field decoded(Field field, Field values) {
    FieldType type = new FieldType(field.isNullable(), values.getType(), null, field.getMetadata());
    return new Field(field.getName(), type, values.getChildren());
  }

  private static MlInfraException failed(IOException e) {
    return new MlInfraException(
        ErrorCode.IO_FAILED, "reading the labels failed: " + e.getMessage(), e);
  }

  /**
   * The next rows.
   *
   * @return the caller's to close; null at the end
   */
  @Nullable VectorSchemaRoot next() {
    try {
      // A stream may give batches without rows.
      while (position == end) {
        if (!reader.loadNextBatch()) {
          return null;
        }
        position = 0;
        end = reader.getVectorSchemaRoot().getRowCount();
      }
      int count = Math.min(TrainingSet.BATCH_ROWS, end - position);
      VectorSchemaRoot rows = copy(reader.getVectorSchemaRoot(), position, count);
      position += count;
      return rows;
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private VectorSchemaRoot copy(VectorSchemaRoot from, int first, int count) {
    List<FieldVector> columns = new ArrayList<>();
    try {
      for (FieldVector vector : from.getFieldVectors()) {
        if (count == from.getRowCount()) {
          columns.add(copy(vector, vector.getField(), count));
        } else {
          // A slice shares the memory of what it is cut from.
          TransferPair cut = vector.getTransferPair(vector.getAllocator());
          cut.splitAndTransfer(first, count);
          try (FieldVector slice = (FieldVector) cut.getTo()) {
            columns.add(copy(slice, vector.getField(), count));
          }
        }
      }
      VectorSchemaRoot rows = new VectorSchemaRoot(columns);
      rows.setRowCount(count);
      return rows;
    } catch (RuntimeException | Error e) {
      columns.forEach(FieldVector::close);
      throw e;
    }
  }

  private FieldVector copy(FieldVector from, Field field, int count) {
    if (field.getDictionary() != null) {
      Dictionary dictionary = reader.lookup(field.getDictionary().getId());
      FieldVector values = (FieldVector) DictionaryEncoder.decode(from, dictionary, allocator);
      return renamed(values, decoded(field, values.getField()));
    }
    FieldVector to = field.createVector(allocator);
    try {
      to.setInitialCapacity(count);
      to.allocateNew();
      from.accept(new VectorAppender(to), null);
      return to;
    } catch (RuntimeException | Error e) {
      to.close();
      throw e;
    }
  }

  /** A decoded column bears the name of its dictionary. */
  private FieldVector renamed(FieldVector from, Field field) {
    try (from) {
      FieldVector to = field.createVector(allocator);
      from.makeTransferPair(to).transfer();
      return to;
    }
  }

  /** Closes the stream if it is owned. */
  @Override
  public void close() {
    if (owned) {
      try {
        reader.close();
      } catch (IOException e) {
        throw failed(e);
      }
    }
  }
}
