package io.mlinfra.features.online;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.mlinfra.features.online.Storage.Head;
import io.mlinfra.features.online.Storage.Staging;
import io.mlinfra.features.online.Storage.State;
import io.mlinfra.features.online.Storage.StateWrite;
import io.mlinfra.features.online.Storage.ViewWrite;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What holds of every {@link Storage}. A subclass says how one is opened. */
@Timeout(120)
abstract class StorageContract {
  protected static final String VIEW = "origin";

  protected Storage storage;

  /** Opens the storage of this test; each call finds what the ones before have left. */
  protected abstract Storage open();

  @BeforeEach
  final void openFirst() {
    storage = open();
  }

  @AfterEach
  final void closeLast() {
    storage.close();
  }

  /** Closes the storage and opens it again. */
  protected final void reopen() {
    storage.close();
    storage = open();
  }

  protected static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  /** A change of one state. */
  protected static StateWrite state(String key, long expected, long tile, String content) {
    return new StateWrite(bytes(key), expected, Map.of(tile, bytes(content)), Set.of());
  }

  /** A change of states of {@link #VIEW} that leaves its head as it is. */
  protected static ViewWrite states(long generation, StateWrite... states) {
    return new ViewWrite(VIEW, generation, List.of(states), null, 0);
  }

  /** The first head of a view. */
  protected static ViewWrite first(String view, long generation) {
    return new ViewWrite(view, -1, List.of(), new Head(generation, bytes("meta"), 0), 0);
  }

  protected final boolean write(ViewWrite... changes) {
    return storage.write(List.of(changes));
  }

  protected final State read(long generation, String key) {
    return storage.read(VIEW, generation, List.of(bytes(key))).get(0);
  }

  /** The tiles of a state as texts. */
  protected final Map<Long, String> tiles(long generation, String key) {
    return texts(read(generation, key));
  }

  protected static Map<Long, String> texts(State state) {
    Map<Long, String> texts = new TreeMap<>();
    state.tiles().forEach((tile, content) -> texts.put(tile, new String(content, UTF_8)));
    return texts;
  }

  protected final List<String> keys(long generation) {
    List<String> keys = new ArrayList<>();
    storage.forEachKey(VIEW, generation, key -> keys.add(new String(key, UTF_8)));
    keys.sort(null);
    return keys;
  }

  protected final Head head(String view) {
    return Objects.requireNonNull(storage.head(view), view);
  }

  @Test
  void hasNothingAtFirst() {
    assertThat(storage.views()).isEmpty();
    assertThat(storage.head(VIEW)).isNull();
    assertThat(storage.staging(VIEW)).isNull();
    assertThat(read(7, "JFK").version()).isZero();
    assertThat(read(7, "JFK").tiles()).isEmpty();
    assertThat(keys(7)).isEmpty();
    assertThat(storage.read(VIEW, 7, List.of())).isEmpty();
  }

  @Test
  void keepsHeadsAndStatesForTheNextWhoOpensIt() {
    assertThat(write(new ViewWrite(VIEW, -1, List.of(), new Head(3, bytes("m"), 50), 50))).isTrue();
    assertThat(write(states(3, state("JFK", 0, 5, "five")))).isTrue();
    long version = read(3, "JFK").version();

    reopen();

    assertThat(storage.views()).containsExactly(VIEW);
    assertThat(head(VIEW).generation()).isEqualTo(3);
    assertThat(head(VIEW).meta()).isEqualTo(bytes("m"));
    assertThat(head(VIEW).watermark()).isEqualTo(50);
    assertThat(read(3, "JFK").version()).isEqualTo(version).isNotZero();
    assertThat(tiles(3, "JFK")).isEqualTo(Map.of(5L, "five"));
    assertThat(keys(3)).containsExactly("JFK");
  }

