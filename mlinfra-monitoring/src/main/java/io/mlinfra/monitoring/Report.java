package io.mlinfra.monitoring;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import io.mlinfra.core.ErrorCode;
import io.mlinfra.core.MlInfraException;
import io.mlinfra.core.text.Format;
import io.mlinfra.core.text.Html;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/**
 * What people look at: one HTML page with everything in it. It loads nothing and runs no script,
 * and follows the reader's choice of light or dark. Immutable and thread-safe.
 *
 * <pre>{@code
 * Report.titled("Flights in March")
 *     .metric("AUC", 0.74)
 *     .add(DriftTest.defaults().compare(february, march))
 *     .add(march)
 *     .write(Path.of("flights.html"));
 * }</pre>
 */
public final class Report {
  private final String html;

  private Report(String html) {
    this.html = html;
  }

  /** A report under construction. */
  public static Builder titled(String title) {
    return new Builder(title);
  }

  /** The page. */
  public String toHtml() {
    return html;
  }

  /**
   * Writes the page, so that whoever opens the file sees the whole new page or what was there
   * before.
   *
   * @param file to write or replace; its folder must exist
   * @return {@code file}
   * @throws MlInfraException {@link ErrorCode#IO_FAILED} if that fails; the file is then as it was
   */
  public Path write(Path file) {
    Path target = file.toAbsolutePath();
    Path folder = Objects.requireNonNull(target.getParent(), "a file has a folder");
    try {
      // In the same folder, because only within one file system a file moves in one step.
      Path draft = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".part");
      try {
        try (FileChannel out = FileChannel.open(draft, CREATE_NEW, WRITE)) {
          ByteBuffer bytes = ByteBuffer.wrap(html.getBytes(StandardCharsets.UTF_8));
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
          out.force(true);
        }
        Files.move(
            draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(draft);
      }
      return file;
    } catch (IOException e) {
      throw new MlInfraException(
          ErrorCode.IO_FAILED, "the report '" + file + "' could not be written: " + e, e);
    }
  }

  @Override
  public String toString() {
    return "Report[" + html.length() + " characters]";
  }

  /** Collects the parts of a page, in order; metrics stand at its head. Not thread-safe. */
  public static final class Builder {
    private final String title;
    private final Map<String, String> metrics = new LinkedHashMap<>();
    private final Html body = new Html();

    private Builder(String title) {
      this.title = Objects.requireNonNull(title, "title");
    }

    /** Adds a profile under the heading "Profile". */
    public Builder add(Profile profile) {
      return add("Profile", profile);
    }

    /** Adds a profile. */
    public Builder add(String heading, Profile profile) {
      heading(heading).add(ProfileHtml.of(profile));
      return this;
    }

    /** Adds a comparison under the heading "Drift". */
    public Builder add(DriftReport drift) {
      return add("Drift", drift);
    }

    /** Adds a comparison. */
    public Builder add(String heading, DriftReport drift) {
      heading(heading).add(DriftHtml.of(drift));
      return this;
    }

    /**
     * Adds a part of the caller's own.
     *
     * @param html taken as it is, so the caller escapes what comes from data; the page's policy
     *     keeps it from loading or running anything
     */
    public Builder section(String heading, String html) {
      heading(heading).markup("<div class=\"box own\">\n" + html + "\n</div>\n");
      return this;
    }

    /** Adds a key number to the head of the page; replaces one of the same name. */
    public Builder metric(String name, double value) {
      return metric(name, Format.number(value));
    }

    /** Adds a key figure to the head of the page; replaces one of the same name. */
    public Builder metric(String name, String value) {
      metrics.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    private Html heading(String heading) {
      return body.markup("<h2>{}</h2>\n", heading);
    }

    public Report build() {
      Html page = new Html().markup("<h1>{}</h1>\n", title);
      if (!metrics.isEmpty()) {
        page.markup("<dl class=\"facts\">\n");
        metrics.forEach((name, value) -> DriftHtml.fact(page, "", name, value));
        page.markup("</dl>\n");
      }
      return new Report(Page.page(title, page.add(body)));
    }

    /** The page as it stands; {@link Report#toHtml} of {@link #build}. */
    public String toHtml() {
      return build().toHtml();
    }

    /** Writes the page as it stands; {@link Report#write} of {@link #build}. */
    public Path write(Path file) {
      return build().write(file);
    }
  }
}
