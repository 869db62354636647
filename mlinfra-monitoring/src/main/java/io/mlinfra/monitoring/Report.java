package io.mlinfra.monitoring;

import java.nio.file.Path;

/** What people look at: one self-contained HTML page. Immutable and thread-safe. */
public final class Report {
  private Report() {}

  public static Builder titled(String title) {
    return new Builder();
  }

  public String toHtml() {
    throw new UnsupportedOperationException();
  }

  /** Writes the page so that a reader sees the old file or the new one, never half. */
  public Path write(Path file) {
    throw new UnsupportedOperationException();
  }

  /** Collects the parts of a page, in order. Not thread-safe. */
  public static final class Builder {
    private Builder() {}

    public Builder add(Profile profile) {
      return this;
    }

    public Builder add(String heading, Profile profile) {
      return this;
    }

    public Builder add(DriftReport drift) {
      return this;
    }

    public Builder add(String heading, DriftReport drift) {
      return this;
    }

    /** A part of the caller's own; the HTML is taken as it is. */
    public Builder section(String heading, String html) {
      return this;
    }

    /** A key number for the head of the page. */
    public Builder metric(String name, double value) {
      return this;
    }

    /** A key figure for the head of the page. */
    public Builder metric(String name, String value) {
      return this;
    }

    public Report build() {
      return new Report();
    }
  }
}
