package io.mlinfra.features.online;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.pool2.impl.GenericObjectPoolConfig;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.ClientSetInfoConfig;
import redis.clients.jedis.Connection;
import redis.clients.jedis.ConnectionPool;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * Connections to one Redis server. The only class that knows Jedis; none of its types is seen from
 * outside, so that the others load without it. Thread-safe; starts no threads.
 *
 * <p>All methods throw {@link MlInfraException} with {@link ErrorCode#IO_FAILED}, naming host and
 * port and never the password.
 */
final class RedisConnections implements AutoCloseable {
  private static final Duration CONNECTING = Duration.ofSeconds(2);
  private static final Duration ANSWERING = Duration.ofSeconds(5);

  /** Redis works through commands one by one: more connections than this only wait in a queue. */
  private static final int MOST = 32;

  private final String server;
  private final ConnectionPool pool;
  private volatile boolean closed;

  private RedisConnections(String server, ConnectionPool pool) {
    this.server = server;
    this.pool = pool;
  }

  /**
   * Connects.
   *
   * @param server that {@link RedisStorage#open} has checked
   */
  static RedisConnections open(URI server, int database) {
    int port = server.getPort() < 0 ? 6379 : server.getPort();
    // RESP2, which every release speaks unasked; the server need not know which client this is.
    DefaultJedisClientConfig.Builder client =
        DefaultJedisClientConfig.builder()
            .autoNegotiateProtocol(false)
            .clientSetInfoConfig(ClientSetInfoConfig.DISABLED)
            .connectionTimeoutMillis((int) CONNECTING.toMillis())
            .socketTimeoutMillis((int) ANSWERING.toMillis())
            .database(database);
    if (server.getScheme().equals("rediss")) {
      // Checks the certificate, the host's name in it too, with what the JVM trusts.
      client.sslOptions(SslOptions.defaults());
    }
    String userInfo = server.getUserInfo();
    if (userInfo != null) {
      int colon = userInfo.indexOf(':');
      client.password(userInfo.substring(colon + 1));
      if (colon > 0) {
        client.user(userInfo.substring(0, colon));
      }
    }
    GenericObjectPoolConfig<Connection> settings = new GenericObjectPoolConfig<>();
    settings.setMaxTotal(MOST);
    settings.setMaxIdle(MOST);
    settings.setMaxWait(ANSWERING);
    settings.setJmxEnabled(false);
    HostAndPort address = new HostAndPort(server.getHost(), port);
    RedisConnections connections =
        new RedisConnections(
            address.toString(), new ConnectionPool(address, client.build(), settings));
    try {
      connections.call(RedisScript.bytes("PING"));
    } catch (RuntimeException e) {
      connections.close();
      throw e;
    }
    return connections;
  }

  /** {@link #callAll} with one command. */
  @Nullable Object call(byte[]... command) {
    return callAll(List.<byte[][]>of(command)).get(0);
  }

  /** {@link #call} with a script, which only reads. */
  @Nullable Object call(RedisScript script, List<byte[]> arguments) {
    try {
      return call(script.command(true, List.of(), arguments));
    } catch (MlInfraException e) {
      if (e.getCause() instanceof JedisNoScriptException) {
        return call(script.command(false, List.of(), arguments));
      }
      throw e;
    }
  }

  /**
   * Sends commands, each with its name first, and gives their answers, in one round trip. Sends all
   * of them once more where the connection broke: only for what may be done twice.
   */
  List<@Nullable Object> callAll(List<byte[][]> commands) {
    for (boolean again = true; ; again = false) {
      boolean connected = false;
      try (Connection connection = borrow()) {
        connected = true;
        return pipeline(connection, commands);
      } catch (JedisException e) {
        if (!again || !connected || !isStale(e)) {
          throw failed("", e);
        }
        forgetIdle();
      }
    }
  }

  private static List<@Nullable Object> pipeline(Connection connection, List<byte[][]> commands) {
    for (byte[][] command : commands) {
      send(connection, command);
    }
    List<@Nullable Object> answers = connection.getMany(commands.size());
    for (Object answer : answers) {
      if (answer instanceof JedisDataException refused) {
        throw refused;
      }
    }
    return answers;
  }

  /**
   * Runs a script, once.
   *
   * @param patience how long it may take
   * @return its number
   */
  long run(RedisScript script, List<byte[]> keys, List<byte[]> arguments, Duration patience) {
    boolean sent = false;
    try (Connection connection = borrowLive()) {
      connection.setSoTimeout((int) patience.toMillis());
      sent = true;
      try {
        return answer(connection, script, keys, arguments);
      } finally {
        if (!connection.isBroken()) {
          connection.setSoTimeout((int) ANSWERING.toMillis());
        }
      }
    } catch (JedisDataException e) {
      throw failed("", e);
    } catch (JedisException e) {
      throw failed(sent ? "; it is not known whether the change was made" : "", e);
    }
  }

  private static long answer(
      Connection connection, RedisScript script, List<byte[]> keys, List<byte[]> arguments) {
    try {
      send(connection, script.command(true, keys, arguments));
      return (Long) connection.getOne();
    } catch (JedisNoScriptException e) {
      send(connection, script.command(false, keys, arguments));
      return (Long) connection.getOne();
    }
  }

  private static void send(Connection connection, byte[][] command) {
    connection.sendCommand(() -> command[0], Arrays.copyOfRange(command, 1, command.length));
  }

  private Connection borrow() {
    if (closed) {
      throw new IllegalStateException("the connections to Redis at " + server + " are closed");
    }
    return pool.getResource();
  }

  /**
   * A connection that the server still knows: a change that met a dead one could not be retried.
   */
  private Connection borrowLive() {
    Connection connection = borrow();
    try {
      connection.ping();
      return connection;
    } catch (JedisException e) {
      connection.close();
      if (!isStale(e)) {
        throw e;
      }
      forgetIdle();
      return borrow();
    }
  }

  /** Whether a connection was likely one from before a restart of the server. */
  private static boolean isStale(JedisException e) {
    return e instanceof JedisConnectionException
        && !(e.getCause() instanceof SocketTimeoutException);
  }

  /** Those that nobody uses have seen the same restart. */
  private void forgetIdle() {
    if (!closed) {
      pool.clear();
    }
  }

  private MlInfraException failed(String known, JedisException e) {
    List<String> reasons = new ArrayList<>();
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      String reason = cause.getMessage();
      if (reason != null && reasons.stream().noneMatch(said -> said.contains(reason))) {
        reasons.add(reason);
      }
    }
    return new MlInfraException(
        ErrorCode.IO_FAILED, "Redis at " + server + ": " + String.join(": ", reasons) + known, e);
  }

  /** How the server is called in messages: host and port. */
  @Override
  public String toString() {
    return server;
  }

  @Override
  public void close() {
    closed = true;
    pool.close();
  }
}
