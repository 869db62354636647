package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * States in a Redis server, for several processes. Thread-safe; keeps nothing that it has read.
 *
 * <p><b>Keys.</b> {@code prefix:heads} is a hash from view to head, {@code prefix:staging} one from
 * view to what is being prepared, {@code prefix:states:view:generation:bucket} one from the key of
 * an entity to its whole state, {@code prefix:changes:view} one of the keys that were written in
 * the valid generation while another is being prepared, by the number of the change, {@code
 * prefix:hold:view} there while nobody may push. The {@value #BUCKETS} buckets of a generation keep
 * each hash small: Redis deletes one, or lists its keys, in a moment and without holding up others.
 *
 * <p><b>Changes</b> are made by one Lua script, which checks all versions before it changes
 * anything; Redis runs nothing else meanwhile, some microseconds per state, and either has all of
 * its effects or none. A change of more than {@value #INLINE} bytes is first uploaded in pieces,
 * which the script picks up and which expire by themselves where their writer has died.
 *
 * <p><b>Reads.</b> Up to {@value #TOGETHER} states of one call are those of one moment.
 *
 * <p><b>Dropping.</b> A generation that was valid stays readable for {@link #GRACE} after another
 * has become valid, and then expires, whether or not its writer lives to drop it. Only a reader
 * that lets more time pass between the head and the states finds nothing.
 *
 * <p><b>The server</b> decides how durable a change is (its {@code appendfsync}), and must not
 * evict keys that do not expire. Cluster mode is not supported.
 */
final class RedisStorage implements Storage {
  static final Duration GRACE = Duration.ofMinutes(1);

  private static final int BUCKETS = 1024;
  private static final int INLINE = 1 << 20;

  /** How long a piece of a large change waits for the others, and its writer for the answer. */
  private static final Duration LARGE = Duration.ofMinutes(10);

  /** How long a push waits for one who replaces the head and may have died. */
  static final Duration HOLD = Duration.ofSeconds(1);

  /** After 5 seconds Redis tells whoever waits that it is busy with somebody else's script. */
  private static final Duration SMALL = Duration.ofSeconds(10);

  /** How many states are read in one round trip, and between two changes. */
  private static final int TOGETHER = 1024;

  private static final int TILE_HEADER = Long.BYTES + Integer.BYTES;
  private static final byte[] NONE = new byte[0];

  /** What may still be read of a generation goes later. */
  private static final String EXPIRE =
      """
      local function expire(states)
        for bucket = 0, %d do
          redis.call('PEXPIRE', states .. bucket, %d)
        end
      end
      """
          .formatted(BUCKETS - 1, GRACE.toMillis());

  /**
   * Walks the pieces of a change: those uploaded, and the rest that comes with the call. A state is
   * its version and then its tiles, each a number, a length and the bytes.
   */
  private static final String WALK =
      """
      local function walk(states, pieces, first, count, rest, visit)
        local names = {}
        for i = first, first + count do
          local piece = i < first + count and redis.call('GET', pieces .. i) or rest
          if not piece then
            return error('a piece of a large change has expired')
          end
          local at, bucket, key, expected, version, tiles, removed = 1
          while at <= #piece do
            bucket, key, expected, version, tiles, removed, at =
                struct.unpack('>I2I4c0c8c8I4c0I4c0', piece, at)
            local hash = names[bucket]
            if not hash then
              hash = states .. bucket
              names[bucket] = hash
            end
            local state = redis.call('HGET', hash, key)
            if not visit(hash, key, state, expected, version, tiles, removed) then
              return false
            end
          end
        end
        return true
      end

      local function merge(state, tiles, removed)
        local gone = {}
        for at = 1, #removed, 8 do
          gone[string.sub(removed, at, at + 7)] = true
        end
        local at = 1
        while at <= #tiles do
          local number, length = struct.unpack('>c8I4', tiles, at)
          gone[number] = true
          at = at + 12 + length
        end
        local kept = {}
        at = 9
        while at <= #state do
          local number, length = struct.unpack('>c8I4', state, at)
          if not gone[number] then
            kept[#kept + 1] = string.sub(state, at, at + 11 + length)
          end
          at = at + 12 + length
        end
        kept[#kept + 1] = tiles
        return table.concat(kept)
      end

      local function forget(pieces, count)
        for i = 0, count - 1 do
          redis.call('UNLINK', pieces .. i)
        end
      end

      local function last(changes)
        return tonumber(redis.call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2] or 0)
      end

      local function same(hash, key, state, expected)
        return (state and string.sub(state, 1, 8) or string.rep('\\0', 8)) == expected
      end

      local function put(hash, key, state, expected, version, tiles, removed)
        local all = state and merge(state, tiles, removed) or tiles
        if all ~= '' then
          redis.call('HSET', hash, key, version .. all)
        elseif state then
          redis.call('HDEL', hash, key)
        end
        return true
      end
      """;

  /** Not MULTI and EXEC, which a server that has no memory left refuses. */
  private static final RedisScript READ =
      RedisScript.of(
          """
          local found = {}
          for i = 2, #ARGV, 2 do
            found[#found + 1] = redis.call('HGET', ARGV[1] .. ARGV[i], ARGV[i + 1])
          end
          return found
          """);

  private static final RedisScript CHANGES =
      RedisScript.of(
          """
          local last = redis.call('ZREVRANGE', ARGV[1], 0, 0, 'WITHSCORES')[2]
          local keys = redis.call('ZRANGEBYSCORE', ARGV[1], '(' .. ARGV[2], '+inf')
          return {tonumber(last or 0), keys}
          """);

  /**
   * The number of pieces; then for each view its name, the generation expected, what must be
   * prepared, the new generation and meta, the watermark, the last change taken into account, where
   * changes are written down, what holds them up, and where its states are.
   */
  private static final RedisScript WRITE =
      RedisScript.of(
          EXPIRE
              + WALK
              + """
              local heads, staging, pieces = unpack(KEYS)

              local function change()
                local views = {}
                for i = 2, #ARGV, 12 do
                  local name, generation, staged, head, watermark, taken, changes, hold, states,
                      first, count, rest = unpack(ARGV, i, i + 11)
                  first, count = tonumber(first), tonumber(count)
                  local old = redis.call('HGET', heads, name)
                  if (old and string.sub(old, 1, 8) or '') ~= generation then
                    return 0
                  end
                  if staged ~= '' and redis.call('HGET', staging, name) ~= staged then
                    return 0
                  end
                  if head == '' and redis.call('EXISTS', hold) == 1 then
                    return 0
                  end
                  if taken ~= '-1' and tonumber(taken) ~= last(changes) then
                    return 0
                  end
                  if not walk(states, pieces, first, count, rest, same) then
                    return 0
                  end
                  local meta = string.sub(head, 9)
                  if head == '' then
                    meta = string.sub(old, 17)
                  else
                    generation = string.sub(head, 1, 8)
                  end
                  if old and string.sub(old, 1, 8) == generation then
                    local high, low = struct.unpack('>i4I4', watermark)
                    local oldHigh, oldLow = struct.unpack('>i4I4', old, 9)
                    if oldHigh > high or oldHigh == high and oldLow > low then
                      watermark = string.sub(old, 9, 16)
                    end
                  end
                  views[#views + 1] = function()
                    redis.call('HSET', heads, name, generation .. watermark .. meta)
                    local now = redis.call('HGET', staging, name)
                    local number = now and last(changes) + 1
                    walk(states, pieces, first, count, rest, function(hash, key, ...)
                      if now then
                        redis.call('ZADD', changes, number, key)
                      end
                      return put(hash, key, ...)
                    end)
                    if head ~= '' then
                      redis.call('UNLINK', hold)
                    end
                    if old and string.sub(old, 1, 8) ~= generation then
                      expire(states)
                    end
                    if now and string.sub(now, 1, 8) == generation then
                      redis.call('HDEL', staging, name)
                      redis.call('UNLINK', changes)
                    end
                  end
                end
                for _, view in ipairs(views) do
                  view()
                end
                return 1
              end

              local changed = change()
              forget(pieces, tonumber(ARGV[1]))
              return changed
              """);

  private static final RedisScript STAGE =
      RedisScript.of(
          WALK
              + """
              local staging, pieces = unpack(KEYS)
              local view, seen, now, states, first, count, rest = unpack(ARGV)
              local alone = (redis.call('HGET', staging, view) or '') == seen
              if alone then
                redis.call('HSET', staging, view, now)
                walk(states, pieces, tonumber(first), tonumber(count), rest, put)
              end
              forget(pieces, tonumber(count))
              return alone and 1 or 0
              """);

  private static final RedisScript DROP =
      RedisScript.of(
          EXPIRE
              + """
              local staging, changes = unpack(KEYS)
              local view, generation, states = unpack(ARGV)
              local staged = redis.call('HGET', staging, view)
              if staged and string.sub(staged, 1, 8) == generation then
                redis.call('HDEL', staging, view)
                redis.call('UNLINK', changes)
                for bucket = 0, %d do
                  redis.call('UNLINK', states .. bucket)
                end
              else
                expire(states)
              end
              return 1
              """
                  .formatted(BUCKETS - 1));

  private final RedisConnections redis;
  private final String prefix;
  private final byte[] heads;
  private final byte[] staging;

  /** What this storage has last seen being prepared: whoever finds something else is not alone. */
  private final Map<String, byte[]> seen = new ConcurrentHashMap<>();

  private RedisStorage(RedisConnections redis, String prefix) {
    this.redis = redis;
    this.prefix = prefix;
    this.heads = RedisScript.bytes(prefix + ":heads");
    this.staging = RedisScript.bytes(prefix + ":staging");
  }

  /**
   * Connects to a server. Needs {@code redis.clients:jedis} on the class path.
   *
   * @param server {@code redis://user:password@host:port/database}, or {@code rediss:} for TLS,
   *     whose certificate the JVM must trust; only the host is required
   * @param prefix begins the names of all keys, so that others may use the same server
   */
  static RedisStorage open(URI server, String prefix) {
    int database = database(server);
    if (prefix.isBlank()) {
      throw new IllegalArgumentException("prefix must not be blank");
    }
    RedisConnections redis;
    try {
      redis = RedisConnections.open(server, database);
    } catch (LinkageError e) {
      throw new MlInfraException(
          ErrorCode.ARTIFACT_MISSING,
          "features in Redis need redis.clients:jedis:8.0.2 and what it depends on; add it to the"
              + " class path ("
              + e
              + ")",
          e);
    }
    try {
      requireKeeping(redis);
      return new RedisStorage(redis, prefix);
    } catch (RuntimeException e) {
      redis.close();
      throw e;
    }
  }

  /** An entity whose state was evicted would look as if it had no events. */
  private static void requireKeeping(RedisConnections redis) {
    Object answer = redis.call(bytes("INFO"), bytes("memory"));
    String memory = new String((byte[]) Objects.requireNonNull(answer), StandardCharsets.UTF_8);
    if (!memory.contains("\nmaxmemory:0\r") && memory.contains("\nmaxmemory_policy:allkeys")) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED,
          "Redis at " + redis + " may evict any key: its maxmemory-policy must be noeviction");
    }
  }

  /** Checks a server's address; says nothing of what may be a password. */
  private static int database(URI server) {
    String scheme = server.getScheme();
    if (!"redis".equals(scheme) && !"rediss".equals(scheme)) {
      throw new IllegalArgumentException("scheme (" + scheme + ") must be redis or rediss");
    }
    if (server.getHost() == null) {
      throw new IllegalArgumentException(
          "a Redis server must be given as " + scheme + "://user:password@host:port/database");
    }
    if (server.getQuery() != null || server.getFragment() != null) {
      throw new IllegalArgumentException(
          "the address of " + server.getHost() + " must end after the number of the database");
    }
    String path = server.getPath();
    if (path.isEmpty() || path.equals("/")) {
      return 0;
    }
    if (!path.matches("/\\d{1,6}")) {
      throw new IllegalArgumentException(
          "database (" + path + ") of " + server.getHost() + " must be a number such as /0");
    }
    return Integer.parseInt(path.substring(1));
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public Set<String> views() {
    Set<String> views = new TreeSet<>();
    for (byte[] view : list(redis.call(bytes("HKEYS"), heads))) {
      views.add(new String(view, StandardCharsets.UTF_8));
    }
    return views;
  }

  @SuppressWarnings("unchecked")
  private static List<byte[]> list(@Nullable Object answer) {
    return answer == null ? List.of() : (List<byte[]>) answer;
  }

  @Override
  public @Nullable Head head(String view) {
    byte[] head = (byte[]) redis.call(bytes("HGET"), heads, bytes(view));
    if (head == null) {
      return null;
    }
    ByteBuffer from = ByteBuffer.wrap(head);
    return new Head(
        from.getLong(), Arrays.copyOfRange(head, 16, head.length), from.getLong(Long.BYTES));
  }

  @Override
  public List<State> read(String view, long generation, List<byte[]> keys) {
    String states = states(view, generation);
    List<State> read = new ArrayList<>(keys.size());
    for (int from = 0; from < keys.size(); from += TOGETHER) {
      List<byte[]> arguments = new ArrayList<>(List.of(bytes(states)));
      for (byte[] key : keys.subList(from, Math.min(from + TOGETHER, keys.size()))) {
        arguments.add(bytes(Integer.toString(bucket(key))));
        arguments.add(key);
      }
      for (Object state : (List<?>) Objects.requireNonNull(redis.call(READ, arguments))) {
        read.add(state(state));
      }
    }
    return read;
  }

  private static State state(@Nullable Object bytes) {
    Map<Long, byte[]> tiles = new TreeMap<>();
    if (bytes == null) {
      return new State(0, tiles);
    }
    ByteBuffer from = ByteBuffer.wrap((byte[]) bytes);
    long version = from.getLong();
    while (from.hasRemaining()) {
      long number = from.getLong();
      byte[] content = new byte[from.getInt()];
      from.get(content);
      tiles.put(number, content);
    }
    return new State(version, tiles);
  }

  /** {@inheritDoc} Nothing of one that was replaced and is only still readable. */
  @Override
  public void forEachKey(String view, long generation, Consumer<byte[]> to) {
    Head head = head(view);
    if (head == null || head.generation() != generation) {
      Staging staging = staging(view);
      if (staging == null || staging.generation() != generation) {
        return;
      }
    }
    String states = states(view, generation);
    int buckets = 16;
    for (int from = 0; from < BUCKETS; from += buckets) {
      List<byte[][]> commands = new ArrayList<>();
      for (int bucket = from; bucket < from + buckets; bucket++) {
        commands.add(new byte[][] {bytes("HKEYS"), bytes(states + bucket)});
      }
      redis.callAll(commands).forEach(keys -> list(keys).forEach(to));
    }
  }

  @Override
  public boolean write(List<ViewWrite> changes) {
    Pieces pieces = new Pieces();
    List<byte[]> arguments = new ArrayList<>();
    arguments.add(NONE);
    for (ViewWrite change : changes) {
      Head head = change.head();
      if (change.generation() < 0 && (head == null || !change.states().isEmpty())) {
        throw new IllegalArgumentException(
            "the first change of view '" + change.view() + "' must have a head and no states");
      }
      arguments.add(bytes(change.view()));
      arguments.add(change.generation() < 0 ? NONE : bytes(change.generation()));
      arguments.add(head == null ? NONE : staged(change.view(), head.generation()));
      arguments.add(head == null ? NONE : bytes(head.generation(), head.meta()));
      arguments.add(bytes(change.watermark()));
      arguments.add(bytes(Long.toString(change.taken())));
      arguments.add(changes(change.view()));
      arguments.add(holdName(change.view()));
      pieces.add(states(change.view(), change.generation()), change.states(), arguments);
    }
    arguments.set(0, bytes(Integer.toString(pieces.uploaded)));
    boolean written =
        redis.run(WRITE, List.of(heads, staging, pieces.name()), arguments, pieces.patience()) == 1;
    for (ViewWrite change : changes) {
      if (change.head() != null) {
        seen.remove(change.view());
      }
    }
    return written;
  }

  /** What this storage has last seen being prepared, where that is a certain generation. */
  private byte[] staged(String view, long generation) {
    byte[] staged = seen.getOrDefault(view, NONE);
    return isOf(staged, generation) ? staged : NONE;
  }

  private static boolean isOf(byte[] staged, long generation) {
    return staged.length > 0 && ByteBuffer.wrap(staged).getLong() == generation;
  }

  @Override
  public @Nullable Staging staging(String view) {
    byte[] staged = look(view);
    return staged.length == 0
        ? null
        : new Staging(
            ByteBuffer.wrap(staged).getLong(),
            Arrays.copyOfRange(staged, Long.BYTES, staged.length));
  }

  private byte[] look(String view) {
    byte[] answer = (byte[]) redis.call(bytes("HGET"), staging, bytes(view));
    byte[] staged = answer == null ? NONE : answer;
    seen.put(view, staged);
    return staged;
  }

  /**
   * {@inheritDoc}
   *
   * @throws MlInfraException {@link ErrorCode#CONFLICT}, and nothing has changed, if somebody else
   *     has staged or dropped states of this view since this storage has last looked
   */
  @Override
  public void stage(String view, long generation, List<StateWrite> states, byte[] progress) {
    byte[] before = seen.get(view);
    if (before == null) {
      before = look(view);
    }
    byte[] now = bytes(generation, progress);
    Pieces pieces = new Pieces();
    List<byte[]> arguments = new ArrayList<>(List.of(bytes(view), before, now));
    pieces.add(states(view, generation), states, arguments);
    seen.remove(view);
    if (redis.run(STAGE, List.of(staging, pieces.name()), arguments, pieces.patience()) == 0) {
      throw new MlInfraException(
          ErrorCode.CONFLICT,
          "another process is preparing view '" + view + "' in Redis at " + redis);
    }
    seen.put(view, now);
  }

  @Override
  public Changes changes(String view, long after) {
    List<?> found =
        (List<?>)
            Objects.requireNonNull(
                redis.call(CHANGES, List.of(changes(view), bytes(Long.toString(after)))));
    long last = (Long) Objects.requireNonNull(found.get(0));
    return new Changes(last, list(found.get(1)));
  }

  private byte[] changes(String view) {
    return bytes(prefix + ":changes:" + view);
  }

  @Override
  public void hold(String view) {
    redis.call(
        bytes("SET"),
        holdName(view),
        bytes("1"),
        bytes("PX"),
        bytes(Long.toString(HOLD.toMillis())));
  }

  private byte[] holdName(String view) {
    return bytes(prefix + ":hold:" + view);
  }

  @Override
  public void drop(String view, long generation) {
    seen.computeIfPresent(view, (key, now) -> isOf(now, generation) ? null : now);
    redis.run(
        DROP,
        List.of(staging, changes(view)),
        List.of(bytes(view), bytes(generation), bytes(states(view, generation))),
        SMALL);
  }

  /** What the names of a generation's buckets begin with. */
  private String states(String view, long generation) {
    return prefix + ":states:" + view + ":" + generation + ":";
  }

  private static int bucket(byte[] key) {
    CRC32C hash = new CRC32C();
    hash.update(key);
    return (int) (hash.getValue() % BUCKETS);
  }

  private static byte[] bytes(String text) {
    return RedisScript.bytes(text);
  }

  private static byte[] bytes(long number, byte... more) {
    return ByteBuffer.allocate(Long.BYTES + more.length).putLong(number).put(more).array();
  }

  @Override
  public void close() {
    redis.close();
  }

  @Override
  public String toString() {
    return "RedisStorage[" + redis + ", " + prefix + "]";
  }

  /** The states of one change, in pieces. Those that are too much for one call are uploaded. */
  private final class Pieces {
    private final String name = prefix + ":pieces:" + UUID.randomUUID() + ":";
    private ByteBuffer piece = ByteBuffer.allocate(1 << 10);
    private int uploaded;

    byte[] name() {
      return bytes(name);
    }

    Duration patience() {
      return uploaded > 0 ? LARGE : SMALL;
    }

    /** Adds a view's states, and where they are to the arguments of the script. */
    void add(String states, List<StateWrite> writes, List<byte[]> arguments) {
      int first = uploaded;
      for (StateWrite write : writes) {
        add(write);
        if (piece.position() > INLINE) {
          upload();
        }
      }
      arguments.add(bytes(states));
      arguments.add(bytes(Integer.toString(first)));
      arguments.add(bytes(Integer.toString(uploaded - first)));
      arguments.add(take());
    }

    private void add(StateWrite write) {
      long size = 2L + 4 + write.key().length + 16 + 4 + 4 + 8L * write.removed().size();
      int tiles = 0;
      for (byte[] tile : write.tiles().values()) {
        size += TILE_HEADER + tile.length;
        tiles += TILE_HEADER + tile.length;
      }
      reserve(size);
      piece.putShort((short) bucket(write.key()));
      piece.putInt(write.key().length).put(write.key());
      piece.putLong(write.expected()).putLong(write.expected() + 1);
      piece.putInt(tiles);
      write.tiles().forEach((number, tile) -> piece.putLong(number).putInt(tile.length).put(tile));
      piece.putInt(8 * write.removed().size());
      write.removed().forEach(piece::putLong);
    }

    private void reserve(long size) {
      if (size > Integer.MAX_VALUE / 4) {
        throw new IllegalArgumentException(
            "state (" + size + " bytes) must have at most " + Integer.MAX_VALUE / 4 + " bytes");
      }
      if (piece.remaining() < size) {
        int least = piece.position() + (int) size;
        piece = ByteBuffer.allocate(Math.max(2 * piece.capacity(), least)).put(piece.flip());
      }
    }

    private void upload() {
      redis.call(
          bytes("SET"),
          bytes(name + uploaded),
          take(),
          bytes("PX"),
          bytes(Long.toString(LARGE.toMillis())));
      uploaded++;
    }

    private byte[] take() {
      byte[] taken = Arrays.copyOf(piece.array(), piece.position());
      piece.clear();
      return taken;
    }
  }
}
