package io.mlinfra.registry;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * The process that writes a run's log.
 *
 * @param host its machine
 * @param pid its number there, which another process may get once it is gone
 * @param started when it started, in milliseconds since 1970; 0 where the platform does not tell
 */
record Owner(String host, long pid, long started) {
  /**
   * The start of a process is told in whole seconds since the machine's, and the clock may have
   * been set a little since.
   */
  private static final long SAME_START_MILLIS = 5_000;

  /** This process. */
  static Owner here() {
    ProcessHandle process = ProcessHandle.current();
    return new Owner(thisHost(), process.pid(), started(process));
  }

  private static long started(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  /** Whether the process is known to be gone; of one on another host nothing is known. */
  boolean isGone() {
    if (!host.equals(thisHost())) {
      return false;
    }
    Optional<ProcessHandle> process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    if (process.isEmpty()) {
      return true;
    }
    long now = started(process.get());
    return started != 0 && now != 0 && Math.abs(now - started) > SAME_START_MILLIS;
  }

  void put(ObjectNode json) {
    json.put("host", host);
    json.put("pid", pid);
    json.put("started", started);
  }

  static Owner read(Fields fields) {
    return new Owner(fields.text("host"), fields.size("pid"), fields.size("started"));
  }

  // The file and the variables first: asking for the own address may take seconds.
  private static String thisHost() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException | RuntimeException e) {
      Map<String, String> variables = System.getenv();
      for (String name : new String[] {"COMPUTERNAME", "HOSTNAME"}) {
        String value = variables.get(name);
        if (value != null && !value.isEmpty()) {
          return value;
        }
      }
      try {
        return InetAddress.getLocalHost().getHostName();
      } catch (IOException unknown) {
        return "unknown";
      }
    }
  }
}
