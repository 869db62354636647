package io.mlinfra.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Holds README.md and docs/ against the tests: whatever Java they show is compiled and run. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..");
  private static final Pattern LINK = Pattern.compile("]\\(([^)#:]+)(#[^)]*)?\\)");

  @Test
  void everyBlockOfJavaStandsInATest() throws IOException {
    List<DocumentedCode> blocks = new ArrayList<>();
    for (Path page : pages()) {
      blocks.addAll(DocumentedCode.of(page));
    }
    assertThat(blocks).hasSizeGreaterThan(20);
    for (DocumentedCode block : blocks) {
      assertThat(block.source()).as("the test of %s", block).contains("src/test/java/");
      String test = Files.readString(ROOT.resolve(block.source()));
      assertThat(block.isIn(test)).as("%s stands in %s", block, block.source()).isTrue();
    }
  }

  @Test
  void everyLinkToAFileLeadsToOne() throws IOException {
    for (Path page : pages()) {
      Matcher links = LINK.matcher(Files.readString(page));
      while (links.find()) {
        Path target = page.resolveSibling(links.group(1));
        assertThat(target).as("a link of %s", page).exists();
      }
    }
  }

  @Test
  void aBlockThatNamesNoTestIsFoundAndSoIsOneThatDiffers(@TempDir Path folder) throws IOException {
    Path page = folder.resolve("page.md");
    Files.writeString(
        page,
        """
        ```java
        int one = 1;
        ```
        <!-- the code of A.java -->
        ```java
        if (one) {
          two();
        }
        ```
        """);
    List<DocumentedCode> blocks = DocumentedCode.of(page);
    assertThat(blocks).hasSize(2);
    assertThat(blocks.get(0).source()).isEmpty();
    DocumentedCode second = blocks.get(1);
    assertThat(second.source()).isEqualTo("A.java");
    assertThat(second.line()).isEqualTo(5);
    assertThat(second.isIn("x(); if (one) { two(); three(); }")).isTrue();
    assertThat(second.isIn("x(); if (two) { two(); three(); }")).isFalse();
  }

  private static List<Path> pages() throws IOException {
    List<Path> pages = new ArrayList<>(List.of(ROOT.resolve("README.md")));
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(pages::add);
    }
    return pages;
  }
}