  @Test
  void changesTheTilesNamedAndKeepsTheOthers() {
    write(first(VIEW, 1));
    write(
        states(
            1,
            new StateWrite(
                bytes("JFK"),
                0,
                Map.of(-2L, bytes("a"), 0L, bytes("b"), 9L, bytes("c"), 10L, bytes("")),
                Set.of())));
    long version = read(1, "JFK").version();

    assertThat(
            write(
                states(
                    1,
                    new StateWrite(
                        bytes("JFK"),
                        version,
                        Map.of(0L, bytes("B"), 11L, bytes("e")),
                        Set.of(9L, 77L)))))
        .isTrue();

    reopen();
    assertThat(tiles(1, "JFK")).isEqualTo(Map.of(-2L, "a", 0L, "B", 10L, "", 11L, "e"));
    assertThat(read(1, "JFK").version()).isNotEqualTo(version).isNotZero();
  }

  @Test
  void givesTheTilesInTheOrderOfTheirNumbers() {
    write(first(VIEW, 1));
    Map<Long, byte[]> tiles = new TreeMap<>();
    for (long tile : new long[] {Long.MIN_VALUE, -256, -255, -1, 0, 1, 255, 256, Long.MAX_VALUE}) {
      tiles.put(tile, bytes("" + tile));
    }
    write(states(1, new StateWrite(bytes("JFK"), 0, tiles, Set.of())));

    assertThat(read(1, "JFK").tiles().keySet()).containsExactlyElementsOf(tiles.keySet());
    assertThat(tiles(1, "JFK").get(-255L)).isEqualTo("-255");
  }

  @Test
  void readsInTheOrderAskedWithGapsAndRepetitions() {
    write(first(VIEW, 1));
    write(states(1, state("a", 0, 1, "A"), state("b", 0, 1, "B"), state("c", 0, 1, "C")));

    List<State> read =
        storage.read(
            VIEW, 1, List.of(bytes("c"), bytes("none"), bytes("a"), bytes("c"), bytes("b")));

    assertThat(read.stream().map(StorageContract::texts).map(Map::values).map(Object::toString))
        .containsExactly("[C]", "[]", "[A]", "[C]", "[B]");
    assertThat(read.get(1).version()).isZero();
  }

  @Test
  void tellsKeysApartThatBeginAlike() {
    write(first(VIEW, 1));
    List<byte[]> keys =
        List.of(
            new byte[0],
            new byte[1],
            new byte[2],
            new byte[8],
            new byte[9],
            new byte[16],
            new byte[] {0, 1},
            new byte[] {-1},
            new byte[] {-1, 0},
            new byte[] {127},
            new byte[] {-128},
            bytes("a"),
            bytes("a\0\0\0\0\0\0\0\1"),
            bytes("a:b"),
            bytes("\"{}*?[a]\n"),
            bytes("ü€😀"),
            new byte[300],
            new byte[70_000]);
    List<StateWrite> writes = new ArrayList<>();
    for (int i = 0; i < keys.size(); i++) {
      writes.add(
          new StateWrite(keys.get(i), 0, Map.of(1L, bytes("" + i), 2L, bytes("x")), Set.of()));
    }
    assertThat(write(states(1, writes.toArray(new StateWrite[0])))).isTrue();

    reopen();

    List<State> read = storage.read(VIEW, 1, keys);
    for (int i = 0; i < keys.size(); i++) {
      assertThat(texts(read.get(i))).isEqualTo(Map.of(1L, "" + i, 2L, "x"));
    }
    List<byte[]> listed = new ArrayList<>();
    storage.forEachKey(VIEW, 1, listed::add);
    listed.sort(Arrays::compareUnsigned);
    List<byte[]> sorted = new ArrayList<>(keys);
    sorted.sort(Arrays::compareUnsigned);
    assertThat(listed.toArray(new byte[0][])).isDeepEqualTo(sorted.toArray(new byte[0][]));
  }

  @Test
  void refusesAVersionThatSomebodyElseHasChanged() {
    write(first(VIEW, 1));
    write(states(1, state("JFK", 0, 1, "old")));
    long version = read(1, "JFK").version();
    assertThat(write(states(1, state("JFK", version, 1, "new")))).isTrue();

    assertThat(write(states(1, state("JFK", version, 1, "late")))).isFalse();
    assertThat(write(states(1, state("JFK", 0, 1, "late")))).isFalse();
    assertThat(write(states(1, state("LGA", version, 1, "late")))).isFalse();

    assertThat(tiles(1, "JFK")).isEqualTo(Map.of(1L, "new"));
    assertThat(keys(1)).containsExactly("JFK");
  }

