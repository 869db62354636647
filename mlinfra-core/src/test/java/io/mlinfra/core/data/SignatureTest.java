package io.mlinfra.core.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.DictionaryEncoding;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.junit.jupiter.api.Test;

class SignatureTest {
  private static final Column DISTANCE = new Column("distance", ColumnType.INT64, false);
  private static final Column DELAY = new Column("delay", ColumnType.FLOAT32, true);

  @Test
  void saysWhatGoesInAndComesOut() {
    assertThat(new Signature(List.of(DISTANCE, DELAY), List.of(DELAY)))
        .hasToString("(distance int64, delay float32?) -> (delay float32?)");
  }

  @Test
  void findsInputsByName() {
    Signature signature = new Signature(List.of(DISTANCE, DELAY), List.of());
    assertThat(signature.input("delay")).isEqualTo(DELAY);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> signature.input("Delay"))
        .withMessage("the model has no input 'Delay'; its inputs are distance, delay");
  }

  @Test
  void refusesTheSameNameTwiceOnOneSide() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Signature(List.of(DISTANCE, DISTANCE), List.of()))
        .withMessage("the input 'distance' is there twice");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Signature(List.of(), List.of(DELAY, DELAY)))
        .withMessage("the output 'delay' is there twice");
  }

  @Test
  void copiesItsColumns() {
    List<Column> inputs = new ArrayList<>(List.of(DISTANCE));
    Signature signature = new Signature(inputs, List.of());
    inputs.clear();
    assertThat(signature.inputs()).containsExactly(DISTANCE);
  }

  @Test
  void refusesAColumnWithoutName() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Column("", ColumnType.BOOL, false))
        .withMessage("a column's name must not be empty");
  }

  private static ColumnType type(ArrowType type) {
    return ColumnType.of(Field.nullable("x", type));
  }

  @Test
  void refusesAColumnNameOfTwoLines() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Column("one\ntwo", ColumnType.INT64, false))
        .withMessageContaining("line break");
  }

  @Test
  void knowsWhichTypesHaveAValueForAMissingOne() {
    assertThat(ColumnType.values())
        .filteredOn(ColumnType::canBeMissing)
        .containsExactly(ColumnType.FLOAT32, ColumnType.FLOAT64, ColumnType.STRING);
  }

  @Test
  void knowsTheArrowTypesThatAModelTakes() {
    assertThat(type(new ArrowType.FloatingPoint(FloatingPointPrecision.SINGLE)))
        .isEqualTo(ColumnType.FLOAT32);
    assertThat(type(new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE)))
        .isEqualTo(ColumnType.FLOAT64);
    assertThat(type(new ArrowType.Int(64, true))).isEqualTo(ColumnType.INT64);
    assertThat(type(new ArrowType.Int(32, false))).isEqualTo(ColumnType.INT64);
    assertThat(type(new ArrowType.Decimal(10, 2, 128))).isEqualTo(ColumnType.FLOAT64);
    assertThat(type(ArrowType.Utf8.INSTANCE)).isEqualTo(ColumnType.STRING);
    assertThat(type(ArrowType.Bool.INSTANCE)).isEqualTo(ColumnType.BOOL);
  }

  @Test
  void refusesTheOthersAndNamesTheColumn() {
    for (ArrowType type :
        List.of(
            new ArrowType.Int(64, false),
            new ArrowType.FloatingPoint(FloatingPointPrecision.HALF),
            new ArrowType.Date(DateUnit.DAY),
            ArrowType.Binary.INSTANCE,
            ArrowType.Null.INSTANCE)) {
      assertThatExceptionOfType(MlInfraException.class)
          .isThrownBy(() -> type(type))
          .withMessageContaining("column 'x' has type " + type)
          .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_UNSUITABLE))
          .satisfies(e -> assertThat(e.kind()).isEqualTo(ErrorCode.Kind.DATA));
    }
  }

  /** Its values in the batch are positions in a dictionary, not what the column means. */
  @Test
  void refusesADictionaryEncodedColumn() {
    FieldType codes =
        new FieldType(true, new ArrowType.Int(32, true), new DictionaryEncoding(1, false, null));
    assertThatExceptionOfType(MlInfraException.class)
        .isThrownBy(() -> ColumnType.of(new Field("x", codes, null)))
        .withMessageContaining("column 'x' is dictionary-encoded");
  }

  @Test
  void tellsWhatItsTypesHold() {
    assertThat(ColumnType.values()).filteredOn(ColumnType::hasNaN).hasSize(2);
    assertThat(ColumnType.values()).filteredOn(ColumnType::isNumeric).hasSize(3);
    assertThat(ColumnType.STRING.javaType()).isEqualTo(String.class);
  }
}
