package io.mlinfra.features.online;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Where an online store keeps the states of entities beyond its own memory. A state is a number of
 * tiles, each the bytes of some neighbouring events. States belong to a generation of their view;
 * the head of the view says which generation is the valid one. Thread-safe.
 *
 * <p>All methods throw {@link io.mlinfra.core.MlInfraException} where reading or writing fails.
 */
interface Storage extends AutoCloseable {
  /**
   * What is valid of a view.
   *
   * @param generation whose states are valid
   * @param meta what the store wants to know of the view
   * @param watermark the latest time of becoming visible among the events pushed, in microseconds
   */
  record Head(long generation, byte[] meta, long watermark) {}

  /**
   * The state of an entity.
   *
   * @param version 1 when it is first written or staged, 1 more with each further write; 0 where
   *     there is no state, so also after a write has removed its last tile
   * @param tiles by number, ascending
   */
  record State(long version, Map<Long, byte[]> tiles) {}

  /**
   * A change of an entity's state.
   *
   * @param expected the version that the state must still have
   * @param tiles that are written
   * @param removed numbers of tiles that go
   */
  record StateWrite(byte[] key, long expected, Map<Long, byte[]> tiles, Set<Long> removed) {}

  /**
   * A change of a view.
   *
   * @param generation that must still be valid; -1 where there must be no head
   * @param states that change, in that generation; none where there must be no head
   * @param head that becomes valid; null where the meta and the generation stay
   * @param watermark that the head has afterwards; where the generation stays, unless it has a
   *     later one
   * @param taken the number of the last of the {@linkplain #changes changes} that the new
   *     generation takes into account, and no other must follow; -1 for whatever it is
   */
  record ViewWrite(
      String view,
      long generation,
      List<StateWrite> states,
      @Nullable Head head,
      long watermark,
      long taken) {
    ViewWrite(
        String view,
        long generation,
        List<StateWrite> states,
        @Nullable Head head,
        long watermark) {
      this(view, generation, states, head, watermark, -1);
    }
  }

  /**
   * What has changed in the valid generation since another one is being prepared.
   *
   * @param last the number of the last change, 0 for none
   * @param keys of the states that changed after the change that was asked for
   */
  record Changes(long last, List<byte[]> keys) {}

  /**
   * A generation that is being prepared and not valid yet.
   *
   * @param progress what was given with the states that were staged last
   */
  record Staging(long generation, byte[] progress) {}

  /** Whether other processes may write, so that nothing read may be kept. */
  boolean isShared();

  /** The views that have a head. */
  Set<String> views();

  /** The head of a view, null if it has none. */
  @Nullable Head head(String view);

  /** The states of some entities, in the order asked. */
  List<State> read(String view, long generation, List<byte[]> keys);

  /** Hands the keys of all states of a generation, valid or being prepared, to somebody. */
  void forEachKey(String view, long generation, Consumer<byte[]> to);

  /**
   * Makes all changes or none, durably.
   *
   * @return false, and nothing has changed, if a generation or a version was not as expected
   */
  boolean write(List<ViewWrite> changes);

  /** The generation of a view that is being prepared, null if there is none. */
  @Nullable Staging staging(String view);

  /**
   * What others have changed of a view while a generation of it is being prepared, so that it takes
   * in what comes meanwhile. Of a storage that is not shared nobody needs to ask.
   *
   * @param after the number of a change
   */
  Changes changes(String view, long after);

  /**
   * Refuses for a moment, or until the head is replaced, all changes of a view that leave its head
   * as it is, so that whoever replaces it is not outrun. Only of a shared storage.
   */
  void hold(String view);

  /**
   * Changes states of a generation that is not valid yet; those staged by one call come with its
   * progress or not at all. Whoever stages is alone, so versions are not checked.
   */
  void stage(String view, long generation, List<StateWrite> states, byte[] progress);

  /** Forgets all states of a generation. */
  void drop(String view, long generation);

  @Override
  void close();
}
