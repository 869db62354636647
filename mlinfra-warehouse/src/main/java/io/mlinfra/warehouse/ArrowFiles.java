package io.mlinfra.warehouse;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compression.CompressionCodec;
import org.apache.arrow.vector.compression.CompressionUtil.CodecType;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.ArrowReader;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.ipc.ArrowWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;

/** Writes Arrow IPC files, batch by batch. */
final class ArrowFiles {
  private ArrowFiles() {}

  /** Writes a stream to its end; gives the number of rows. */
  static long write(ArrowReader rows, Path file, Target target) {
    CodecType codec = codec(target);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
      // Dictionaries come with the first batch, and the writer takes them when it is made.
      boolean more = rows.loadNextBatch();
      try (ArrowWriter writer = writer(rows, channel, target, codec)) {
        writer.start();
        long count = 0;
        for (; more; more = rows.loadNextBatch()) {
          count += rows.getVectorSchemaRoot().getRowCount();
          writer.writeBatch();
        }
        writer.end();
        return count;
      }
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "'" + target.path() + "' cannot be written: " + e.getMessage(), e);
    }
  }

  private static ArrowWriter writer(
      ArrowReader rows, FileChannel channel, Target target, CodecType codec) throws IOException {
    VectorSchemaRoot root = rows.getVectorSchemaRoot();
    CompressionCodec.Factory codecs = CompressionCodec.Factory.INSTANCE;
    return target.format() == Target.Format.ARROW
        ? new ArrowFileWriter(root, rows, channel, Map.of(), IpcOption.DEFAULT, codecs, codec)
        : new ArrowStreamWriter(root, rows, channel, IpcOption.DEFAULT, codecs, codec);
  }

  private static CodecType codec(Target target) {
    CodecType type =
        switch (target.compression()) {
          case LZ4 -> CodecType.LZ4_FRAME;
          case ZSTD -> CodecType.ZSTD;
          case NONE, SNAPPY, GZIP -> CodecType.NO_COMPRESSION;
        };
    if (!hasCodec(type)) {
      throw codecMissing("'" + target.path() + "' cannot be written");
    }
    return type;
  }

  private static boolean hasCodec(CodecType type) {
    try {
      CompressionCodec.Factory.INSTANCE.createCodec(type);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** An error that says which artifact is missing. */
  static MlInfraException codecMissing(String what) {
    return new MlInfraException(
        ErrorCode.ARTIFACT_MISSING,
        what + ": compressed Arrow needs org.apache.arrow:arrow-compression on the class path");
  }
}
