package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class HkdfTest {
  /** The test cases 1 and 2 of RFC 5869, appendix A, of which we use the first 32 bytes. */
  @Test
  void derivesWhatTheSpecificationDoes() {
    assertThat(derive("0b".repeat(22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9"))
        .isEqualTo("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    assertThat(derive(counting(0x00, 80), counting(0x60, 80), counting(0xb0, 80)))
        .isEqualTo("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c");
  }

  private static String counting(int from, int count) {
    StringBuilder hex = new StringBuilder();
    for (int i = 0; i < count; i++) {
      hex.append(HexFormat.of().toHexDigits((byte) (from + i)));
    }
    return hex.toString();
  }

  private static String derive(String key, String salt, String info) {
    HexFormat hex = HexFormat.of();
    return hex.formatHex(Hkdf.derive(hex.parseHex(key), hex.parseHex(salt), hex.parseHex(info)));
  }
}