  @Test
  void countsTheWritesOfAState() {
    storage.stage(VIEW, 1, List.of(state("staged", 0, 1, "x")), bytes("p"));
    write(first(VIEW, 1));
    assertThat(read(1, "staged").version()).isEqualTo(1);
    for (long version = 0; version < 5; version++) {
      assertThat(write(states(1, state("JFK", version, version, "x")))).isTrue();
      assertThat(read(1, "JFK").version()).isEqualTo(version + 1);
      reopen();
    }
    assertThat(write(states(1, new StateWrite(bytes("JFK"), 5, Map.of(), Set.of(0L, 1L)))))
        .isTrue();
    assertThat(read(1, "JFK").version()).isEqualTo(6);
    assertThat(read(1, "JFK").tiles()).hasSize(3);
  }

  @Test
  void forgetsAStateWithItsLastTile() {
    write(first(VIEW, 1));
    write(states(1, state("a", 0, 1, "x"), state("b", 0, 1, "x")));
    write(states(1, state("a", 1, 2, "y")));

    assertThat(write(states(1, new StateWrite(bytes("a"), 2, Map.of(), Set.of(1L, 2L))))).isTrue();

    for (int look = 0; look < 2; look++) {
      assertThat(read(1, "a").version()).isZero();
      assertThat(read(1, "a").tiles()).isEmpty();
      assertThat(keys(1)).containsExactly("b");
      reopen();
    }
    assertThat(write(states(1, state("a", 2, 1, "late")))).isFalse();
    assertThat(write(states(1, state("a", 0, 1, "new")))).isTrue();
    assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "new"));
  }

  @Test
  void changesEverythingOrNothing() {
    write(first(VIEW, 1), first("destination", 4));
    write(states(1, state("a", 0, 1, "old")));
    long version = read(1, "a").version();
    StateWrite good = state("a", version, 1, "new");
    StateWrite bad = state("b", 99, 1, "new");
    ViewWrite other = new ViewWrite("destination", 4, List.of(state("z", 0, 1, "z")), null, 1_000);

    assertThat(write(states(1, good, bad))).isFalse();
    assertThat(write(states(1, bad, good))).isFalse();
    assertThat(write(other, states(1, bad))).isFalse();
    assertThat(write(other, states(2, good))).isFalse();
    assertThat(write(other, first(VIEW, 9))).isFalse();
    assertThat(write(first("third", 1), states(1, bad))).isFalse();

    for (int look = 0; look < 2; look++) {
      assertThat(storage.views()).containsExactlyInAnyOrder(VIEW, "destination");
      assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "old"));
      assertThat(read(1, "a").version()).isEqualTo(version);
      assertThat(read(1, "b").version()).isZero();
      assertThat(storage.read("destination", 4, List.of(bytes("z"))).get(0).version()).isZero();
      assertThat(head("destination").watermark()).isZero();
      reopen();
    }
    assertThat(write(other, states(1, good))).isTrue();
    reopen();
    assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "new"));
    assertThat(head("destination").watermark()).isEqualTo(1_000);
  }

  @Test
  void refusesAGenerationThatIsNoLongerValid() {
    assertThat(write(states(1, state("a", 0, 1, "x")))).isFalse();
    assertThat(write(first(VIEW, 1))).isTrue();
    assertThat(write(first(VIEW, 2))).isFalse();
    assertThat(write(new ViewWrite(VIEW, 1, List.of(), new Head(2, bytes("n"), 0), 0))).isTrue();

    assertThat(write(states(1, state("a", 0, 1, "x")))).isFalse();
    assertThat(write(new ViewWrite(VIEW, 1, List.of(), new Head(3, bytes("o"), 0), 0))).isFalse();

    reopen();
    assertThat(head(VIEW).generation()).isEqualTo(2);
    assertThat(head(VIEW).meta()).isEqualTo(bytes("n"));
    assertThat(write(states(2, state("a", 0, 1, "x")))).isTrue();
  }

  @Test
  void movesTheWatermarkForwardsOnly() {
    write(new ViewWrite(VIEW, -1, List.of(), new Head(1, bytes("m"), -500), -500));
    assertThat(head(VIEW).watermark()).isEqualTo(-500);

    write(new ViewWrite(VIEW, 1, List.of(), null, 70));
    assertThat(head(VIEW).watermark()).isEqualTo(70);
    write(new ViewWrite(VIEW, 1, List.of(state("a", 0, 1, "x")), null, 60));
    assertThat(head(VIEW).watermark()).isEqualTo(70);
    write(new ViewWrite(VIEW, 1, List.of(), null, Long.MIN_VALUE));
    assertThat(head(VIEW).watermark()).isEqualTo(70);

    assertThat(head(VIEW).generation()).isEqualTo(1);
    assertThat(head(VIEW).meta()).isEqualTo(bytes("m"));
    reopen();
    assertThat(head(VIEW).watermark()).isEqualTo(70);
  }

  @Test
  void givesANewGenerationAWatermarkOfItsOwn() {
    write(new ViewWrite(VIEW, -1, List.of(), new Head(1, bytes("m"), 70), 70));
    write(new ViewWrite(VIEW, 1, List.of(), new Head(1, bytes("n"), 60), 60));
    assertThat(head(VIEW).watermark()).isEqualTo(70);
    assertThat(head(VIEW).meta()).isEqualTo(bytes("n"));

    write(new ViewWrite(VIEW, 1, List.of(), new Head(2, bytes("o"), -5), -5));
    for (int look = 0; look < 2; look++) {
      assertThat(head(VIEW).generation()).isEqualTo(2);
      assertThat(head(VIEW).watermark()).isEqualTo(-5);
      reopen();
    }
    write(
        new ViewWrite(VIEW, 2, List.of(), new Head(3, bytes("p"), Long.MIN_VALUE), Long.MIN_VALUE));
    assertThat(head(VIEW).watermark()).isEqualTo(Long.MIN_VALUE);
  }

  @Test
  void keepsWhatIsStagedApartUntilItIsPublished() {
    write(first(VIEW, 1));
    write(states(1, state("a", 0, 1, "old")));
    storage.stage(VIEW, 2, List.of(state("a", 0, 1, "new"), state("b", 0, 1, "b")), bytes("half"));

    assertThat(head(VIEW).generation()).isEqualTo(1);
    assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "old"));
    assertThat(keys(1)).containsExactly("a");

    assertThat(write(new ViewWrite(VIEW, 1, List.of(), new Head(2, bytes("n"), 0), 0))).isTrue();
    assertThat(storage.staging(VIEW)).isNull();
    storage.drop(VIEW, 1);
    reopen();

    assertThat(storage.staging(VIEW)).isNull();
    assertThat(head(VIEW).generation()).isEqualTo(2);
    assertThat(tiles(2, "a")).isEqualTo(Map.of(1L, "new"));
    assertThat(keys(2)).containsExactly("a", "b");
    assertThat(keys(1)).isEmpty();
    assertThat(write(states(2, state("a", read(2, "a").version(), 2, "more")))).isTrue();
    assertThat(tiles(2, "a")).isEqualTo(Map.of(1L, "new", 2L, "more"));
  }

  @Test
  void resumesStagingWhereItStopped() {
    storage.stage(VIEW, 5, List.of(state("a", 0, 1, "a")), bytes("one"));
    storage.stage(VIEW, 5, List.of(state("b", 0, 1, "b")), bytes("two"));
    storage.stage(VIEW, 5, List.of(), bytes("three"));
    reopen();

    Staging staging = Objects.requireNonNull(storage.staging(VIEW));
    assertThat(staging.generation()).isEqualTo(5);
    assertThat(staging.progress()).isEqualTo(bytes("three"));
    assertThat(storage.views()).isEmpty();
    storage.stage(VIEW, 5, List.of(state("c", 0, 1, "c")), bytes("four"));
    assertThat(write(first(VIEW, 5))).isTrue();

    reopen();
    assertThat(keys(5)).containsExactly("a", "b", "c");
    assertThat(storage.staging(VIEW)).isNull();
  }

  @Test
  void forgetsAGenerationThatIsDropped() {
    write(first(VIEW, 1), first("destination", 1));
    write(
        states(1, state("a", 0, 1, "a")),
        new ViewWrite("destination", 1, List.of(state("d", 0, 1, "d")), null, 0));
    storage.stage(VIEW, 2, List.of(state("b", 0, 1, "b")), bytes("p"));

    storage.drop(VIEW, 2);
    storage.drop(VIEW, 2);
    storage.drop("unknown", 9);

    for (int look = 0; look < 2; look++) {
      assertThat(storage.staging(VIEW)).isNull();
      assertThat(keys(2)).isEmpty();
      assertThat(read(2, "b").version()).isZero();
      assertThat(keys(1)).containsExactly("a");
      assertThat(storage.read("destination", 1, List.of(bytes("d"))).get(0).tiles()).hasSize(1);
      reopen();
    }
    storage.stage(VIEW, 2, List.of(state("c", 0, 1, "c")), bytes("q"));
    assertThat(keys(2)).containsExactly("c");
  }

  @Test
  void keepsLargeTilesAndManyOfThem() {
    write(first(VIEW, 1));
    byte[] large = new byte[3_000_000];
    new Random(1).nextBytes(large);
    Map<Long, byte[]> many = new TreeMap<>();
    for (long tile = 0; tile < 2_000; tile++) {
      many.put(tile, bytes("tile " + tile));
    }
    assertThat(
            write(
                states(
                    1,
                    new StateWrite(bytes("large"), 0, Map.of(1L, large), Set.of()),
                    new StateWrite(bytes("many"), 0, many, Set.of()))))
        .isTrue();

    reopen();
    assertThat(read(1, "large").tiles().get(1L)).isEqualTo(large);
    assertThat(read(1, "many").tiles()).hasSize(2_000);
    assertThat(tiles(1, "many").get(1_999L)).isEqualTo("tile 1999");
  }

  @Test
  void keepsManyViewsApart() {
    List<ViewWrite> heads = new ArrayList<>();
    List<ViewWrite> contents = new ArrayList<>();
    for (int view = 0; view < 200; view++) {
      heads.add(first("v" + view, view));
      contents.add(
          new ViewWrite("v" + view, view, List.of(state("k", 0, view, "" + view)), null, view));
    }
    assertThat(storage.write(heads)).isTrue();
    assertThat(storage.write(contents)).isTrue();

    reopen();
    assertThat(storage.views()).hasSize(200);
    for (int view = 0; view < 200; view++) {
      assertThat(texts(storage.read("v" + view, view, List.of(bytes("k"))).get(0)))
          .isEqualTo(Map.of((long) view, "" + view));
      assertThat(head("v" + view).watermark()).isEqualTo(view);
    }
  }

  @Test
  void keepsTheContentOfTheCallersArraysAsItWas() {
    write(first(VIEW, 1));
    byte[] key = bytes("a");
    byte[] content = bytes("x");
    write(states(1, new StateWrite(key, 0, Map.of(1L, content), Set.of())));
    key[0] = 'b';
    content[0] = 'y';

    assertThat(tiles(1, "a")).isEqualTo(Map.of(1L, "x"));
    assertThat(keys(1)).containsExactly("a");
  }

  @Test
  void letsOneOfManyWritersWinEachTime() throws Exception {
    write(first(VIEW, 1));
    write(states(1, state("n", 0, 1, "0"), state("m", 0, 1, "0")));
    int writers = 4;
    int each = 25;
    List<Callable<Void>> work = new ArrayList<>();
    for (int writer = 0; writer < writers; writer++) {
      work.add(
          () -> {
            for (int i = 0; i < each; ) {
              List<State> read = storage.read(VIEW, 1, List.of(bytes("n"), bytes("m")));
              int next = Integer.parseInt(texts(read.get(0)).get(1L)) + 1;
              if (write(
                  states(
                      1,
                      state("n", read.get(0).version(), 1, "" + next),
                      state("m", read.get(1).version(), 1, "" + next)))) {
                i++;
              }
            }
            return null;
          });
    }
    together(work);

    reopen();
    assertThat(tiles(1, "n")).isEqualTo(Map.of(1L, "" + writers * each));
    assertThat(tiles(1, "m")).isEqualTo(Map.of(1L, "" + writers * each));
  }

  @Test
  void neverShowsHalfAWriteOfAState() throws Exception {
    write(first(VIEW, 1));
    write(states(1, pair(0, 0)));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Void> reader =
        () -> {
          long last = 0;
          while (!done.get()) {
            Map<Long, String> tiles = tiles(1, "pair");
            assertThat(tiles.get(1L)).isEqualTo(tiles.get(2L));
            long now = Long.parseLong(tiles.get(1L));
            assertThat(now).isGreaterThanOrEqualTo(last);
            last = now;
          }
          return null;
        };
    Callable<Void> writer =
        () -> {
          try {
            for (int i = 1; i <= 200; i++) {
              assertThat(write(states(1, pair(read(1, "pair").version(), i)))).isTrue();
            }
          } finally {
            done.set(true);
          }
          return null;
        };
    together(List.of(reader, writer, reader));
    assertThat(tiles(1, "pair").get(2L)).isEqualTo("200");
  }

  private static StateWrite pair(long expected, int content) {
    return new StateWrite(
        bytes("pair"),
        expected,
        Map.of(1L, bytes("" + content), 2L, bytes("" + content)),
        Set.of());
  }

  @Test
  void readsWhileGenerationsComeAndGo() throws Exception {
    storage.stage(VIEW, 1, generation(1), bytes("p"));
    write(first(VIEW, 1));
    AtomicBoolean done = new AtomicBoolean();
    Callable<Void> reader =
        () -> {
          while (!done.get()) {
            long generation = head(VIEW).generation();
            Map<Long, String> tiles = tiles(generation, "k7");
            // Nothing where it has been dropped meanwhile.
            if (head(VIEW).generation() == generation) {
              assertThat(tiles).isEqualTo(Map.of(1L, "" + generation));
            }
          }
          return null;
        };
    Callable<Void> writer =
        () -> {
          try {
            for (long next = 2; next <= 40; next++) {
              storage.stage(VIEW, next, generation(next), bytes("p"));
              Head fresh = new Head(next, bytes("m"), next);
              assertThat(write(new ViewWrite(VIEW, next - 1, List.of(), fresh, next))).isTrue();
              storage.drop(VIEW, next - 1);
            }
          } finally {
            done.set(true);
          }
          return null;
        };
    together(List.of(reader, writer, reader));
    assertThat(keys(40)).hasSize(50);
  }

  private static List<StateWrite> generation(long number) {
    List<StateWrite> states = new ArrayList<>();
    for (int key = 0; key < 50; key++) {
      states.add(state("k" + key, 0, 1, "" + number));
    }
    return states;
  }

  private static void together(List<? extends Callable<Void>> work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(work.size());
    try {
      List<Future<Void>> results = new ArrayList<>();
      work.forEach(task -> results.add(threads.submit(task)));
      for (Future<Void> result : results) {
        result.get(60, TimeUnit.SECONDS);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void isOfNoUseOnceClosedAndMayBeClosedAgain() {
    storage.close();
    storage.close();

    assertThatIllegalStateException().isThrownBy(() -> storage.views());
    assertThatIllegalStateException().isThrownBy(() -> storage.head(VIEW));
    assertThatIllegalStateException().isThrownBy(() -> read(1, "a"));
    assertThatIllegalStateException().isThrownBy(() -> keys(1));
    assertThatIllegalStateException().isThrownBy(() -> write(first(VIEW, 1)));
    assertThatIllegalStateException().isThrownBy(() -> storage.staging(VIEW));
    assertThatIllegalStateException()
        .isThrownBy(() -> storage.stage(VIEW, 1, List.of(), bytes("p")));
    assertThatIllegalStateException().isThrownBy(() -> storage.drop(VIEW, 1));
  }
}
