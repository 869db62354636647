package io.mlinfra.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ThisJvmTest {
  private static final String ONE = "1".repeat(40);
  private static final String TWO = "2".repeat(40);

  @TempDir Path folder;

  private void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private String commit(String from, Map<String, String> variables) {
    return ThisJvm.commit(folder.resolve(from).toString(), variables).orElse("none");
  }

  @Test
  void readsTheCommitOfACheckoutFromAnywhereInIt() throws IOException {
    write(".git/HEAD", "ref: refs/heads/main\n");
    write(".git/packed-refs", "# pack-refs with: peeled\n" + ONE + " refs/heads/main\n^" + TWO);
    Files.createDirectories(folder.resolve("a/b"));
    assertThat(commit("a/b", Map.of())).isEqualTo(ONE);

    write(".git/refs/heads/main", TWO + "\n");
    assertThat(commit("a/b", Map.of("GIT_COMMIT", ONE))).isEqualTo(TWO);

    write(".git/HEAD", ONE + "\n");
    assertThat(commit("a", Map.of())).isEqualTo(ONE);
  }

  @Test
  void readsTheCommitOfALinkedWorktree() throws IOException {
    write("main/.git/worktrees/w/HEAD", "ref: refs/heads/w");
    write("main/.git/worktrees/w/commondir", "../..\n");
    write("main/.git/refs/heads/w", ONE);
    write("w/.git", "gitdir: ../main/.git/worktrees/w\n");
    assertThat(commit("w", Map.of())).isEqualTo(ONE);
  }

  @Test
  void asksTheBuildServerWhereThereIsNoCheckoutToBeRead() throws IOException {
    assertThat(commit("", Map.of("GITHUB_SHA", TWO, "CI_COMMIT_SHA", ONE))).isEqualTo(TWO);
    for (String head :
        new String[] {"", "ref: refs/heads/main", "ref: HEAD", "\uFFFF", "ref: \0"}) {
      write(".git/HEAD", head);
      assertThat(commit("", Map.of("CI_COMMIT_SHA", ONE))).as(head).isEqualTo(ONE);
      assertThat(commit("", Map.of("CI_COMMIT_SHA", "main"))).as(head).isEqualTo("none");
    }
    Files.write(folder.resolve(".git/HEAD"), new byte[] {(byte) 0xff});
    assertThat(commit("", Map.of())).isEqualTo("none");
    assertThat(ThisJvm.commit("no \0 path", Map.of("GIT_COMMIT", ONE))).contains(ONE);
  }

  @Test
  void readsWhatTheFirstProcessorCan() throws IOException {
    write(
        "x86",
        "processor : 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse4_2 avx512f avx2 avx avx512bw fma\n\n"
            + "processor : 1\nmodel name : Another\nflags : sve\n");
    assertThat(ThisJvm.cpu(folder.resolve("x86")))
        .containsOnly(
            Map.entry("cpu.model", "Some CPU"),
            Map.entry("cpu.features", "avx avx2 avx512bw avx512f fma sse4_2"));
    write("arm", "processor : 0\nFeatures : fp asimd evtstrm\nCPU part : 0xd0c\n");
    assertThat(ThisJvm.cpu(folder.resolve("arm")))
        .containsOnly(Map.entry("cpu.model", "0xd0c"), Map.entry("cpu.features", "asimd"));
    assertThat(ThisJvm.cpu(folder.resolve("none"))).isEmpty();
    assertThat(ThisJvm.cpu(folder)).isEmpty();
  }

  @Test
  void saysTheSameEachTime() {
    assertThat(ThisJvm.environment())
        .isEqualTo(ThisJvm.environment())
        .containsKeys("com.fasterxml.jackson.core:jackson-core", "org.apache.arrow:arrow-vector");
  }
}
