package io.mlinfra.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A block of Java in a page of the documentation. The line before it must name the test in which it
 * stands: {@code <!-- the code of examples/…/SomeTest.java -->}. A test is compiled and run, and
 * so, with this, is what the page shows.
 *
 * @param page the page's file
 * @param line of the page on which the block begins
 * @param source the file that the line before it names, from the root of the project; empty if it
 *     names none
 * @param code the block
 */
record DocumentedCode(Path page, int line, String source, String code) {
  private static final String BEFORE = "<!-- the code of ";
  private static final String AFTER = " -->";

  /** The blocks of a page, from top to bottom. */
  static List<DocumentedCode> of(Path page) throws IOException {
    List<DocumentedCode> blocks = new ArrayList<>();
    List<String> lines = Files.readAllLines(page);
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).strip().equals("```java")) {
        int start = i++;
        StringBuilder code = new StringBuilder();
        while (!lines.get(i).strip().equals("```")) {
          code.append(lines.get(i++)).append('\n');
        }
        String source = start == 0 ? "" : source(lines.get(start - 1));
        blocks.add(new DocumentedCode(page, start + 1, source, code.toString()));
      }
    }
    return blocks;
  }

  private static String source(String line) {
    return line.startsWith(BEFORE) && line.endsWith(AFTER)
        ? line.substring(BEFORE.length(), line.length() - AFTER.length())
        : "";
  }

  /**
   * Whether it stands in a text, white space aside, and aside from the braces at its end: before
   * those a test may have something to add.
   */
  boolean isIn(String text) {
    String needle = squeezed(code).replaceAll("}+$", "");
    return !needle.isEmpty() && squeezed(text).contains(needle);
  }

  private static String squeezed(String code) {
    return code.replaceAll("\\s+", "");
  }

  /** {@code docs/registry.md:42}. */
  @Override
  public String toString() {
    return page + ":" + line;
  }
}
